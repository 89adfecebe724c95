#include "broker/publishing.hpp"

#include <string>

#include "broker/rules.hpp"
#include "broker/telling.hpp"
#include "mqtt/reader.hpp"
#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"

namespace mortise::broker {

namespace {

constexpr std::size_t logged_payload_max = 64;  // bytes of it in a log line

bool is_counted(const mqtt::Publish& packet) { return packet.qos != mqtt::Qos::at_most_once; }

mqtt::PacketType answer_to(const mqtt::Publish& packet) {
  return packet.qos == mqtt::Qos::at_least_once ? mqtt::PacketType::puback : mqtt::PacketType::pubrec;
}

}  // namespace

Progress Publishing::check(Client& client, const mqtt::Publish& packet, Fault& fault) const {
  const auto close = [&](mqtt::ReasonCode reason, const char* what, std::optional<Limit> limit = {}) {
    fault = {reason, what, limit};
    return Progress::fault;
  };
  if (packet.qos > client.listener->maximum_qos)  // [MQTT-3.2.2-11]
    return close(mqtt::ReasonCode::qos_not_supported, "a QoS above the maximum of this listener");
  if (packet.retain && !client.listener->retain)  // [MQTT-3.2.2-14]
    return close(mqtt::ReasonCode::retain_not_supported, "a retained message, and this listener keeps none");
  if (packet.properties.has_subscription_identifier)  // [MQTT-3.3.4-6]
    return close(mqtt::ReasonCode::protocol_error, "a subscription identifier in a client's PUBLISH");
  // A topic has at most one level more than bytes: most need not be counted.
  if (packet.topic.size() >= core_.options.topic_levels_max &&
      mqtt::level_count(packet.topic) > core_.options.topic_levels_max)
    return close(mqtt::ReasonCode::topic_name_invalid, "more topic levels than limits.topic_levels allows",
                 Limit::topic_levels);
  if (packet.topic.size() > core_.options.topic_length_max)
    return close(mqtt::ReasonCode::topic_name_invalid, "a topic longer than limits.topic_length allows",
                 Limit::topic_length);
  if (is_counted(packet) && client.is_v5() &&
      client.unacknowledged >= client.told_receive_maximum)  // [MQTT-3.3.4-7]
    return close(mqtt::ReasonCode::receive_maximum_exceeded,
                 "more unacknowledged messages than our receive maximum", Limit::receive_maximum);
  return Progress::done;
}

// Learns an alias, or puts the topic that it stands for into the packet.  (MQTT 5.0 §3.3.2.3.4)
bool Publishing::resolve_alias(Client& client, mqtt::Publish& packet, Fault& fault) {
  const std::uint16_t alias = *packet.properties.topic_alias;
  if (alias > client.told_topic_alias_maximum) {  // [MQTT-3.3.2-9]
    fault = {mqtt::ReasonCode::topic_alias_invalid, "a topic alias above our topic alias maximum"};
    return false;
  }
  if (!packet.topic.empty()) {
    if (!client.names) client.names = std::make_unique<TopicNames>(core_.options.seed, core_.ledger.accounts);
    client.names->learn(alias, packet.topic);
    return true;
  }
  if (client.names) packet.topic = client.names->topic_of(alias);
  if (packet.topic.empty())
    fault = {mqtt::ReasonCode::protocol_error, "a topic alias that was given no topic on this connection"};
  return !packet.topic.empty();
}

Progress Publishing::on_aliased(Client& client, const mqtt::Publish& packet, Fault& fault) {
  mqtt::Publish resolved = packet;
  if (!resolve_alias(client, resolved, fault)) return Progress::fault;
  resolved.properties.topic_alias.reset();
  return on_publish(client, resolved, fault);
}

Progress Publishing::on_mounted(Client& client, const mqtt::Publish& packet, Fault& fault) {
  const std::string topic = client.mount_point() + std::string{packet.topic};
  if (topic.size() > mqtt::topic_size_max) {
    fault = {mqtt::ReasonCode::topic_name_invalid,
             "the topic is over 65,535 bytes together with this listener's mount point"};
    return Progress::fault;
  }
  mqtt::Publish mounted = packet;
  mounted.topic = topic;
  return take(client, mounted, fault);
}

Progress Publishing::on_publish(Client& client, const mqtt::Publish& packet, Fault& fault) {
  if (packet.properties.topic_alias) [[unlikely]]
    return on_aliased(client, packet, fault);
  if (client.is_mounted) [[unlikely]]
    return on_mounted(client, packet, fault);
  return take(client, packet, fault);
}

// Its topic is whole now.
inline Progress Publishing::take(Client& client, const mqtt::Publish& packet, Fault& fault) {
  if (packet.qos == mqtt::Qos::exactly_once && repeats(client, packet)) return Progress::done;
  if (check(client, packet, fault) == Progress::fault) return Progress::fault;
  if (!routing_.has_room()) return wait(client, Client::for_room);

  Session& session = core_.sessions.at(client.session);
  if (packet.properties.payload_is_utf8 && client.listener->checks_payload_format &&
      !mqtt::is_utf8_payload(mqtt::as_text(packet.payload)))
    return refuse_payload(client, session, packet);
  const Level level = core_.has_store() ? core_.options.level_of(packet.topic) : Level::memory;
  const bool clears = packet.retain && packet.payload.empty();  // which makes room
  if (core_.pressure == Pressure::full && !clears) [[unlikely]] {
    core_.ledger.hit(Limit::memory);
    return refuse_for_now(client, packet, Refused::out_of_memory, "limits.memory is used up at present");
  }
  if (store_refuses(packet, level))
    return refuse_for_now(client, packet, Refused::store_unavailable,
                          "the store cannot take a message at present");

  Accepted accepted{client.answer ? std::move(client.asked_about) : make(client, session, packet, level)};
  if (client.answer || (core_.asks_of_publishing() && client.listener->asks_hooks))
    if (const auto progress = ask(client, session, packet, accepted, fault)) return *progress;
  accept(client, session, packet, accepted);
  if (is_counted(packet) && level != Level::memory &&
      core_.shared.journal.pending_bytes() > core_.options.store_pending_max)
    wait(client, Client::for_store);
  return Progress::done;
}

MessageRef Publishing::make(const Client& client, const Session& session, const mqtt::Publish& packet,
                            Level level) {
  MessageParts parts;
  parts.topic = packet.topic;
  parts.payload = packet.payload;
  parts.raw_properties = packet.properties.raw;
  parts.publisher = session.client_id;
  parts.username = client.username;
  parts.qos = packet.qos;
  parts.retain = packet.retain;
  parts.payload_is_utf8 = packet.properties.payload_is_utf8;
  parts.received = core_.now.wall;
  if (packet.properties.message_expiry_s)
    parts.expires = core_.now.wall + std::chrono::seconds{*packet.properties.message_expiry_s};
  parts.level = level;
  return Message::make(parts, core_.ledger.accounts);
}

// (MQTT 5.0 §3.3.2.3.2)
Progress Publishing::refuse_payload(Client& client, Session& session, const mqtt::Publish& packet) {
  const ClientFacts facts = core_.facts_of(client, &session);
  payload_refused_.say(core_.shared.log, core_.now.monotonic, LogLevel::warning, "clients",
                       "client.payload_format", "a payload that says it is UTF-8 is not", &facts,
                       {"topic", packet.topic});
  core_.count_published(client, packet.qos);
  refuse(client, session, packet, mqtt::ReasonCode::payload_format_invalid, Refused::payload_format,
         "the payload is not UTF-8, as its format indicator says");
  return Progress::done;
}

// ---- what waits

Progress Publishing::wait(Client& client, Client::Pause why) {
  if (!(client.paused & why))
    (why == Client::for_room ? wait_for_room_ : wait_for_store_).push_back(client.key);
  core_.pause(client, why);
  return Progress::waits;
}

void Publishing::let_go_on() {
  const auto go_on = [&](std::vector<ClientKey>& waiting, Client::Pause why) {
    for (const ClientKey key : std::exchange(waiting, {}))
      if (Client* client = core_.clients.find(key)) {
        client->stall.reset();
        core_.resume(*client, why);
      }
  };
  if (!wait_for_room_.empty() && routing_.has_room()) go_on(wait_for_room_, Client::for_room);
  if (!wait_for_store_.empty() && core_.pressure != Pressure::full && !core_.shared.journal.failing() &&
      core_.shared.journal.pending_bytes() <= core_.options.store_pending_max / 2)
    go_on(wait_for_store_, Client::for_store);
}

// ---- a store that cannot take anything, and memory that is used up

bool Publishing::store_refuses(const mqtt::Publish& packet, Level level) const {
  return is_counted(packet) && level != Level::memory && core_.shared.refuses_new();
}

Progress Publishing::refuse_for_now(Client& client, const mqtt::Publish& packet, Refused why,
                                    std::string_view text) {
  if (client.is_v5() || !is_counted(packet)) {
    Session& session = core_.sessions.at(client.session);
    client.answer.reset();  // a plugin's answer was to this packet and must not meet the next one
    client.asked_about.reset();
    core_.count_published(client, packet.qos);
    refuse(client, session, packet, mqtt::ReasonCode::quota_exceeded, why, text);
    return Progress::done;
  }
  // 3.1.1 has no code for it: the packet stays unread, and the connection ends if that takes too long.
  if (!client.stall) {
    client.stall = std::make_unique<Timer>(TimerKind::store_stall, client.key.value());
    core_.deadlines.set(*client.stall, core_.now.monotonic + core_.options.store_stall);
  }
  return wait(client, Client::for_store);
}

// ---- in

// Answers the sender and goes no further. 3.1.1 knows no refusal: it is acknowledged.  [MQTT-3.3.5-2]
void Publishing::refuse(Client& client, Session& session, const mqtt::Publish& packet,
                        mqtt::ReasonCode reason, Refused why, std::string_view text) {
  core_.ledger.refuse(why);
  if (!is_counted(packet)) return;
  ++client.unacknowledged;
  const bool ends_here = client.is_v5() && mqtt::is_error(reason);
  if (packet.qos == mqtt::Qos::exactly_once && !ends_here) {
    session.inbound[packet.packet_id] = {};
    core_.charge(session);
  }
  Gated answer{0,
               Level::memory,
               answer_to(packet),
               ends_here ? reason : mqtt::ReasonCode::success,
               packet.packet_id,
               nullptr};
  if (ends_here && !text.empty()) {
    answer.bytes = std::make_unique<mqtt::Buffer>();
    if (packet.qos == mqtt::Qos::at_least_once)
      encode_telling(client, mqtt::Puback{packet.packet_id, reason, text, {}}, *answer.bytes);
    else
      encode_telling(client, mqtt::Pubrec{packet.packet_id, reason, text, {}}, *answer.bytes);
  }
  commits_.gate(client, std::move(answer));
}

void Publishing::accept(Client& client, Session& session, const mqtt::Publish& packet,
                        const Accepted& accepted) {
  const MessageRef& message = accepted.message;
  core_.count_published(client, packet.qos);
  if (core_.wanted().wants(EventKind::published) || core_.logs_messages()) tell(client, session, *message);
  const Level level = message->level();
  const bool counted = is_counted(packet);
  if (core_.has_store()) number(message);

  std::uint64_t retained_sequence = 0;
  std::vector<Record> facts;
  if (message->retain() && accepted.may_be_kept) {
    const ClientFacts who = core_.facts_of(client, &session);
    facts = keep(message, &who, retained_sequence);
  }
  const bool remembers = packet.qos == mqtt::Qos::exactly_once;
  Routing::Published published =
      routing_.publish(message, retained_sequence, client.session, std::move(facts));
  if (!counted) return;

  if (remembers) {
    if (!published.pending && session.is_stored()) {
      commits_.add(record::Inbound{session.number, packet.packet_id}, level);
      published.ordinal = commits_.open_ordinal();
      session.last_ordinal = published.ordinal;
    }
    session.inbound[packet.packet_id] = {published.ordinal, published.pending, level};
    core_.charge(session);
  }
  ++client.unacknowledged;
  const Level waits_for = holds(Rule::acknowledge_after_commit) ? level : Level::memory;
  const std::uint64_t ticket =
      commits_.gate(client, {published.pending ? unsettled : published.ordinal, waits_for, answer_to(packet),
                             mqtt::ReasonCode::success, packet.packet_id, nullptr});
  if (published.pending) routing_.attach(published.pending, client.session, packet.packet_id, client, ticket);
}

// The store's key for it, before any other loop sees it.
void Publishing::number(const MessageRef& message) {
  if (core_.has_store() && message->qos() != mqtt::Qos::at_most_once && message->number() == 0)
    message->set_number(core_.numbers.take());
}

void Publishing::tell_not_kept(const Message& message, const ClientFacts* facts, Limit limit) {
  core_.ledger.hit(limit);
  core_.ledger.retained_refused.add(1);
  retained_refused_.say(core_.shared.log, core_.now.monotonic, LogLevel::warning, "kernel",
                        "retained.refused",
                        "delivered, but not kept: the limit " + std::string{name_of(limit)} + " is reached",
                        facts, {"topic", message.topic()});
}

// The retained value of the message's topic, as a record for its batch.
std::vector<Record> Publishing::keep(const MessageRef& message, const ClientFacts* facts,
                                     std::uint64_t& sequence) {
  if (message->level() != Level::memory && core_.shared.refuses_new()) {
    core_.ledger.retained_refused.add(1);
    return {};
  }
  if (core_.pressure >= Pressure::queues && !message->payload().empty()) {  // nothing would ever shed it
    tell_not_kept(*message, facts, Limit::memory);
    return {};
  }
  const auto stored = core_.shared.retained.store(message);
  if (stored.refused) {
    tell_not_kept(*message, facts, *stored.refused);
    return {};
  }
  sequence = stored.version;
  const bool clears = message->payload().empty();
  const EventKind kind = clears ? EventKind::retained_cleared : EventKind::retained_set;
  if (core_.wanted().wants(kind)) {
    Event event;
    event.kind = kind;
    event.client = facts;
    event.message = message.get();
    core_.shared.hooks.happened(event, core_.loop, core_.now);
  }
  std::vector<Record> records;
  if (!core_.has_store()) return records;
  if (!clears)
    records.push_back(record::Retained{stored.version, message});
  else if (stored.replaced)
    records.push_back(record::RetainedErase{stored.version, std::string{message->topic()}});
  return records;
}

void Publishing::tell(Client& client, Session& session, const Message& message) const {
  const bool observed = core_.wanted().wants(EventKind::published);
  const ClientFacts facts = core_.facts_of(client, &session);
  if (observed) {
    Event event;
    event.kind = EventKind::published;
    event.client = &facts;
    event.message = &message;
    event.qos = message.qos();
    core_.shared.hooks.happened(event, core_.loop, core_.now);
  }
  if (!core_.logs_messages()) return;
  const mqtt::Bytes shown = message.payload().first(std::min(message.payload().size(), logged_payload_max));
  core_.log(LogLevel::info, "messages", "message.published", "publish", &facts,
            {{"topic", message.topic()},
             {"qos", std::to_string(static_cast<int>(message.qos()))},
             {"size", std::to_string(message.payload().size())},
             {"payload", {reinterpret_cast<const char*>(shown.data()), shown.size()}}});
}

// ---- QoS 2

// A PUBLISH whose identifier we hold already is not routed again.  [MQTT-4.3.3-10]
bool Publishing::repeats(Client& client, const mqtt::Publish& packet) {
  Session& session = core_.sessions.at(client.session);
  const auto found = session.inbound.find(packet.packet_id);
  if (found == session.inbound.end() || !holds(Rule::repeat_joins_pending)) return false;
  for (std::size_t i = 0; i < client.gate.size(); ++i)
    if (client.gate[i].type == mqtt::PacketType::pubrec && client.gate[i].packet_id == packet.packet_id)
      return true;  // its PUBREC is on the way already
  const InboundPublish& inbound = found->second;
  const std::uint64_t ticket =
      commits_.gate(client, {inbound.pending ? unsettled : inbound.ordinal, inbound.level,
                             mqtt::PacketType::pubrec, mqtt::ReasonCode::success, packet.packet_id, nullptr});
  if (inbound.pending) routing_.attach(inbound.pending, client.session, packet.packet_id, client, ticket);
  return true;
}

void Publishing::on_pubrel(Client& client, const mqtt::Pubrel& packet) {
  Session& session = core_.sessions.at(client.session);
  const auto found = session.inbound.find(packet.packet_id);
  // Its PUBREC must have been let out: at once for memory, else when its batch is durable.
  const bool known =
      found != session.inbound.end() &&
      (found->second.level == Level::memory ||
       (!found->second.pending && commits_.is_durable(found->second.ordinal, found->second.level)));
  Level level = Level::memory;
  if (session.is_stored() && holds(Rule::pubcomp_after_erase)) {
    // Whatever the class of its message: the next message under this identifier may be of a stronger one. For
    // an identifier that nobody holds the erase may still be under way, of an earlier connection's PUBREL.
    level = core_.options.session_store;
    if (known) level = std::max(level, found->second.level);
  }
  if (known) {
    if (session.is_stored()) {
      commits_.add(record::InboundErase{session.number, packet.packet_id},
                   std::max(found->second.level, core_.options.session_store));
      session.last_ordinal = commits_.open_ordinal();
    }
    session.inbound.erase(found);
    core_.charge(session);
  }
  // An identifier nobody holds is no error: its PUBCOMP was lost with a connection.  (MQTT 5.0 §3.7.2.1)
  const auto reason = known ? mqtt::ReasonCode::success : mqtt::ReasonCode::packet_identifier_not_found;
  commits_.gate(client,
                {session.last_ordinal, level, mqtt::PacketType::pubcomp, reason, packet.packet_id, nullptr});
}

// ---- wills

bool Publishing::publish(const MessageRef& message, std::vector<Record>&& facts, Awaited awaited) {
  if (!routing_.has_room()) return false;
  core_.ledger.published.add(message->qos());
  number(message);
  std::uint64_t retained_sequence = 0;
  if (message->retain()) {
    std::vector<Record> kept = keep(message, nullptr, retained_sequence);
    std::move(kept.begin(), kept.end(), std::back_inserter(facts));
  }
  routing_.await(routing_.publish(message, retained_sequence, {}, std::move(facts)), awaited);
  return true;
}

}  // namespace mortise::broker
