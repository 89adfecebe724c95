#include "host/decisions.hpp"

#include <algorithm>

#include "broker/broker.hpp"
#include "host/abi_text.hpp"
#include "host/hops.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"
#include "host/views.hpp"
#include "mqtt/topic.hpp"

namespace mortise::host {

namespace {

using broker::Answer;
using broker::Decision;

// The links of a chain in the order they are asked: as sorted, or as the listener lists its authenticators.
class Order {
 public:
  Order(const std::vector<HookSet::Link>& chain, const Asked& asked) : chain_{chain} {
    const broker::Listener* listener = asked.client->listener;
    if (!is_login(asked.point) || !listener || listener->authenticators.empty()) return;
    listed_ = true;
    for (const std::string& name : listener->authenticators)
      for (const auto& link : chain)
        if (link.what.instance->name() == name) chosen_.push_back(&link);
  }
  std::size_t size() const noexcept { return listed_ ? chosen_.size() : chain_.size(); }
  const HookSet::Link& operator[](std::size_t i) const noexcept { return listed_ ? *chosen_[i] : chain_[i]; }

 private:
  const std::vector<HookSet::Link>& chain_;
  std::vector<const HookSet::Link*> chosen_;
  bool listed_ = false;
};

constexpr bool changes_message(Point point) noexcept {
  return point == Point::intercept || point == Point::intercept_will;
}

bool is_concerned(const Attachment& what, const Asked& asked) {
  if (what.filters.empty() || !asked.access) return true;
  return asked.point == Point::subscribe ? what.overlaps(mqtt::split_shared(asked.access->topic).filter)
                                         : what.wants(asked.access->topic);
}

mortise_call_t call_on(std::uint32_t loop, base::TimePoint now, CallContext& context) {
  mortise_call_t call{};
  call.size = sizeof call;
  call.loop = loop;
  call.now_ns = static_cast<std::uint64_t>(now.time_since_epoch().count());
  call.context = &context;
  return call;
}

constexpr std::size_t index_of(Point point) noexcept { return static_cast<std::size_t>(point); }

std::uint32_t action_of(Point point) {
  switch (point) {
    case Point::subscribe: return MORTISE_SUBSCRIBE;
    case Point::receive: return MORTISE_RECEIVE;
    case Point::will: return MORTISE_WILL;
    case Point::retain: return MORTISE_RETAIN;
    default: return MORTISE_PUBLISH;
  }
}

Said as_fallback() { return {}; }

Answer later() {
  Answer answer;
  answer.decision = Decision::pending;
  return answer;
}

mortise_answer_t call_connect(const Instance& instance, mortise_call_t& call, const Asked& asked,
                              base::WallTime now) {
  const auto function = asked.point == Point::intercept_connect ? instance.manifest.intercept->connect
                                                                : instance.manifest.authenticate->connect;
  if (!function) return MORTISE_PASS;
  const ConnectView connect{*asked.client, *asked.connect, now};
  return function(instance.self, &call, connect.get());
}

mortise_answer_t call_exchange(const Instance& instance, mortise_call_t& call, const Asked& asked,
                               ClientView& client, base::WallTime now) {
  const mortise_authenticate_t& table = *instance.manifest.authenticate;
  if (!MORTISE_HAS(&table, exchange) || !table.exchange) return MORTISE_PASS;
  mortise_exchange_t exchange{};
  exchange.size = sizeof exchange;
  exchange.method = abi_str(asked.exchange->method);
  exchange.data = abi_bytes(asked.exchange->data);
  std::optional<ConnectView> connect;
  if (asked.exchange->connect)
    exchange.connect = connect.emplace(*asked.client, *asked.exchange->connect, now).get();
  else
    exchange.client = client.for_instance(instance);
  return table.exchange(instance.self, &call, &exchange);
}

mortise_answer_t call_intercept(const Instance& instance, mortise_call_t& call, const Asked& asked,
                                ClientView& client, base::WallTime now) {
  const mortise_intercept_t& table = *instance.manifest.intercept;
  const mortise_message_view_t message = view_of(*asked.access->message, now);
  const Hops hops{Hops::after(asked.access->message)};
  const auto function = asked.point == Point::intercept_will ? table.will : table.publish;
  return function(instance.self, &call, client.for_instance(instance), &message);
}

// The function of the plugin behind a question, with views made for it.
mortise_answer_t call_plugin(const Instance& instance, mortise_call_t& call, const Asked& asked,
                             ClientView& client, base::WallTime now) {
  if (asked.connect) return call_connect(instance, call, asked, now);
  if (asked.exchange) return call_exchange(instance, call, asked, client, now);
  if (asked.point == Point::accept)
    return instance.manifest.accept->accept(instance.self, &call, client.peer());
  if (changes_message(asked.point)) return call_intercept(instance, call, asked, client, now);
  mortise_access_t access{};
  access.size = sizeof access;
  access.action = action_of(asked.point);
  access.client = client.for_instance(instance);
  mortise_message_view_t message;
  if (asked.access->message) {
    message = view_of(*asked.access->message, now);
    access.message = &message;
  }
  std::optional<SubscriptionView> subscription;
  access.topic = abi_str(asked.access->topic);
  if (asked.point == Point::subscribe) {
    subscription.emplace(asked.access->topic, asked.access->qos);
    access.subscription = subscription->get();
    access.topic = access.subscription->filter;
  }
  const Hops hops{Hops::after(asked.access->message)};
  return instance.manifest.authorise->check(instance.self, &call, &access);
}

}  // namespace

// One walk along a chain.
struct Decisions::Turn {
  Asked asked;
  const Order& order;
  broker::Question question;
  base::Now now;
  const std::shared_ptr<const HookSet>& set;
  ClientView& client;
  std::shared_ptr<SavedQuestion> saved;  // made by the first plugin that answers later
  broker::MessageRef changed{};          // what has come of the message; none: it is as it was
  broker::Access access{};               // about that
  std::size_t from = 0;                  // see SavedQuestion
  std::vector<std::string> done{};

  const std::shared_ptr<SavedQuestion>& save(std::size_t place) {
    if (!saved) {
      saved = std::make_shared<SavedQuestion>(asked, question, set);
      saved->is_changed = static_cast<bool>(changed);
      saved->from = from;
      saved->done = done;
    }
    saved->place = place;
    return saved;
  }
  // Takes up where a saved question stopped.
  void resume(const SavedQuestion& before) {
    if (before.is_changed) changed = share(*asked.access->message);
    from = before.from;
    done = before.done;
  }
  // Those from place `from` on who have been asked up to `end`.
  void note_done(std::size_t end) {
    for (; from < end; ++from)
      if (is_concerned(order[from].what, asked)) done.push_back(order[from].what.instance->name());
  }
  void change(std::size_t place, broker::MessageRef message) {
    note_done(place + 1);
    saved.reset();  // somebody may still be looking at it, with the message as it was
    changed = std::move(message);
    access = *asked.access;
    access.topic = changed->topic();
    access.message = changed.get();
    access.qos = changed->qos();
    asked.access = &access;
  }
};

mortise_answer_t reply_in(mortise_call_t* call, mortise_answer_t answer,
                          const mortise_verdict_t* verdict) noexcept {
  CallContext& context = CallContext::of(call);
  context.said = copy_said(answer, verdict);
  return MORTISE_REPLIED;
}

mortise_status_t defer_in(mortise_call_t* call, std::uint32_t deadline_ms, mortise_token_t* token) noexcept {
  CallContext& context = CallContext::of(call);
  if (!token) return MORTISE_E_INVALID;
  if ((context.point && !can_wait(*context.point)) || context.token_is_taken) return MORTISE_E_STATE;
  Innards& in = context.instance->in;
  if (context.token.id == 0) {
    if (in.tokens.open_of(*context.instance) >= in.options.open_tokens_max) return MORTISE_E_LIMIT;
    context.token = in.tokens.open(*context.instance, context.deadline);
  }
  const base::TimePoint wished =
      deadline_ms == 0 ? base::TimePoint::max() : monotonic_now() + std::chrono::milliseconds{deadline_ms};
  if (!in.tokens.give(context.token, wished)) return MORTISE_E_LATE;
  context.token_is_taken = true;
  *token = context.token;
  return MORTISE_OK;
}

Answer Decisions::ask(const Asked& asked, broker::Question question,
                      const std::shared_ptr<const HookSet>& set, base::Now now) {
  const Order order{set->chain(asked.point), asked};
  ClientView client{*asked.client};
  Turn turn{asked, order, question, now, set, client, nullptr};
  return ask_from(0, turn);
}

bool Decisions::was_asked(const Link& link, std::size_t place, const Turn& turn) {
  if (!turn.done.empty() && std::ranges::find(turn.done, link.what.instance->name()) != turn.done.end())
    return true;
  if (!link.repeats) return false;
  for (std::size_t i = turn.from; i < place; ++i)
    if (turn.order[i].what.instance == link.what.instance && is_concerned(turn.order[i].what, turn.asked))
      return true;
  return false;
}

// Whether the next one is asked after this answer.
bool Decisions::leads_on(Answer& answer, std::size_t place, Turn& turn) {
  if (answer.decision == Decision::pass) return true;
  if (!changes_message(turn.asked.point)) return false;
  if (answer.decision == Decision::change) turn.change(place, std::move(answer.message));
  return answer.decision == Decision::change || answer.decision == Decision::allow;  // that is a fallback
}

Answer Decisions::ask_from(std::size_t place, Turn& turn) {
  for (; place < turn.order.size(); ++place) {
    const Link& link = turn.order[place];
    if (!is_concerned(link.what, turn.asked) || !link.what.instance->is(State::running)) continue;
    if (was_asked(link, place, turn)) continue;
    std::optional<Answer> answer = ask_one(link, place, turn);
    if (answer && !leads_on(*answer, place, turn)) return std::move(*answer);
  }
  Answer passed;
  if (turn.changed) {
    passed.decision = Decision::change;
    passed.message = std::move(turn.changed);
  }
  return passed;
}

std::optional<Answer> Decisions::ask_one(const Link& link, std::size_t place, Turn& turn) {
  Instance& instance = *link.what.instance;
  if (instance.on_strand()) {
    ask_on_strand(link, place, turn);
    return later();
  }
  CallContext context{instance, turn.asked.point};
  context.deadline = turn.now.monotonic + link.what.deadline;
  mortise_call_t raw = call_on(turn.question.loop, turn.now.monotonic, context);
  const mortise_answer_t answer = call(link, raw, turn);
  if (answer == MORTISE_PENDING) return wait(link, place, context, turn);
  if (context.token.id != 0) in_.tokens.abandon(context.token);
  if (answer == MORTISE_PASS) return {};
  if (answer == MORTISE_REPLIED && context.said)
    return understand(link, turn.asked.point, std::move(*context.said));
  Said said;
  said.answer = answer;
  return understand(link, turn.asked.point, std::move(said));
}

mortise_answer_t Decisions::call(const Link& link, mortise_call_t& raw, Turn& turn) {
  Instance& instance = *link.what.instance;
  return instance.asked(index_of(turn.asked.point), turn.question.loop, [&] {
    return instance.guarded(name_of(turn.asked.point), mortise_answer_t{MORTISE_FALLBACK}, [&] {
      return call_plugin(instance, raw, turn.asked, turn.client, turn.now.wall);
    });
  });
}

Answer Decisions::wait(const Link& link, std::size_t place, CallContext& context, Turn& turn) {
  Instance& instance = *link.what.instance;
  if (!context.token_is_taken) {
    instance.fault(name_of(turn.asked.point), "PENDING without a token");
    return understand(link, turn.asked.point, as_fallback());
  }
  instance.hook_account.row(index_of(turn.asked.point), turn.question.loop).deferred.add(1);
  const auto saved = turn.save(place);
  std::optional<Said> early =
      in_.tokens.commit(context.token, [this, saved, token = context.token](Settled how, Said said) {
        settled(saved, token, how, std::move(said));
      });
  if (!early) {
    waiting_[turn.question.loop].tokens[turn.question.client.value()] = context.token;
    return later();
  }
  return understand(link, turn.asked.point, std::move(*early));
}

// The token is the host's until the plugin asks for it in turn.
void Decisions::ask_on_strand(const Link& link, std::size_t place, Turn& turn) {
  Instance& instance = *link.what.instance;
  instance.hook_account.row(index_of(turn.asked.point), turn.question.loop).deferred.add(1);
  const auto saved = turn.save(place);
  const mortise_token_t token = in_.tokens.open(instance, turn.now.monotonic + link.what.deadline);
  waiting_[turn.question.loop].tokens[turn.question.client.value()] = token;
  in_.tokens.commit(
      token, [this, saved, token](Settled how, Said said) { settled(saved, token, how, std::move(said)); });
  const bool posted = instance.strand.post([this, saved, token, &instance] {
    if (!in_.tokens.is_open(token)) return;  // too late, or its client has gone, while it waited
    CallContext context{instance, saved->asked().point};
    context.token = token;
    mortise_call_t raw = instance.quiet_call(&context);
    ClientView client{*saved->asked().client};
    const mortise_answer_t answer = instance.asked(index_of(saved->asked().point), MORTISE_NO_LOOP, [&] {
      return instance.guarded(name_of(saved->asked().point), mortise_answer_t{MORTISE_FALLBACK},
                              [&] { return call_plugin(instance, raw, saved->asked(), client, in_.wall()); });
    });
    if (answer == MORTISE_PENDING && context.token_is_taken) return;
    if (answer == MORTISE_PENDING) instance.fault(name_of(saved->asked().point), "PENDING without a token");
    Said said;
    said.answer = answer == MORTISE_PENDING ? mortise_answer_t{MORTISE_FALLBACK} : answer;
    if (answer == MORTISE_REPLIED && context.said) said = std::move(*context.said);
    in_.tokens.answer(instance, token, std::move(said));
  });
  if (!posted) {
    instance.fault(name_of(turn.asked.point), "its strand is too far behind");
    in_.tokens.answer(instance, token, as_fallback());
  }
}

Answer Decisions::understand(const Link& link, Point point, Said said) {
  Instance& instance = *link.what.instance;
  if (said.answer != MORTISE_FALLBACK) {
    const std::uint64_t word = said.client_data;
    Judged judged = judge(point, said, instance.name());
    if (!judged.fault) {
      if (is_login(point) && judged.answer.decision == Decision::allow)
        judged.answer.plugin_data = in_.client_data.keep(instance, word);
      if (judged.answer.decision == Decision::change) judged.answer.message = fresh_message(instance, said);
      if (judged.answer.decision == Decision::drop) in_.losses.count_message(said.loss);
      if (judged.answer.decision == Decision::deny && point == Point::accept)
        in_.losses.count_connection(said.loss);
      return std::move(judged.answer);
    }
    instance.fault(name_of(point), judged.fault);
  }
  Answer fallback;
  fallback.decision = link.what.fallback;
  if (fallback.decision == Decision::deny) {
    fallback.by = instance.name();
    fallback.rule = "fallback";
    if (point == Point::accept) in_.losses.count_connection(0);
  }
  return fallback;
}

// ---- later

void Decisions::cancel(const broker::Question& question) {
  auto& tokens = waiting_[question.loop].tokens;
  const auto found = tokens.find(question.client.value());
  if (found == tokens.end()) return;
  const mortise_token_t token = found->second;
  tokens.erase(found);
  in_.tokens.cancel(token);  // nothing happens if its answer is on its way here: that finds no client
}

void Decisions::settled(const std::shared_ptr<SavedQuestion>& saved, mortise_token_t token, Settled how,
                        Said said) {
  if (how.why == Settled::client_gone) return say_cancelled(*saved, token, how);  // on the client's loop
  Loops* const loops = in_.loops.load();
  if (!loops) {
    if (how.why == Settled::drained) say_cancelled(*saved, token, how);  // at the end, by the control thread
    return;
  }
  loops->post(saved->question.loop, [this, saved, token, how,
                                     kept = std::make_shared<Said>(std::move(said))](broker::Broker& broker) {
    auto& tokens = waiting_[saved->question.loop].tokens;
    const auto waiting = tokens.find(saved->question.client.value());
    if (waiting != tokens.end() && waiting->second.id == token.id) tokens.erase(waiting);
    if (how.why != Settled::answered) say_cancelled(*saved, token, how);
    go_on(saved, how, std::move(*kept), broker);
  });
}

void Decisions::say_cancelled(const SavedQuestion& saved, mortise_token_t token, Settled how) {
  const Asked& asked = saved.asked();
  Instance& instance = *Order{saved.set->chain(asked.point), asked}[saved.place].what.instance;
  if (!how.given || !instance.manifest.life->cancelled || !instance.is_open()) return;
  const std::uint32_t why = how.why == Settled::client_gone ? MORTISE_CANCEL_CLIENT_GONE
                            : how.why == Settled::expired   ? MORTISE_CANCEL_DEADLINE
                                                            : MORTISE_CANCEL_DRAIN;
  const auto tell = [&instance, token, why] {
    instance.guarded("cancelled", [&] { instance.manifest.life->cancelled(instance.self, token, why); });
  };
  if (instance.on_strand())
    instance.strand.post_always(tell);  // no more of them than there are open tokens
  else
    tell();
}

void Decisions::go_on(const std::shared_ptr<SavedQuestion>& saved, Settled how, Said said,
                      broker::Broker& broker) {
  const Asked& asked = saved->asked();
  const Link& link = Order{saved->set->chain(asked.point), asked}[saved->place];
  Instance& instance = *link.what.instance;
  Answer answer = ask_the_rest(saved, understand(link, asked.point, std::move(said)),
                               how.why == Settled::answered || how.why == Settled::expired);
  if (answer.decision == Decision::pending) return;
  const std::uint64_t plugin_data = answer.plugin_data;
  if (broker.on_answer(saved->question, std::move(answer))) return;
  // Nobody waits any more: the client has gone.
  instance.late_answers.fetch_add(1, std::memory_order_relaxed);
  if (plugin_data != 0) in_.forget(plugin_data);
}

// What comes of the question after `answer`, of the one who owed it. `was_asked`: that was its own, or it had
// its time.
Answer Decisions::ask_the_rest(const std::shared_ptr<SavedQuestion>& saved, Answer answer, bool was_asked) {
  const Asked& asked = saved->asked();
  const Order order{saved->set->chain(asked.point), asked};
  ClientView client{*asked.client};
  const base::Now now{monotonic_now(), in_.wall()};
  Turn turn{asked, order, saved->question, now, saved->set, client, saved};
  turn.resume(*saved);
  if (!leads_on(answer, saved->place, turn)) return answer;
  const std::shared_ptr<const HookSet> newest = in_.board.newest();
  if (newest->version == saved->set->version) return ask_from(saved->place + 1, turn);
  // Who comes next in the old chain may have ended, and whoever took its place has not been asked. A question
  // whose answers change nothing is put to all again.
  const Order renewed{newest->chain(asked.point), asked};
  Turn again{turn.asked, renewed, saved->question, now, newest, client, nullptr};
  if (changes_message(asked.point)) {
    turn.note_done(saved->place + (was_asked ? 1 : 0));
    again.changed = turn.changed;
    again.done = std::move(turn.done);
  }
  return ask_from(0, again);
}

// The broker numbers what it takes, so that it must not be given the same message twice.
broker::MessageRef Decisions::fresh_message(Instance& instance, Said& said) {
  broker::MessageRef message = said.message.get()->message;
  const broker::Level level = in_.level_of(message->topic());
  if (said.message.get()->fresh.exchange(false) && message->level() == level) return message;
  broker::MessageParts parts = parts_of(*message);
  parts.level = level;
  return broker::Message::make(parts, instance.accounts);
}

}  // namespace mortise::host
