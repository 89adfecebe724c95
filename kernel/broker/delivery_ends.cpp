// The part of Delivery for what a session owes when its connection, or it itself, ends or begins again.
#include "broker/delivery.hpp"

namespace mortise::broker {

void Delivery::on_page(const Page& page) {
  Session* session = core_.sessions.find(SessionKey::from(page.read.session));
  if (!session || session->ended) return;
  paging_.put_back(*session, page);
  pump(*session);
}

void Delivery::note_readiness(Session& session) const {
  const Client* client = core_.clients.find(session.client);
  const Outbox& outbox = session.outbox;
  const bool full = outbox.size() >= core_.options.queue_messages_max ||
                    session.queued_bytes >= core_.options.queue_bytes_max;
  const bool waits = client && (!outbox.queued.empty() || client->in_flight >= client->quota);
  const Readiness now = full      ? Readiness::full
                        : !client ? Readiness::offline
                        : waits   ? Readiness::busy
                                  : Readiness::open;
  for (SharedMember* member : session.shared)
    if (member->readiness.load(std::memory_order_relaxed) != now)
      member->readiness.store(now, std::memory_order_relaxed);
}

void Delivery::hand_on(Session& session, bool ends,
                       const std::function<bool(const Waiting&, GroupKey)>& give) {
  const auto gives = [&](const Waiting& waiting) {
    const GroupKey group = session.origins.group_of(waiting.origin);
    if (!group || !waiting.message || waiting.message->is_stub()) return false;
    const bool was_sent = waiting.state == Waiting::State::sent;
    if (was_sent && (!ends || waiting.qos == mqtt::Qos::exactly_once)) return false;  // [MQTT-4.8.2-5]
    return (was_sent || waiting.state == Waiting::State::queued) && give(waiting, group);
  };
  auto& in_flight = session.outbox.in_flight;
  for (std::size_t i = 0; i < in_flight.size(); ++i) {
    if (!gives(in_flight[i])) continue;
    Waiting given = std::move(in_flight[i]);
    in_flight[i].position_low = given.position_low;
    in_flight[i].state = Waiting::State::done;
    drop(session, std::move(given), Dropped::handed_on);
  }
  base::Queue<Waiting> kept;
  while (!session.outbox.queued.empty()) {
    Waiting waiting = session.outbox.queued.pop();
    if (gives(waiting))
      drop(session, std::move(waiting), Dropped::handed_on);
    else
      kept.push(std::move(waiting));
  }
  session.outbox.queued = std::move(kept);
}

void Delivery::on_offline(Session& session) {
  base::Queue<Waiting> kept;
  while (!session.outbox.queued.empty()) {
    Waiting waiting = session.outbox.queued.pop();
    if (waiting.qos == mqtt::Qos::at_most_once)
      drop(session, std::move(waiting), Dropped::connection_lost);
    else
      kept.push(std::move(waiting));
  }
  session.outbox.queued = std::move(kept);
  session.paged_to = 0;
  tidy(session);
}

void Delivery::drop_all(Session& session) {
  Outbox& outbox = session.outbox;
  for (auto* queue : {&outbox.in_flight, &outbox.queued}) {
    while (!queue->empty()) {
      Waiting waiting = queue->pop();
      if (waiting.state != Waiting::State::done) drop(session, std::move(waiting), Dropped::session_ended);
    }
    queue->clear();  // an empty queue may still own memory
  }
  charge(session);
}

void Delivery::restore(Session& session, Waiting waiting, Position position) {
  core_.ledger.restored.add(1);
  core_.ledger.queued.add(1);
  session.queued_bytes += bytes_of(waiting);
  session.outbox.next_position = position + 1;
  waiting.position_low = static_cast<std::uint32_t>(position);
  // Below sent_to it may have been sent, and the client may still hold its identifier.
  if (position < session.sent_to) {
    if (waiting.state == Waiting::State::queued) waiting.state = Waiting::State::sent;
    session.outbox.in_flight.push(std::move(waiting));
  } else {
    session.outbox.queued.push(std::move(waiting));
  }
}

// ---- memory

void Delivery::shed_qos_0(Session& session) {
  base::Queue<Waiting>& queued = session.outbox.queued;
  for (std::size_t left = queued.size(); left > 0; --left) {  // once round: the others keep their order
    Waiting waiting = queued.pop();
    if (waiting.qos == mqtt::Qos::at_most_once)
      drop(session, std::move(waiting), Dropped::memory_shed);
    else
      queued.push(std::move(waiting));
  }
  tidy(session);
}

void Delivery::shed_oldest(Session& session, std::size_t count) {
  base::Queue<Waiting>& queued = session.outbox.queued;
  for (; count > 0 && !queued.empty(); --count) drop(session, queued.pop(), Dropped::memory_shed);
  tidy(session);
}

}  // namespace mortise::broker
