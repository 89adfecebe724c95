#include "broker/delivery.hpp"

#include "broker/rules.hpp"

namespace mortise::broker {

namespace {

constexpr std::size_t inline_payload_max = 1024;  // larger payloads are written by reference
constexpr Position positions_in_flight_max = 65535;
constexpr Position reservation_step = 256;

bool goes_inline(const Message& message) { return message.payload().size() <= inline_payload_max; }

}  // namespace

void Delivery::Images::make(std::size_t shape, const MessageRef& message, mqtt::Version version,
                            mqtt::Qos qos, bool retain, base::WallTime now) {
  if (message_.get() != message.get()) {
    message_ = message;  // held, so that no other message can come to lie at its address
    made_ = 0;
  }
  std::optional<std::uint32_t> expiry_s;
  if (message->expires() != base::WallTime::max())  // [MQTT-3.3.2-6]
    expiry_s = static_cast<std::uint32_t>(
        std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(message->expires() - now).count()));
  images_[shape].make(version, qos, retain, message->topic().substr(cut_), message->properties(), expiry_s,
                      message->payload(), goes_inline(*message));
  made_ |= 1U << shape;
}

// Once a receiver and message: a call would cost a third of it.
[[gnu::always_inline]] inline Delivery::Sent Delivery::send(Client& client, const MessageRef& message,
                                                            mqtt::Qos qos, bool retain,
                                                            mqtt::PacketId packet_id, bool dup,
                                                            std::span<const std::uint32_t> identifiers) {
  if (client.topic_alias_max != 0 || client.is_mounted) [[unlikely]]
    return send_renamed(client, message, qos, retain, packet_id, dup, identifiers);
  return send_image(client, message, images_.of(message, client.version, qos, retain, core_.now.wall),
                    packet_id, dup, identifiers);
}

[[gnu::always_inline]] inline Delivery::Sent Delivery::send_image(
    Client& client, const MessageRef& message, const mqtt::PublishImage& image, mqtt::PacketId packet_id,
    bool dup, std::span<const std::uint32_t> identifiers) {
  if (client.packet_size_max != 0 && image.packet_size(identifiers) > client.packet_size_max)
    return Sent::too_large;  // [MQTT-3.1.2-24], [MQTT-3.1.2-25]
  image.append(core_.output(client), packet_id, dup, identifiers);
  if (!goes_inline(*message)) client.output.add_payload(message);
  return Sent::yes;
}

// By an alias, or without the client's mount point. Outside of that lies what a session subscribed to when
// its client had another one, or none.
Delivery::Sent Delivery::send_renamed(Client& client, const MessageRef& message, mqtt::Qos qos, bool retain,
                                      mqtt::PacketId packet_id, bool dup,
                                      std::span<const std::uint32_t> identifiers) {
  const std::string_view topic = message->topic();
  if (client.is_mounted) {
    if (topic.size() <= client.mount_point().size() || !topic.starts_with(client.mount_point()))
      return Sent::outside;
    mounted_images_.cut(client.mount_point().size());
  }
  Images& images = client.is_mounted ? mounted_images_ : images_;
  const mqtt::PublishImage& image = images.of(message, client.version, qos, retain, core_.now.wall);
  return client.topic_alias_max != 0 ? send_aliased(client, message, image, packet_id, dup, identifiers)
                                     : send_image(client, message, image, packet_id, dup, identifiers);
}

Delivery::Sent Delivery::send_aliased(Client& client, const MessageRef& message,
                                      const mqtt::PublishImage& image, mqtt::PacketId packet_id, bool dup,
                                      std::span<const std::uint32_t> identifiers) {
  if (!client.names) client.names = std::make_unique<TopicNames>(core_.options.seed, core_.ledger.accounts);
  mqtt::TopicAlias alias = client.names->alias_for(message->topic(), client.topic_alias_max);
  // An alias that is told for the first time makes the packet larger.
  if (alias.is_new && !client.takes(image.packet_size(identifiers, alias))) alias = {};
  if (!client.takes(image.packet_size(identifiers, alias))) return Sent::too_large;
  image.append(core_.output(client), packet_id, dup, identifiers, alias);
  client.names->sent(message->topic(), alias);
  if (!goes_inline(*message)) client.output.add_payload(message);
  return Sent::yes;
}

void Delivery::tell(EventKind kind, Session& session, const Message* message, mqtt::Qos qos,
                    std::string_view loss) {
  const ClientFacts facts = core_.facts_of(session);
  Event happened;
  happened.kind = kind;
  happened.client = &facts;
  happened.message = message;
  happened.qos = qos;
  happened.loss = loss;
  core_.shared.hooks.happened(happened, core_.loop, core_.now);
}

bool Delivery::receiver_allowed(Session& session, const Message& message) {
  if (session.client_id.starts_with(inline_prefix)) return true;
  const Access access{Action::receive, message.topic(), &message, message.qos()};
  const Answer answer = core_.shared.hooks.authorise(core_.facts_of(session), access, {}, core_.now);
  return answer.decision != Decision::deny && answer.decision != Decision::disconnect;
}

void Delivery::deliver(Session& session, mqtt::Qos qos, bool retain,
                       std::span<const std::uint32_t> identifiers, Fanout& fanout) {
  core_.ledger.deliveries.add(1);
  if (core_.wanted().wants(Action::receive) && !receiver_allowed(session, *fanout.message))
    return lose(session, fanout, qos, Dropped::not_authorized);
  Client* client = reachable(session);
  const bool is_next = client && session.outbox.queued.empty() && !is_full(*client);
  if (client && !is_next && session.outbox.queued.empty()) core_.ledger.hit(Limit::write_buffer);
  if (qos != mqtt::Qos::at_most_once || !is_next)
    return deliver_in_order(session, is_next ? client : nullptr, qos, retain, identifiers, fanout);
  const Sent sent = send(*client, fanout.message, qos, retain, 0, false, identifiers);
  if (sent != Sent::yes) return lose(session, fanout, qos, reason_for(sent));
  core_.count_delivered(*client, qos);
  event(EventKind::delivered, session, fanout.message.get(), qos);
}

// What has a place in the session's order. `client`: nothing is before it on its way there.
void Delivery::deliver_in_order(Session& session, Client* client, mqtt::Qos qos, bool retain,
                                std::span<const std::uint32_t> identifiers, Fanout& fanout) {
  const Message& message = *fanout.message;
  if (qos == mqtt::Qos::at_most_once && !session.is_connected())
    return lose(session, fanout, qos, Dropped::offline_qos_0);
  if (!client && qos == mqtt::Qos::at_most_once && core_.pressure >= Pressure::slow_readers)
    return lose(session, fanout, qos, Dropped::memory_shed);
  if (!make_room(session, message.topic().size() + message.payload().size()))
    return lose(session, fanout, qos, Dropped::queue_full);
  Waiting waiting = enrol(session, qos, retain, identifiers, fanout);
  if (client && send_or_drop(session, *client, waiting)) return tidy(session);
  session.outbox.queued.push(std::move(waiting));
  pump(session);
}

// It never came as far as the session's queue.
void Delivery::lose(Session& session, const Fanout& fanout, mqtt::Qos qos, Dropped why) {
  core_.ledger.drop(why);
  event(EventKind::dropped, session, fanout.message.get(), qos, dropped_names[static_cast<std::size_t>(why)]);
}

// Whether it is away, or takes what waited while it was: it is given the time to.
bool Delivery::is_catching_up(const Session& session) const {
  const Client* client = core_.clients.find(session.client);
  const Outbox& outbox = session.outbox;
  if (!client) return true;
  const auto is_from_before = [&](const base::Queue<Waiting>& queue) {
    return !queue.empty() && queue.front().qos != mqtt::Qos::at_most_once &&
           outbox.position_of(queue.front()) < client->from_before;
  };
  return is_from_before(outbox.in_flight) || is_from_before(outbox.queued);
}

// The operator's, or its own.
QueueLimit Delivery::limit_of(const Session& session) const {
  QueueLimit limit{core_.options.queue_messages_max, core_.options.queue_bytes_max, {}};
  if (const QueueLimit* const own = session.queue_limit.get()) [[unlikely]] {
    if (own->messages != 0) limit.messages = own->messages;
    if (own->bytes != 0) limit.bytes = own->bytes;
  }
  return limit;
}

// Sheds by the operator's order until one more message of this size fits. Only what was never sent is shed.
bool Delivery::make_room(Session& session, std::size_t bytes) {
  const Options& options = core_.options;
  const QueueLimit limit = limit_of(session);
  const auto fits = [&] {
    return session.outbox.size() < limit.messages && session.queued_bytes + bytes <= limit.bytes;
  };
  while (!fits()) {
    core_.ledger.hit(Limit::queue);
    if (options.overflow == Options::Overflow::disconnect && !is_catching_up(session))
      core_.note_overrun(session.client);
    if (options.overflow != Options::Overflow::drop_oldest || session.outbox.queued.empty()) return false;
    drop(session, session.outbox.queued.pop(), Dropped::queue_full);
  }
  return true;
}

// Gives the delivery its place in the session's order, and its record. From here on it counts as queued.
Waiting Delivery::enrol(Session& session, mqtt::Qos qos, bool retain,
                        std::span<const std::uint32_t> identifiers, Fanout& fanout) {
  Outbox& outbox = session.outbox;
  Waiting waiting;
  waiting.message = fanout.message;
  waiting.qos = qos;
  waiting.retain = retain;
  waiting.origin = session.origins.intern(identifiers, fanout.group);
  if (qos != mqtt::Qos::at_most_once) {
    const Position position = outbox.next_position++;
    if (fanout.stores && session.is_stored()) {
      DeliveryRecord record;
      record.number = waiting.number = core_.numbers.take();
      record.message = fanout.message->number();
      record.session = session.number;
      record.position = position;
      record.qos = qos;
      record.retain = retain;
      record.identifier = identifiers.size() == 1 ? identifiers[0] : 0;
      fanout.deliveries->push_back(record);
      if (identifiers.size() > 1)
        fanout.identifiers->push_back({record.number, {identifiers.begin(), identifiers.end()}});
      ++fanout.stored;
      add_run(session, position, fanout);
    } else if (fanout.group && fanout.ordinal == unsettled &&
               fanout.message->qos() == mqtt::Qos::exactly_once) {
      add_run(session, position, fanout);  // for end()
    }
  }
  waiting.position_low = static_cast<std::uint32_t>(outbox.next_position - 1);
  session.queued_bytes += bytes_of(waiting);
  core_.ledger.queued.add(1);
  return waiting;
}

void Delivery::add_run(Session& session, Position position, Fanout& fanout) {
  if (fanout.sessions && (fanout.sessions->empty() || fanout.sessions->back() != session.key))
    fanout.sessions->push_back(session.key);
  commits_.add_run(session, position, fanout.ordinal, fanout.remote, fanout.message->level());
}

// A delivery that leaves the queue without being sent, or before it was acknowledged.
void Delivery::drop(Session& session, Waiting waiting, Dropped why) {
  core_.ledger.queued.subtract(1);
  core_.ledger.drop(why);
  session.queued_bytes -= bytes_of(waiting);
  event(EventKind::dropped, session, waiting.message.get(), waiting.qos,
        dropped_names[static_cast<std::size_t>(why)]);
  commits_.erase(session, session.outbox.position_of(waiting), waiting.number, std::move(waiting.message));
}

// ---- sending

void Delivery::pump(Session& session) {
  if (Client* client = reachable(session))
    pump(session, *client);
  else
    tidy(session);
}

void Delivery::pump(Session& session, Client& client) {
  while (!is_full(client))
    if (!pump_resend(session, client) && !pump_queued(session, client)) break;
  tidy(session);
}

void Delivery::begin_resend(Session& session, Client& client) {
  client.from_before = session.outbox.next_position;
  client.resend_at = 0;
  client.in_flight = 0;
  for (std::size_t i = 0; i < session.outbox.in_flight.size(); ++i)
    session.outbox.in_flight[i].resend = session.outbox.in_flight[i].state != Waiting::State::done;
}

// Again: that PUBREC came is in a batch of some time ago.
void Delivery::send_pubrel(const Session& session, Client& client, mqtt::PacketId packet_id) {
  const Level level = session.is_stored() ? core_.options.session_store : Level::memory;
  commits_.gate(client, {session.last_ordinal, level, mqtt::PacketType::pubrel, {}, packet_id, nullptr});
}

void Delivery::retry(Client& client) {
  Session& session = core_.sessions.at(client.session);
  Outbox& outbox = session.outbox;
  for (std::size_t i = 0; i < outbox.in_flight.size() && !is_full(client); ++i) {
    const Waiting& waiting = outbox.in_flight[i];
    const Position position = outbox.position_of(waiting);
    if (waiting.resend || position >= client.retry->before) continue;
    const mqtt::PacketId packet_id = packet_id_of(position);
    if (waiting.state == Waiting::State::received)
      send_pubrel(session, client, packet_id);
    else if (waiting.state == Waiting::State::sent && !waiting.message->is_stub())
      send(client, waiting.message, waiting.qos, waiting.retain, packet_id, true,
           session.origins.identifiers_of(waiting.origin));
  }
  client.retry->before = outbox.next_position;
}

// The next message in flight that this connection has not seen yet. False: there is none, or it has to wait.
bool Delivery::pump_resend(Session& session, Client& client) {
  auto& in_flight = session.outbox.in_flight;
  while (client.resend_at < in_flight.size() && !in_flight[client.resend_at].resend) ++client.resend_at;
  if (client.resend_at >= in_flight.size()) return false;
  Waiting& waiting = in_flight[client.resend_at];
  const mqtt::PacketId packet_id = packet_id_of(session.outbox.position_of(waiting));
  if (waiting.state == Waiting::State::received) {
    send_pubrel(session, client, packet_id);
    ++client.in_flight;
  } else {
    if (client.in_flight >= client.quota) return false;
    if (waiting.state == Waiting::State::lost) {
      give_up(session, client, waiting, Dropped::unreadable);
      return true;
    }
    if (waiting.message->is_stub()) {
      paging_.ask(session);
      return false;
    }
    const Sent sent = send(client, waiting.message, waiting.qos, waiting.retain, packet_id, true,
                           session.origins.identifiers_of(waiting.origin));
    if (sent != Sent::yes) {
      give_up(session, client, waiting, reason_for(sent));
      return true;
    }
    ++client.in_flight;
  }
  waiting.resend = false;
  ++client.resend_at;
  return true;
}

// Ends a delivery that is in flight and will not be sent again. Its place stays until those before it are
// done.
void Delivery::give_up(Session& session, Client& client, Waiting& waiting, Dropped why) {
  Waiting over = std::move(waiting);
  waiting.position_low = over.position_low;
  waiting.state = Waiting::State::done;
  waiting.resend = false;
  drop(session, std::move(over), why);
  pop_done(session, client);
}

// Whether window and durability let this queued message go.
bool Delivery::may_send(Session& session, Client& client, const Waiting& next) {
  if (next.qos == mqtt::Qos::at_most_once) return true;
  if (client.resend_at < session.outbox.in_flight.size())
    return false;                                      // in order: first what was sent before
  if (client.in_flight >= client.quota) return false;  // [MQTT-3.3.4-9]
  const Outbox& outbox = session.outbox;
  const Position position = outbox.position_of(next);
  if (!outbox.in_flight.empty() &&
      position - outbox.position_of(outbox.in_flight.front()) >= positions_in_flight_max)
    return false;
  if (next.qos == mqtt::Qos::exactly_once && commits_.is_gated(session, position)) return false;
  if (!session.is_stored() || !holds(Rule::reserve_positions)) return true;

  const Level level = std::max(core_.options.session_store, Level::written);
  if (session.sent_to != session.sent_to_asked && commits_.is_durable(session.sent_to_ordinal, level))
    session.sent_to = session.sent_to_asked;
  if (session.sent_to == session.sent_to_asked && position + reservation_step / 2 >= session.sent_to) {
    ask_positions(session);
    commits_.add(record_of(session), core_.options.session_store);
    commits_.when_sent_to_reserved(session, level);
  }
  return position < session.sent_to;
}

void Delivery::ask_positions(Session& session) {
  if (!holds(Rule::reserve_positions)) return;
  session.sent_to_asked = std::max(session.sent_to, session.outbox.next_position) + reservation_step;
  session.sent_to_ordinal = commits_.open_ordinal();
  session.last_ordinal = commits_.open_ordinal();
}

// The next queued message. False: there is none, or it has to wait.
bool Delivery::pump_queued(Session& session, Client& client) {
  base::Queue<Waiting>& queued = session.outbox.queued;
  if (queued.empty() || !send_or_drop(session, client, queued.front())) return false;
  queued.drop_front();
  return true;
}

bool Delivery::is_too_old(const QueueLimit& limit, const Message& message) const {
  return limit.age != base::Duration{} && core_.now.wall - message.received() > limit.age;
}

// Takes the message that is next: sends it, or drops what may not be sent any more. False: it has to wait.
bool Delivery::send_or_drop(Session& session, Client& client, Waiting& next) {
  Outbox& outbox = session.outbox;
  if (next.message->has_expired(core_.now.wall)) {  // [MQTT-3.3.2-5]
    drop(session, std::move(next), Dropped::expired);
    return true;
  }
  if (next.state == Waiting::State::lost) {
    drop(session, std::move(next), Dropped::unreadable);
    return true;
  }
  if (!may_send(session, client, next)) return false;
  if (next.message->is_stub()) {
    paging_.ask(session);
    return false;
  }
  if (session.queue_limit && is_too_old(*session.queue_limit, *next.message)) [[unlikely]] {
    drop(session, std::move(next), Dropped::expired);
    return true;
  }
  const auto identifiers = session.origins.identifiers_of(next.origin);
  const bool counted = next.qos != mqtt::Qos::at_most_once;
  const mqtt::PacketId packet_id = counted ? packet_id_of(outbox.position_of(next)) : mqtt::PacketId{0};
  const Sent sent = send(client, next.message, next.qos, next.retain, packet_id, false, identifiers);
  if (sent != Sent::yes) {
    drop(session, std::move(next), reason_for(sent));
    return true;
  }
  event(EventKind::delivered, session, next.message.get(), next.qos);
  if (counted) {
    next.state = Waiting::State::sent;
    ++client.in_flight;
    outbox.in_flight.push(std::move(next));
    client.resend_at = outbox.in_flight.size();
  } else {
    session.queued_bytes -= bytes_of(next);
    core_.ledger.queued.subtract(1);
    core_.count_delivered(client, mqtt::Qos::at_most_once);
  }
  return true;
}

// ---- the client's answers

// The delivery is over: acknowledged. What waited for its place in the window may go.
void Delivery::finish(Session& session, Client& client, Waiting& waiting) {
  if (client.in_flight > 0) --client.in_flight;
  core_.ledger.queued.subtract(1);
  core_.count_delivered(client, waiting.qos);
  session.queued_bytes -= bytes_of(waiting);
  event(EventKind::acknowledged, session, waiting.message.get(), waiting.qos);
  const Position position = session.outbox.position_of(waiting);
  if (waiting.number == 0)
    waiting.message.reset();
  else
    commits_.erase(session, position, waiting.number, std::move(waiting.message));
  waiting.state = Waiting::State::done;
  pop_done(session, client);
  const bool nobody_waits =
      session.outbox.queued.empty() && client.resend_at >= session.outbox.in_flight.size();
  if (nobody_waits || !is_reachable(client))
    tidy(session);
  else
    pump(session, client);
}

void Delivery::pop_done(Session& session, Client& client) {
  auto& in_flight = session.outbox.in_flight;
  while (!in_flight.empty() && in_flight.front().state == Waiting::State::done) {
    in_flight.drop_front();
    if (client.resend_at > 0) --client.resend_at;
  }
}

void Delivery::on_puback(Client& client, const mqtt::Puback& packet) {
  Session& session = core_.sessions.at(client.session);
  Waiting* waiting = session.outbox.find(packet.packet_id);
  // Nothing in flight under it: a second PUBACK, or one for a message of an earlier connection. Harmless.
  if (!waiting || waiting->qos != mqtt::Qos::at_least_once || waiting->resend) return;
  finish(session, client, *waiting);
}

void Delivery::on_pubrec(Client& client, const mqtt::Pubrec& packet) {
  Session& session = core_.sessions.at(client.session);
  Waiting* waiting = session.outbox.find(packet.packet_id);
  if (!waiting || waiting->qos != mqtt::Qos::exactly_once || waiting->resend) {
    commits_.gate(client, {0, Level::memory, mqtt::PacketType::pubrel,
                           mqtt::ReasonCode::packet_identifier_not_found, packet.packet_id, nullptr});
    return;
  }
  if (mqtt::is_error(packet.reason))  // the client will not have it: over, without PUBREL
    return finish(session, client, *waiting);
  Ordinal ordinal = 0;
  Level level = Level::memory;
  if (waiting->state == Waiting::State::sent) {
    waiting->state = Waiting::State::received;
    if (waiting->number != 0) {
      DeliveryRecord record;
      record.number = waiting->number;
      record.message = waiting->message->number();
      record.session = session.number;
      record.position = session.outbox.position_of(*waiting);
      record.qos = waiting->qos;
      record.retain = waiting->retain;
      record.state = DeliveryRecord::State::received;
      commits_.add(record);
      commits_.hurry(waiting->message->level());
      session.last_ordinal = commits_.open_ordinal();
    }
  }
  if (waiting->number != 0 && holds(Rule::pubrel_after_pubrec_stored)) {
    ordinal = session.last_ordinal;
    level = waiting->message ? waiting->message->level() : core_.options.session_store;
  }
  commits_.gate(client, {ordinal, level, mqtt::PacketType::pubrel, mqtt::ReasonCode::success,
                         packet.packet_id, nullptr});
}

void Delivery::on_pubcomp(Client& client, const mqtt::Pubcomp& packet) {
  Session& session = core_.sessions.at(client.session);
  Waiting* waiting = session.outbox.find(packet.packet_id);
  if (!waiting || waiting->state != Waiting::State::received) return;
  finish(session, client, *waiting);
}

}  // namespace mortise::broker
