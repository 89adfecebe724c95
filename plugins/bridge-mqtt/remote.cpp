#include "remote.hpp"

#include <algorithm>

#include "mqtt/decode.hpp"
#include "mqtt/reader.hpp"
#include "mqtt/topic.hpp"
#include "mqtt/writer.hpp"

namespace mortise::bridge {

void Remote::connect(Clock::time_point now) {
  mqtt::Connect packet;
  packet.version = version();
  packet.is_bridge = !settings_.is_v5 && bridge_bit_;
  packet.clean_start = !settings_.persistent;
  packet.keep_alive_s = static_cast<std::uint16_t>(settings_.keep_alive.count());
  packet.client_id = settings_.client_id;
  if (!settings_.username.empty()) packet.username = settings_.username;
  if (!password_.empty()) packet.password = mqtt::as_bytes(password_);
  if (settings_.persistent)
    packet.session_expiry_s = static_cast<std::uint32_t>(settings_.session_expiry.count());
  packet.receive_maximum = settings_.inflight;
  packet.maximum_packet_size = settings_.packet_size;
  mqtt::Buffer bytes;
  mqtt::encode(packet, bytes);
  output.insert(output.end(), bytes.begin(), bytes.end());
  limits_.keep_alive = settings_.keep_alive;
  last_written_ = pinged_ = now;
}

void Remote::subscribe(mqtt::PacketId packet_id, const std::vector<Route>& routes, bool session_present) {
  mqtt::Subscribe packet;
  packet.packet_id = packet_id;
  std::vector<std::string> filters;
  filters.reserve(routes.size());
  for (const Route& route : routes) {
    mqtt::SubscriptionOptions options;
    options.maximum_qos = static_cast<mqtt::Qos>(route.qos);
    if (settings_.is_v5) {
      options.no_local = true;
      options.retain_as_published = true;
      if (session_present) options.retain_handling = mqtt::RetainHandling::send_if_new;
    }
    filters.push_back(route.remote_filter());
    packet.entries.push_back({filters.back(), options});
  }
  mqtt::encode(packet, version(), output);
}

void Remote::puback(mqtt::PacketId packet_id, mqtt::ReasonCode reason) {
  owed_.erase(packet_id);
  mqtt::encode(mqtt::Puback{.packet_id = packet_id, .reason = reason}, version(), output);
}
void Remote::pubrec(mqtt::PacketId packet_id, mqtt::ReasonCode reason) {
  if (mqtt::is_error(reason)) owed_.erase(packet_id);
  mqtt::encode(mqtt::Pubrec{.packet_id = packet_id, .reason = reason}, version(), output);
}
void Remote::pubrel(mqtt::PacketId packet_id) {
  mqtt::encode(mqtt::Pubrel{.packet_id = packet_id}, version(), output);
}
void Remote::pubcomp(mqtt::PacketId packet_id, mqtt::ReasonCode reason) {
  owed_.erase(packet_id);
  mqtt::encode(mqtt::Pubcomp{.packet_id = packet_id, .reason = reason}, version(), output);
}
void Remote::disconnect(mqtt::ReasonCode reason) {
  mqtt::Disconnect packet;
  packet.reason = reason;
  mqtt::encode(packet, version(), output);
}

void Remote::fail(mqtt::ReasonCode reason, const std::string& why) {
  if (!failed_.empty()) return;
  failed_ = why + "; " + std::string{remedy(reason)};
  fault_ = reason;
  if (connected_ && settings_.is_v5) disconnect(reason);
}

// What the operator can do about it.
std::string_view Remote::remedy(mqtt::ReasonCode reason) const {
  if (reason == mqtt::ReasonCode::packet_too_large) return "raise packet_size";
  if (!settings_.is_v5) return "is this the port of an MQTT broker?";
  const bool is_of_5_0_alone =
      reason == mqtt::ReasonCode::receive_maximum_exceeded || reason == mqtt::ReasonCode::topic_alias_invalid;
  return is_of_5_0_alone ? "it does not keep to MQTT 5.0: try version: \"3.1.1\""
                         : "is it an MQTT 5.0 broker? version: \"3.1.1\" speaks the older protocol";
}

void Remote::on_bytes(mqtt::Bytes bytes, Clock::time_point now) {
  heard_ = now;
  unread_.insert(unread_.end(), bytes.begin(), bytes.end());
  if (!held_) read();
}

void Remote::resume(Clock::time_point now) {
  if (!held_) return;
  held_ = false;
  heard_ = now;  // what it sent meanwhile lies unread
  read();
}

void Remote::read() {
  std::size_t done = 0;
  while (failed_.empty() && done < unread_.size()) {
    const auto frame = mqtt::read_frame(mqtt::Bytes{unread_}.subspan(done), settings_.packet_size);
    if (!frame) {
      const bool is_mqtt = frame.error().reason == mqtt::ReasonCode::packet_too_large;
      fail(frame.error().reason, is_mqtt
                                     ? "the remote sent a packet of over packet_size"
                                     : "the remote sent what is no MQTT: " + std::string{frame.error().what});
      break;
    }
    if (frame->size == 0) break;
    if (!take(*frame)) {
      held_ = true;
      break;
    }
    done += frame->size;
  }
  unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(done));
}

bool Remote::take(const mqtt::Frame& frame) {
  if (!connected_ && frame.type != mqtt::PacketType::connack) {
    fail(mqtt::ReasonCode::protocol_error, "the remote sent a packet before CONNACK");
    return true;
  }
  return mqtt::decode_for(frame, version(), [&](const auto& packet) {
    if (!packet) {
      fail(packet.error().reason, "the remote sent a malformed packet: " + std::string{packet.error().what});
      return true;
    }
    using Kind = std::decay_t<decltype(*packet)>;
    if constexpr (std::is_same_v<Kind, mqtt::Connack>) {
      on_connack(*packet);
    } else if constexpr (std::is_same_v<Kind, mqtt::Publish>) {
      return on_publish(*packet);
    } else if constexpr (std::is_same_v<Kind, mqtt::Puback>) {
      events_.on_puback(packet->packet_id, packet->reason);
    } else if constexpr (std::is_same_v<Kind, mqtt::Pubrec>) {
      events_.on_pubrec(packet->packet_id, packet->reason);
    } else if constexpr (std::is_same_v<Kind, mqtt::Pubrel>) {
      return events_.on_pubrel(packet->packet_id);
    } else if constexpr (std::is_same_v<Kind, mqtt::Pubcomp>) {
      events_.on_pubcomp(packet->packet_id, packet->reason);
    } else if constexpr (std::is_same_v<Kind, mqtt::Suback>) {
      events_.on_suback(*packet);
    } else if constexpr (std::is_same_v<Kind, mqtt::Unsuback>) {
      // Nothing waits for it.
    } else if constexpr (std::is_same_v<Kind, mqtt::Pingresp>) {
      waits_for_pingresp_ = false;
    } else if constexpr (std::is_same_v<Kind, mqtt::Disconnect>) {
      if (!settings_.is_v5) {  // a server has none
        fail(mqtt::ReasonCode::protocol_error, "the remote sent a packet that only a client sends");
        return true;
      }
      connected_ = false;
      failed_ = "the remote ended the connection: " + std::string{mqtt::text_of(packet->reason)};
      if (packet->reason_string) failed_ += " (" + std::string{*packet->reason_string} + ")";
      events_.on_ended(packet->reason);
    } else {
      fail(mqtt::ReasonCode::protocol_error, "the remote sent a packet that only a client sends");
    }
    return true;
  });
}

void Remote::on_connack(const mqtt::Connack& packet) {
  if (connected_) return fail(mqtt::ReasonCode::protocol_error, "the remote sent a second CONNACK");
  if (mqtt::is_error(packet.reason)) {
    failed_ = "the remote refused the connection: " + std::string{mqtt::text_of(packet.reason)};
    if (packet.reason_string) failed_ += " (" + std::string{*packet.reason_string} + ")";
    return events_.on_refused(packet.reason);
  }
  if (packet.session_present && !settings_.persistent) {  // [MQTT-3.2.2-4]
    connected_ = true;
    return fail(mqtt::ReasonCode::protocol_error,
                "the remote has a session after it was asked for a clean start");
  }
  connected_ = true;
  limits_.receive_maximum = packet.receive_maximum.value_or(65'535);
  limits_.maximum_packet_size = packet.maximum_packet_size.value_or(0);
  limits_.maximum_qos = static_cast<std::uint8_t>(packet.maximum_qos.value_or(mqtt::Qos::exactly_once));
  limits_.retain = packet.retain_available.value_or(true);
  if (packet.server_keep_alive_s) limits_.keep_alive = std::chrono::seconds{*packet.server_keep_alive_s};
  events_.on_connected(packet.session_present);
}

bool Remote::on_publish(const mqtt::Publish& packet) {
  if (packet.properties.topic_alias) {  // we allow none  [MQTT-3.3.2-9]
    fail(mqtt::ReasonCode::topic_alias_invalid, "the remote used a topic alias, and was allowed none");
    return true;
  }
  const bool is_new = packet.qos != mqtt::Qos::at_most_once && !owed_.contains(packet.packet_id);
  if (is_new && settings_.is_v5 && owed_.size() >= settings_.inflight) {  // [MQTT-3.3.4-7]
    fail(mqtt::ReasonCode::receive_maximum_exceeded,
         "the remote sent more unacknowledged messages than our receive maximum");
    return true;
  }
  if (!events_.on_publish(packet)) return false;
  if (is_new) owed_.insert(packet.packet_id);
  return true;
}

bool Remote::on_time(Clock::time_point now) {
  if (!connected_ || limits_.keep_alive == std::chrono::seconds{}) return true;
  if (waits_for_pingresp_) return held_ || now - std::max(pinged_, heard_) < limits_.keep_alive;
  if (now - last_written_ >= limits_.keep_alive / 2 || now - pinged_ >= limits_.keep_alive) {
    mqtt::encode(mqtt::Pingreq{}, version(), output);
    waits_for_pingresp_ = true;
    pinged_ = now;
  }
  return true;
}

}  // namespace mortise::bridge
