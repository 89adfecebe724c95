#include "host/hook_port.hpp"

#include <array>
#include <utility>

#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

namespace {

constexpr std::array<Point, static_cast<std::size_t>(broker::Action::count)> points{
    Point::publish, Point::subscribe, Point::receive, Point::will, Point::retain};

}  // namespace

HookPort::HookPort(Innards& inside, std::uint32_t loops) : in_{inside}, turns_(loops) {
  for (Turn& turn : turns_) {
    turn.set = inside.board.newest();
    turn.batch = std::make_shared<EventBatch>();
  }
}

std::shared_ptr<const HookSet> HookPort::set_of_this_thread() const {
  return loop_of_this_thread_ < turns_.size() ? turns_[loop_of_this_thread_].set : in_.board.newest();
}

void HookPort::begin_turn(std::uint32_t loop) {
  loop_of_this_thread_ = loop;
  Turn& turn = turns_[loop];
  if (in_.board.version() == turn.set->version) return;
  turn.set = in_.board.newest();
  in_.board.passed(loop, turn.set->version);
}

void HookPort::end_turn(std::uint32_t loop) {
  loop_of_this_thread_ = MORTISE_NO_LOOP;
  Turn& turn = turns_[loop];
  if (!turn.batch->empty()) show_events(turn, loop);
  if (turn.forgotten.empty()) return;
  for (const std::uint64_t plugin_data : std::exchange(turn.forgotten, {})) in_.forget(plugin_data);
}

void HookPort::show_events(Turn& turn, std::uint32_t loop) {
  bool shared = false;
  for (const HookSet::Observer& observer : turn.set->observers) {
    Instance& instance = *observer.instance;
    const auto call = [&instance, loop](const EventBatch& batch, const HookSet::Observer& to, bool on_loop) {
      batch.show(to, [&](std::span<const mortise_event_t* const> events) {
        mortise_call_t raw = instance.quiet_call(nullptr);
        if (on_loop) raw.loop = loop;
        instance.asked(HookAccount::observe, raw.loop, [&] {
          return instance.guarded("observe.events", 0, [&] {
            return instance.manifest.observe->events(instance.self, &raw, events.data(), events.size()), 0;
          });
        });
      });
    };
    if (!instance.on_strand()) {
      call(*turn.batch, observer, true);
      continue;
    }
    shared = true;
    const bool posted = instance.strand.post(
        [call, batch = turn.batch, set = turn.set, &observer] { call(*batch, observer, false); });
    if (!posted) instance.fault("observe.events", "its strand is too far behind, events were left out");
  }
  // What a strand was given is its own from then on: use_count() would tell that it is done with it, but
  // orders nothing before this thread's writes.
  if (shared)
    turn.batch = std::make_shared<EventBatch>();
  else
    turn.batch->clear();
}

broker::Answer HookPort::accept(const broker::ClientFacts& peer, base::Now now) {
  return in_.decisions.ask({Point::accept, &peer, nullptr, nullptr, nullptr}, {peer.loop, {}, 0},
                           turns_[peer.loop].set, now);
}

broker::Answer HookPort::intercept_connect(const broker::ClientFacts& client, const mqtt::Connect& connect,
                                           broker::Question question, base::Now now) {
  return in_.decisions.ask({Point::intercept_connect, &client, &connect, nullptr, nullptr}, question,
                           turns_[client.loop].set, now);
}

broker::Answer HookPort::authenticate(const broker::ClientFacts& client, const mqtt::Connect& connect,
                                      broker::Question question, base::Now now) {
  return in_.decisions.ask({Point::authenticate, &client, &connect, nullptr, nullptr}, question,
                           turns_[client.loop].set, now);
}

broker::Answer HookPort::exchange(const broker::ClientFacts& client, const broker::Exchange& step,
                                  broker::Question question, base::Now now) {
  return in_.decisions.ask({Point::exchange, &client, nullptr, &step, nullptr}, question,
                           turns_[client.loop].set, now);
}

broker::Answer HookPort::authorise(const broker::ClientFacts& client, const broker::Access& access,
                                   broker::Question question, base::Now now) {
  question.loop = client.loop;  // a question nobody may answer later comes without
  const Point point = points[static_cast<std::size_t>(access.action)];
  return in_.decisions.ask({point, &client, nullptr, nullptr, &access}, question, turns_[client.loop].set,
                           now);
}

broker::Answer HookPort::intercept_publish(const broker::ClientFacts& client,
                                           const broker::MessageRef& message, broker::Question question,
                                           base::Now now) {
  question.loop = client.loop;
  const broker::Access access{broker::Action::publish, message->topic(), message.get(), message->qos()};
  return in_.decisions.ask({Point::intercept, &client, nullptr, nullptr, &access}, question,
                           turns_[client.loop].set, now);
}

broker::Answer HookPort::intercept_will(const broker::ClientFacts& client, const broker::MessageRef& message,
                                        base::Now now) {
  const broker::Access access{broker::Action::will, message->topic(), message.get(), message->qos()};
  return in_.decisions.ask({Point::intercept_will, &client, nullptr, nullptr, &access}, {client.loop, {}, 0},
                           turns_[client.loop].set, now);
}

void HookPort::cancel(const broker::Question& question) { in_.decisions.cancel(question); }

void HookPort::kept(std::uint32_t, std::uint64_t ticket) {
  in_.roster.at(PublishQueue::owner_of(ticket)).publishing.kept(ticket);
}

void HookPort::forget(std::uint32_t loop, std::uint64_t plugin_data) {
  turns_[loop].forgotten.push_back(plugin_data);
}

void HookPort::happened(const broker::Event& event, std::uint32_t loop, base::Now now) {
  turns_[loop].batch->add(event, now.wall);
}

}  // namespace mortise::host
