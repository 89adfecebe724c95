#include "broker/wills.hpp"

#include <algorithm>

#include "broker/rules.hpp"

namespace mortise::broker {

MessageRef Wills::make(const mqtt::Will& will, std::string_view client_id, std::string_view username) const {
  MessageParts parts;
  parts.topic = will.topic;
  parts.payload = will.payload;
  parts.raw_properties = will.properties.raw;
  parts.publisher = client_id;
  parts.username = username;
  parts.qos = will.qos;
  parts.retain = will.retain;
  parts.payload_is_utf8 = will.properties.payload_is_utf8;
  parts.received = core_.now.wall;
  parts.level = core_.has_store() ? core_.options.level_of(will.topic) : Level::memory;
  return Message::make(parts, core_.ledger.accounts);
}

Level Wills::keep(Session& session, const mqtt::Will& will, MessageRef message) {
  const Level of_message = message->level();
  session.will = std::make_unique<StoredWill>(session.key.value());
  StoredWill& kept = *session.will;
  kept.message = std::move(message);
  kept.delay_s = will.delay_s;
  kept.expiry_s = will.properties.message_expiry_s;
  // Of a session that ends with its connection only if the topic's class asks for it.
  const bool stored = core_.has_store() && (session.is_stored() || of_message != Level::memory);
  if (!stored || !holds(Rule::stored_will)) return Level::memory;
  // A number of its own: the erase of an earlier will of this session may still be under way.
  kept.record = core_.numbers.take();
  const Level level = session.is_stored() ? core_.options.session_store : of_message;
  commits_.add(record::Will{kept.record, session.client_id, kept.message, kept.delay_s, kept.expiry_s, 0},
               level);
  return level;
}

void Wills::cancel(Session& session, Level level) {
  if (!session.will) return;
  if (session.will->record != 0) {
    commits_.add(record::WillErase{session.will->record}, level);
    if (!session.is_stored()) remember(session.client_id);
  }
  session.will.reset();
}

void Wills::remember(std::string_view client_id) {
  if (taken_back_.size() >= look_through_at_) {
    std::erase_if(taken_back_, [&](const auto& entry) {
      return commits_.is_durable(entry.second, core_.options.session_store);
    });
    look_through_at_ = std::max(taken_back_least, 2 * taken_back_.size());
  }
  taken_back_.insert_or_assign(std::string{client_id}, commits_.open_ordinal());
}

Ordinal Wills::taken_back(std::string_view client_id) const {
  const auto found = taken_back_.find(client_id);
  return found == taken_back_.end() ? 0 : found->second;
}

void Wills::start(Session& session) {
  if (!session.will) return;
  StoredWill& will = *session.will;
  const std::uint32_t delay_s = std::min(will.delay_s, session.expiry_s);
  if (delay_s == 0) return fire(session);
  core_.deadlines.set(will.timer, core_.now.monotonic + std::chrono::seconds{delay_s});
  if (will.record != 0)
    commits_.ride(record::Will{will.record, session.client_id, will.message, will.delay_s, will.expiry_s,
                               base::to_unix_ms(core_.now.wall + std::chrono::seconds{delay_s})});
}

// Its message expiry interval begins when it is sent.
MessageRef Wills::as_sent(const MessageRef& message, std::optional<std::uint32_t> expiry_s) {
  MessageParts parts;
  parts.topic = message->topic();
  parts.payload = message->payload();
  parts.raw_properties = message->properties();
  parts.publisher = message->publisher();
  parts.username = message->username();
  parts.qos = message->qos();
  parts.retain = message->retain();
  parts.payload_is_utf8 = message->payload_is_utf8();
  parts.received = core_.now.wall;
  parts.level = message->level();
  if (expiry_s) parts.expires = core_.now.wall + std::chrono::seconds{*expiry_s};
  return Message::make(parts, core_.ledger.accounts);
}

// Whether there is one left, which may be another now.
bool Wills::intercept(Session& session, MessageRef& message) {
  Answer answer = core_.shared.hooks.intercept_will(core_.facts_of(session), message, core_.now);
  if (answer.decision == Decision::change && answer.message) message = std::move(answer.message);
  if (answer.decision != Decision::drop && answer.decision != Decision::deny) return true;
  core_.ledger.published.add(message->qos());
  core_.ledger.refuse(Refused::dropped_by_plugin);
  return false;
}

void Wills::fire(Session& session) {
  if (!session.will) return;
  const std::unique_ptr<StoredWill> will = std::move(session.will);
  std::vector<Record> facts;
  if (will->record != 0) facts.push_back(record::WillErase{will->record});
  MessageRef message = as_sent(will->message, will->expiry_s);
  if (core_.wanted().intercept_will && !intercept(session, message)) {
    for (Record& fact : facts) commits_.ride(std::move(fact));
    return;
  }
  if (core_.wanted().wants(EventKind::will_sent)) {
    const ClientFacts who = core_.facts_of(session);
    Event event;
    event.kind = EventKind::will_sent;
    event.client = &who;
    event.message = message.get();
    core_.shared.hooks.happened(event, core_.loop, core_.now);
  }
  send({std::move(message), std::move(facts)});
}

void Wills::send(Due due) {
  if (!due_.empty() || !publishing_.publish(due.message, std::move(due.facts)))
    due_.push_back(std::move(due));
}

void Wills::send_due() {
  std::size_t sent = 0;
  while (sent < due_.size() && publishing_.publish(due_[sent].message, std::move(due_[sent].facts))) ++sent;
  due_.erase(due_.begin(), due_.begin() + static_cast<std::ptrdiff_t>(sent));
}

void Wills::restore(Session& session, const record::Will& stored) {
  session.will = std::make_unique<StoredWill>(session.key.value());
  StoredWill& will = *session.will;
  will.message = stored.message;
  will.delay_s = stored.delay_s;
  will.expiry_s = stored.expiry_s;
  will.record = stored.session;
  if (stored.due_unix_ms == 0) return start(session);
  // Never longer than its whole delay, if store time fell back behind what was stored last.
  const base::Duration left = base::from_unix_ms(stored.due_unix_ms) - core_.now.wall;
  const base::Duration delay = std::chrono::seconds{std::min(will.delay_s, session.expiry_s)};
  core_.deadlines.set(will.timer, core_.now.monotonic + std::clamp(left, base::Duration::zero(), delay));
}

void Wills::restore_alone(const record::Will& stored) {
  send({as_sent(stored.message, stored.expiry_s), {record::WillErase{stored.session}}});
}

}  // namespace mortise::broker
