#include "healthy.hpp"

#include "mqtt/decode.hpp"
#include "mqtt/reader.hpp"

namespace mortise::fuzz {

using mqtt::PacketType;
using mqtt::Qos;

namespace {

constexpr std::uint16_t aliases_max = 4;
constexpr mqtt::PacketId subscribe_id = 1;

std::optional<std::uint16_t> alias_of(const mqtt::Publish& packet) { return packet.properties.topic_alias; }

}  // namespace

Healthy::Healthy(conformance::World& world, Traits traits)
    : world_{world}, traits_{std::move(traits)}, connection_{world.open()} {
  const std::string client_id = traits_.name + traits_.secret;
  mqtt::Connect connect{.version = traits_.version, .clean_start = true, .client_id = client_id};
  if (traits_.version == mqtt::Version::v5_0) connect.topic_alias_maximum = aliases_max;
  send(connect);
  listen();
  promise(connected_, "a client that does nothing wrong is let in");
  const std::string own = traits_.secret + "/+";
  mqtt::Subscribe subscribe{.packet_id = subscribe_id};
  subscribe.entries.push_back({own, {.maximum_qos = Qos::exactly_once}});
  if (traits_.hears_everything) subscribe.entries.push_back({"#", {.maximum_qos = Qos::exactly_once}});
  send(subscribe);
}

std::string Healthy::say(Qos qos) {
  const std::string payload = traits_.name + std::to_string(++said_);
  const std::string topic = traits_.secret + '/' + traits_.name;
  mqtt::Publish packet{.qos = qos, .topic = topic};
  packet.payload = {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
  if (qos != Qos::at_most_once) {
    packet.packet_id = ++last_id_;
    unanswered_[packet.packet_id] = qos == Qos::at_least_once ? PacketType::puback : PacketType::pubrec;
  }
  send(packet);
  return payload;
}

int Healthy::heard(const std::string& payload) const {
  const auto found = heard_.find(payload);
  return found == heard_.end() ? 0 : found->second;
}

void Healthy::disconnect() {
  send(mqtt::Disconnect{});
  listen();
  promise(world_.is_closed(connection_), "a client that says goodbye is let go");
}

bool Healthy::listen() {
  if (!world_.receive(connection_, unread_, conformance::World::Hope::expected)) return false;
  const std::vector<std::uint8_t> bytes = std::exchange(unread_, {});
  Bytes rest = bytes;
  for (;;) {
    const auto frame = mqtt::read_frame(rest, SIZE_MAX);
    promise(static_cast<bool>(frame), "what the broker sends has frames");
    if (frame->size == 0) break;
    const auto packet = mqtt::decode(*frame, traits_.version);
    promise(static_cast<bool>(packet), "what the broker sends is well-formed");
    on_packet(*packet);
    rest = rest.subspan(frame->size);
  }
  unread_.assign(rest.begin(), rest.end());
  return true;
}

void Healthy::send(const mqtt::Packet& packet) {
  promise(!world_.is_closed(connection_), "a client that does nothing wrong is not disconnected");
  mqtt::Buffer bytes;
  mqtt::encode(packet, traits_.version, bytes);
  world_.send(connection_, bytes);
}

void Healthy::on_packet(const mqtt::Packet& packet) {
  std::visit(
      [this](const auto& known) {
        if constexpr (requires { this->on(known); })
          on(known);
        else
          promise(false, "a client that does nothing wrong is not sent any other packet");
      },
      packet);
}

void Healthy::on(const mqtt::Connack& packet) {
  promise(!connected_ && !packet.session_present && packet.reason == mqtt::ReasonCode::success,
          "it is let in once, to a new session");
  connected_ = true;
}

void Healthy::on(const mqtt::Suback& packet) {
  promise(packet.packet_id == subscribe_id && !subscribed_, "its SUBSCRIBE is answered once");
  for (const mqtt::ReasonCode reason : packet.reasons)
    promise(static_cast<int>(reason) == 2, "it is granted what it asks for");
  subscribed_ = true;
}

std::string Healthy::topic_of(const mqtt::Publish& packet) {
  const auto alias = alias_of(packet);
  if (alias) promise(*alias >= 1 && *alias <= aliases_max, "an alias is one the client allows");
  if (!packet.topic.empty()) {
    if (alias) aliases_[*alias] = packet.topic;
    return std::string{packet.topic};
  }
  promise(alias && aliases_.contains(*alias), "an alias that stands alone was told before");
  return aliases_[*alias];
}

void Healthy::on(const mqtt::Publish& packet) {
  const std::string topic = topic_of(packet);
  const bool is_own = topic.starts_with(traits_.secret + '/');
  promise(is_own || traits_.hears_everything, "it is sent what it subscribed to");
  promise(packet.qos == Qos::at_most_once || packet.packet_id != 0, "a message has its identifier");
  const bool is_new = packet.qos != Qos::exactly_once || half_received_.insert(packet.packet_id).second;
  if (is_own && is_new) ++heard_[std::string{mqtt::as_text(packet.payload)}];
  if (packet.qos == Qos::at_least_once) send(mqtt::Puback{.packet_id = packet.packet_id});
  if (packet.qos == Qos::exactly_once) send(mqtt::Pubrec{.packet_id = packet.packet_id});
}

void Healthy::on(const mqtt::Puback& packet) {
  const auto found = unanswered_.find(packet.packet_id);
  promise(found != unanswered_.end() && found->second == PacketType::puback, "a PUBACK was waited for");
  unanswered_.erase(found);
}

void Healthy::on(const mqtt::Pubrec& packet) {
  const auto found = unanswered_.find(packet.packet_id);
  promise(found != unanswered_.end() && found->second == PacketType::pubrec, "a PUBREC was waited for");
  promise(!mqtt::is_error(packet.reason), "its message is taken");
  found->second = PacketType::pubcomp;
  send(mqtt::Pubrel{.packet_id = packet.packet_id});
}

void Healthy::on(const mqtt::Pubrel& packet) {
  half_received_.erase(packet.packet_id);  // it may be said again: this client listens now and then only
  send(mqtt::Pubcomp{.packet_id = packet.packet_id});
}

void Healthy::on(const mqtt::Pubcomp& packet) {
  const auto found = unanswered_.find(packet.packet_id);
  promise(found != unanswered_.end() && found->second == PacketType::pubcomp, "a PUBCOMP was waited for");
  unanswered_.erase(found);
}

}  // namespace mortise::fuzz
