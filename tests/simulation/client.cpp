#include "simulation/client.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "mqtt/property.hpp"
#include "simulation/model_hooks.hpp"

namespace mortise::simulation {

namespace {
constexpr std::size_t id_digits = 8;
constexpr std::size_t outgoing_most = 6;
constexpr std::size_t large_payload = 3000;  // more than the broker copies

MessageId id_in(mqtt::Bytes payload) {
  MessageId id = ~0U;
  const auto* text = reinterpret_cast<const char*>(payload.data());
  if (payload.size() >= id_digits) std::from_chars(text, text + id_digits, id, 16);
  return id;
}
}  // namespace

// ---- what it sends

void Client::connect(Connection& to, bool clean_start, bool persistent, bool with_will) {
  connection = &to;
  connected_ = false;
  clean_start = clean_start || begins_anew_ || is_perhaps_expired();
  if (clean_start) forget_session();
  begins_anew_ = clean_start;
  Oracle::Connecting how;
  how.clean_start = clean_start;
  how.expiry_s = persistent ? profile_.expiry_s : 0;
  mqtt::Connect packet;
  packet.version = profile_.version;
  packet.clean_start = clean_start;
  packet.keep_alive_s = profile_.keep_alive_s;
  const std::string name = profile_.name();
  packet.client_id = name;
  if (profile_.version == mqtt::Version::v5_0) {
    packet.session_expiry_s = how.expiry_s;
    packet.receive_maximum = profile_.receive_maximum;
    if (profile_.maximum_packet_size != 0) packet.maximum_packet_size = profile_.maximum_packet_size;
  } else {
    how.expiry_s = clean_start ? 0 : mqtt::session_never_expires;
  }
  expiry_asked_s_ = how.expiry_s;
  mqtt::Buffer payload;
  std::string topic;
  if (with_will && profile_.has_will) {
    topic = "s/will/" + name;
    const auto qos = static_cast<mqtt::Qos>(random_->below(3));
    const bool retain = random_->percent(20);
    how.will = make(topic, qos, retain, false, true);
    how.will_delay_s =
        profile_.version == mqtt::Version::v5_0 && random_->percent(60) ? random_->between(1, 40) : 0;
    payload = payload_of(*how.will);
    packet.will = mqtt::Will{
        .topic = topic, .payload = payload, .qos = qos, .retain = retain, .delay_s = how.will_delay_s};
  }
  trace_->note("%-8s CONNECT%s expiry %u will %d", name.c_str(), clean_start ? " clean" : "", how.expiry_s,
               how.will ? static_cast<int>(*how.will) : -1);
  oracle_->connecting(profile_.index, to.number, how);
  mqtt::encode(packet, to.to_broker);
}

MessageId Client::make(const std::string& topic, mqtt::Qos qos, bool retain, bool empty, bool is_will) {
  Sent sent;
  sent.publisher = profile_.index;
  sent.topic = topic;
  sent.qos = qos;
  sent.retain = retain;
  sent.clears = empty;
  sent.is_will = is_will;
  if (!is_will && profile_.version == mqtt::Version::v5_0 && random_->percent(plan_->message_expiry))
    sent.expiry_s = random_->between(5, 30);
  return oracle_->made(std::move(sent));
}

mqtt::Buffer Client::payload_of(MessageId id) {
  char text[id_digits + 1];
  std::snprintf(text, sizeof text, "%08x", id);
  mqtt::Buffer payload(text, text + id_digits);
  if (random_->percent(plan_->large)) {
    payload.resize(large_payload, '.');
    oracle_->is_large(id);
  }
  return payload;
}

std::string Client::some_topic() {
  if (random_->percent(plan_->shares)) return "$shared/" + std::to_string(random_->below(2));
  const char* level = random_->percent(plan_->memory) ? "m" : random_->percent(plan_->written) ? "w" : "s";
  if (random_->percent(2)) level = "denied";
  if (plan_->intercepts && random_->percent(20)) level = random_->percent(70) ? "changed" : "gone";
  if (plan_->receives && random_->percent(20)) level = "secret";
  const std::string whose = random_->percent(plan_->whose_own) ? profile_.name() : "all";
  return std::string{level} + "/" + whose + "/" +
         std::to_string(random_->percent(plan_->few_topics) ? 0 : random_->below(4));
}

std::string Client::some_filter() {
  static constexpr const char* filters[] = {"#",   "s/#",   "+/all/#",  "s/+/0",   "m/#",
                                            "w/#", "+/+/0", "s/will/+", "s/all/0", "denied/#"};
  const std::uint32_t which = random_->below(14);
  if (which < std::size(filters)) return filters[which];
  return "+/c" + std::to_string(random_->below(plan_->clients)) + "/+";
}

void Client::publish() {
  const auto qos = random_->percent(plan_->qos_0)   ? mqtt::Qos::at_most_once
                   : random_->percent(plan_->qos_1) ? mqtt::Qos::at_least_once
                                                    : mqtt::Qos::exactly_once;
  const std::string topic = some_topic();
  const bool retain = !is_shared(topic) && random_->percent(plan_->retain);
  publish(topic, qos, retain, retain && random_->percent(plan_->clear));
}

void Client::publish(const std::string& topic, mqtt::Qos qos, bool retain, bool empty) {
  const std::size_t most = std::min<std::size_t>(outgoing_most, server_receive_maximum_);
  if (qos != mqtt::Qos::at_most_once && outgoing_.size() >= most) return;
  Outgoing outgoing;
  outgoing.id = make(topic, qos, retain, empty, false);
  if (!empty) outgoing.payload = payload_of(outgoing.id);
  if (qos != mqtt::Qos::at_most_once) outgoing.packet_id = free_packet_id();
  send(outgoing, false);
  if (qos != mqtt::Qos::at_most_once) outgoing_.push_back(std::move(outgoing));
}

mqtt::PacketId Client::free_packet_id() const {
  mqtt::PacketId packet_id = 1;
  const auto taken = [&](const Outgoing& outgoing) { return outgoing.packet_id == packet_id; };
  while (asked_.contains(packet_id) || std::any_of(outgoing_.begin(), outgoing_.end(), taken)) ++packet_id;
  return packet_id;
}

void Client::send(const Outgoing& outgoing, bool again) {
  const Sent& sent = oracle_->message(outgoing.id);
  mqtt::Publish packet;
  packet.dup = again;
  packet.qos = sent.qos;
  packet.retain = sent.retain;
  packet.topic = sent.topic;
  packet.packet_id = outgoing.packet_id;
  packet.payload = outgoing.payload;
  if (sent.expiry_s != 0) packet.properties.message_expiry_s = sent.expiry_s;
  trace_->note("c%-7u PUBLISH %u%s on %s qos %d%s id %u", profile_.index, outgoing.id, again ? " again" : "",
               sent.topic.c_str(), static_cast<int>(sent.qos), sent.retain ? " retain" : "",
               outgoing.packet_id);
  say(packet);
  oracle_->sending(outgoing.id);
}

// Oldest first.  [MQTT-4.4.0-1] [MQTT-4.6.0-1]
void Client::send_again() {
  for (const Outgoing& outgoing : outgoing_)
    if (outgoing.received)
      say(mqtt::Pubrel{outgoing.packet_id, {}, {}, {}});
    else
      send(outgoing, true);
}

void Client::subscribe() {
  if (profile_.version == mqtt::Version::v5_0 && random_->percent(plan_->shares)) return join();
  std::vector<Wish> wishes;
  do wishes.push_back({some_filter(), some_options()});
  while (wishes.size() < 4 && random_->percent(plan_->several_filters));
  subscribe(wishes);
}

mqtt::SubscriptionOptions Client::some_options() {
  mqtt::SubscriptionOptions options;
  options.maximum_qos =
      random_->percent(70) ? mqtt::Qos::exactly_once : static_cast<mqtt::Qos>(random_->below(3));
  if (profile_.version == mqtt::Version::v5_0) {
    options.no_local = random_->percent(10);
    options.retain_as_published = random_->percent(10);
    options.retain_handling = static_cast<mqtt::RetainHandling>(random_->percent(70) ? 0 : random_->below(3));
  }
  return options;
}

// With the identifier by which the oracle knows the group.
void Client::join() {
  const Group& group = groups[random_->below(groups.size())];
  Wish wish{std::string{group.filter}, {}};
  wish.options.maximum_qos = random_->percent(70) ? mqtt::Qos::exactly_once : mqtt::Qos::at_least_once;
  subscribe({wish}, group.identifier);
}

void Client::subscribe(const std::vector<Wish>& wishes) {
  std::uint32_t identifier = 0;
  if (profile_.version == mqtt::Version::v5_0 && random_->percent(40)) identifier = random_->between(1, 50);
  subscribe(wishes, identifier);
}

void Client::subscribe(const std::vector<Wish>& wishes, std::uint32_t identifier) {
  mqtt::Subscribe packet;
  packet.packet_id = free_packet_id();
  if (identifier != 0) packet.subscription_identifier = identifier;
  Asked& asked = asked_[packet.packet_id];
  asked.subscribes = true;
  for (const auto& [filter, options] : wishes) {
    packet.entries.push_back({filter, options});
    trace_->note("c%-7u SUBSCRIBE %s qos %d id %u", profile_.index, filter.c_str(),
                 static_cast<int>(options.maximum_qos), packet.packet_id);
    asked.requests.push_back(oracle_->subscribing(profile_.index, {filter, options, identifier}));
    if (std::find(filters_.begin(), filters_.end(), filter) == filters_.end()) filters_.push_back(filter);
  }
  say(packet);
}

void Client::unsubscribe() {
  if (filters_.empty()) return;
  std::vector<std::string> gone;
  do {
    const auto which = filters_.begin() + random_->below(static_cast<std::uint32_t>(filters_.size()));
    gone.push_back(*which);
    filters_.erase(which);
  } while (!filters_.empty() && random_->percent(plan_->several_filters));
  mqtt::Unsubscribe packet;
  packet.packet_id = free_packet_id();
  Asked& asked = asked_[packet.packet_id];
  for (const std::string& filter : gone) {
    packet.filters.push_back(filter);
    trace_->note("c%-7u UNSUBSCRIBE %s", profile_.index, filter.c_str());
    asked.requests.push_back(oracle_->unsubscribing(profile_.index, filter));
  }
  say(packet);
}

void Client::disconnect(bool ends_session) {
  answer();
  mqtt::Disconnect packet;
  if (ends_session && profile_.version == mqtt::Version::v5_0) packet.session_expiry_s = 0;
  trace_->note("c%-7u DISCONNECT%s", profile_.index, packet.session_expiry_s ? " ends session" : "");
  connection->said_goodbye = true;
  connection->ends_session = packet.session_expiry_s.has_value();
  if (connection->ends_session) ends_with_connection_ = begins_anew_ = true;
  say(packet);
}

void Client::ping() { say(mqtt::Pingreq{}); }

void Client::answer() {
  connection->to_broker.insert(connection->to_broker.end(), answers_.begin(), answers_.end());
  answers_.clear();
  unanswered_.clear();
}

void Client::on_lost() {
  trace_->note("c%-7u sees its connection lost", profile_.index);
  connection = nullptr;
  if (std::exchange(connected_, false)) lost_at_ = oracle_->now();
  if (ends_with_connection_) forget_session();
  asked_.clear();
  answers_.clear();
  unanswered_.clear();
}

// ---- what it gets

void Client::on_bytes() {
  std::size_t done = 0;
  mqtt::Buffer bytes = std::move(connection->to_client);
  connection->to_client.clear();
  while (connection) {
    const auto frame = mqtt::read_frame(mqtt::Bytes{bytes}.subspan(done), SIZE_MAX);
    if (!frame) throw Violation{"the broker sent bytes that are no packet"};
    if (frame->size == 0) break;
    const auto packet = mqtt::decode(*frame, profile_.version);
    if (!packet) throw Violation{std::string{"the broker sent a malformed packet: "} + packet.error().what};
    done += frame->size;
    on_packet(*packet);
  }
  if (connection)
    connection->to_client.assign(bytes.begin() + static_cast<std::ptrdiff_t>(done), bytes.end());
}

void Client::on_packet(const mqtt::Packet& packet) {
  if (!connected_ && !std::holds_alternative<mqtt::Connack>(packet))
    throw Violation{"a packet before CONNACK"};
  if (const auto* connack = std::get_if<mqtt::Connack>(&packet)) return on_connack(*connack);
  if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) return on_publish(*publish);
  if (const auto* puback = std::get_if<mqtt::Puback>(&packet))
    return on_acknowledgement(puback->packet_id, mqtt::Qos::at_least_once, puback->reason);
  if (const auto* pubrec = std::get_if<mqtt::Pubrec>(&packet))
    return on_acknowledgement(pubrec->packet_id, mqtt::Qos::exactly_once, pubrec->reason);
  if (const auto* suback = std::get_if<mqtt::Suback>(&packet))
    return on_answer(suback->packet_id, true, suback->reasons);
  if (const auto* unsuback = std::get_if<mqtt::Unsuback>(&packet))
    return on_answer(unsuback->packet_id, false, unsuback->reasons);
  if (const auto* pubrel = std::get_if<mqtt::Pubrel>(&packet)) {
    incoming_.erase(pubrel->packet_id);
    return mqtt::encode(mqtt::Pubcomp{pubrel->packet_id, {}, {}, {}}, profile_.version, answers_);
  }
  if (const auto* pubcomp = std::get_if<mqtt::Pubcomp>(&packet)) {
    const auto found = std::find_if(outgoing_.begin(), outgoing_.end(), [&](const Outgoing& outgoing) {
      return outgoing.packet_id == pubcomp->packet_id && outgoing.received;
    });
    if (found == outgoing_.end()) throw Violation{"a PUBCOMP nobody waits for"};
    outgoing_.erase(found);
  }
}

void Client::on_connack(const mqtt::Connack& packet) {
  trace_->note("c%-7u gets CONNACK %u session present %d", profile_.index,
               static_cast<unsigned>(packet.reason), packet.session_present);
  if (mqtt::is_error(packet.reason)) return;
  if (connected_) throw Violation{"a second CONNACK"};
  connected_ = true;
  begins_anew_ = false;
  ends_with_connection_ = expiry_asked_s_ == 0;
  server_receive_maximum_ = packet.receive_maximum.value_or(65535);
  oracle_->connected(profile_.index, connection->number, packet.session_present);
  if (packet.session_present)
    send_again();
  else
    forget_session();
}

// It may find a session of its own that is not the one its state is of.
bool Client::is_perhaps_expired() const {
  constexpr Milliseconds margin = 2000;
  if (expiry_asked_s_ == mqtt::session_never_expires || (outgoing_.empty() && incoming_.empty()))
    return false;
  return oracle_->now() - lost_at_ > Milliseconds{expiry_asked_s_} * 1000 - margin;
}

void Client::begin_anew() {
  forget_session();
  begins_anew_ = true;
}

void Client::forget_session() {
  outgoing_.clear();
  incoming_.clear();
  filters_.clear();
}

void Client::on_publish(const mqtt::Publish& packet) {
  const MessageId id = packet.payload.empty() ? ~0U : id_in(packet.payload);
  trace_->note("c%-7u gets PUBLISH %d on %.*s qos %d%s%s id %u", profile_.index, static_cast<int>(id),
               static_cast<int>(packet.topic.size()), packet.topic.data(), static_cast<int>(packet.qos),
               packet.retain ? " retain" : "", packet.dup ? " dup" : "", packet.packet_id);
  if (packet.qos == mqtt::Qos::exactly_once) {
    mqtt::encode(mqtt::Pubrec{packet.packet_id, {}, {}, {}}, profile_.version, answers_);
    const auto [held, fresh] = incoming_.try_emplace(packet.packet_id, id);
    if (!fresh && held->second != id)
      throw Violation{"a packet identifier in use is used for another message"};
    if (!fresh && !packet.dup) throw Violation{"sent again without DUP"};
    if (!fresh) return;
  } else if (packet.qos == mqtt::Qos::at_least_once) {
    if (!unanswered_.insert(packet.packet_id).second && !packet.dup)
      throw Violation{"a packet identifier in use is used again"};
    mqtt::encode(mqtt::Puback{packet.packet_id, {}, {}, {}}, profile_.version, answers_);
  }
  if (packet.payload.empty()) return;  // a retained value is cleared: which message did it cannot be seen
  Oracle::Received received{id, packet.topic, packet.qos, packet.retain, packet.dup, {}, {}};
  received.is_marked = packet.payload.back() == change_mark;
  mqtt::PropertyReader properties{packet.properties.raw};
  while (const auto property = properties.next())
    if (property->id == mqtt::PropertyId::subscription_identifier)
      received.identifiers.push_back(property->number);
  oracle_->received(profile_.index, received);
  if (packet.retain) retained_seen[std::string{packet.topic}] = id;
}

void Client::on_acknowledgement(mqtt::PacketId packet_id, mqtt::Qos qos, mqtt::ReasonCode reason) {
  const auto found = std::find_if(outgoing_.begin(), outgoing_.end(), [&](const Outgoing& outgoing) {
    return outgoing.packet_id == packet_id && !outgoing.received && oracle_->message(outgoing.id).qos == qos;
  });
  trace_->note("c%-7u gets %s id %u reason %u", profile_.index,
               qos == mqtt::Qos::at_least_once ? "PUBACK" : "PUBREC", packet_id,
               static_cast<unsigned>(reason));
  if (found == outgoing_.end()) throw Violation{"an acknowledgement nobody waits for"};
  if (mqtt::is_error(reason)) {
    outgoing_.erase(found);
    return;
  }
  oracle_->acknowledged(found->id);
  if (qos == mqtt::Qos::at_least_once) {
    outgoing_.erase(found);
    return;
  }
  found->received = true;
  mqtt::encode(mqtt::Pubrel{packet_id, {}, {}, {}}, profile_.version, answers_);
}

void Client::on_answer(mqtt::PacketId packet_id, bool subscribes, std::span<const mqtt::ReasonCode> reasons) {
  const auto found = asked_.find(packet_id);
  if (found == asked_.end() || found->second.subscribes != subscribes)
    throw Violation{"a SUBACK or UNSUBACK nobody waits for"};
  const std::vector<std::uint32_t>& requests = found->second.requests;
  const bool has_reasons = subscribes || profile_.version == mqtt::Version::v5_0;
  if (has_reasons && reasons.size() != requests.size())
    throw Violation{"not one reason code for each filter"};
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const bool success = !has_reasons || !mqtt::is_error(reasons[i]);
    trace_->note("c%-7u gets %s id %u %d", profile_.index, subscribes ? "SUBACK" : "UNSUBACK", packet_id,
                 success);
    if (subscribes)
      oracle_->subscribed(profile_.index, requests[i], success);
    else if (success)
      oracle_->unsubscribed(profile_.index, requests[i]);
  }
  asked_.erase(found);
}

}  // namespace mortise::simulation
