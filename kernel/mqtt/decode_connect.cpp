#include "mqtt/decode_connect.hpp"

#include <array>

#include "mqtt/topic.hpp"

namespace mortise::mqtt {
namespace {

using enum ReasonCode;
using Id = PropertyId;

// The connect flags.  (MQTT 5.0 §3.1.2.3)
struct ConnectFlags {
  std::uint8_t bits;
  bool reserved() const { return bits & 0x01; }
  bool clean_start() const { return bits & 0x02; }
  bool will() const { return bits & 0x04; }
  std::uint8_t will_qos() const { return bits >> 3 & 0x03; }
  bool will_retain() const { return bits & 0x20; }
  bool password() const { return bits & 0x40; }
  bool username() const { return bits & 0x80; }
};

void check_flags(Reader& reader, ConnectFlags flags, Version version) {
  reader.require(!flags.reserved(), malformed_packet, "the reserved connect flag is set");  // [MQTT-3.1.2-3]
  reader.require(flags.will_qos() != 3, malformed_packet, "the will QoS is 3");             // [MQTT-3.1.2-12]
  if (!flags.will()) {  // [MQTT-3.1.2-11] [MQTT-3.1.2-13]
    reader.require(flags.will_qos() == 0, malformed_packet, "there is a will QoS without a will");
    reader.require(!flags.will_retain(), malformed_packet, "the will retain flag is set without a will");
  }
  if (version != Version::v5_0)  // [MQTT-3.1.2-22] of 3.1.1
    reader.require(flags.username() || !flags.password(), malformed_packet,
                   "there is a password without a user name");
}

// Of the whole 5.0 CONNECT its properties, and whether they may stand together.
void read_connect_properties(Reader& reader, Connect& packet) {
  bool has_data = false;
  packet.raw = read_properties(reader, PacketType::connect, [&](const Property& property) {
    switch (property.id) {
      case Id::session_expiry_interval: packet.session_expiry_s = property.number; break;
      case Id::receive_maximum: packet.receive_maximum = static_cast<std::uint16_t>(property.number); break;
      case Id::maximum_packet_size: packet.maximum_packet_size = property.number; break;
      case Id::topic_alias_maximum:
        packet.topic_alias_maximum = static_cast<std::uint16_t>(property.number);
        break;
      case Id::request_response_information:
        packet.request_response_information = property.number == 1;
        break;
      case Id::request_problem_information: packet.request_problem_information = property.number == 1; break;
      case Id::authentication_method: packet.authentication_method = as_text(property.value); break;
      case Id::authentication_data:
        packet.authentication_data = property.value;
        has_data = true;
        break;
      default: break;  // a user property
    }
  });
  reader.require(packet.authentication_method || !has_data, protocol_error,
                 "there is authentication data without an authentication method");
}

Will read_will(Reader& reader, ConnectFlags flags, Version version) {
  Will will{.qos = static_cast<Qos>(flags.will_qos()), .retain = flags.will_retain()};
  if (version == Version::v5_0)
    will.delay_s = read_message_properties(reader, will_properties, will.properties);
  will.topic = reader.string(field<"will topic">);  // [MQTT-3.1.3-11]
  reader.require(is_topic_name(will.topic), protocol_error, "the will topic is empty or has wildcards");
  will.payload = reader.binary(field<"will payload">);
  return will;
}

void read_connack_properties(Reader& reader, Connack& packet) {
  bool has_data = false;
  packet.raw = read_properties(reader, PacketType::connack, [&](const Property& property) {
    const std::uint32_t number = property.number;
    const auto short_number = static_cast<std::uint16_t>(number);
    switch (property.id) {
      case Id::session_expiry_interval: packet.session_expiry_s = number; break;
      case Id::receive_maximum: packet.receive_maximum = short_number; break;
      case Id::maximum_qos: packet.maximum_qos = static_cast<Qos>(number); break;
      case Id::retain_available: packet.retain_available = number == 1; break;
      case Id::maximum_packet_size: packet.maximum_packet_size = number; break;
      case Id::assigned_client_identifier: packet.assigned_client_id = as_text(property.value); break;
      case Id::topic_alias_maximum: packet.topic_alias_maximum = short_number; break;
      case Id::reason_string: packet.reason_string = as_text(property.value); break;
      case Id::wildcard_subscription_available: packet.wildcard_subscription_available = number == 1; break;
      case Id::subscription_identifier_available:
        packet.subscription_identifiers_available = number == 1;
        break;
      case Id::shared_subscription_available: packet.shared_subscription_available = number == 1; break;
      case Id::server_keep_alive: packet.server_keep_alive_s = short_number; break;
      case Id::response_information: packet.response_information = as_text(property.value); break;
      case Id::server_reference: packet.server_reference = as_text(property.value); break;
      case Id::authentication_method: packet.authentication_method = as_text(property.value); break;
      case Id::authentication_data:
        packet.authentication_data = property.value;
        has_data = true;
        break;
      default: break;  // a user property
    }
  });
  reader.require(packet.authentication_method || !has_data, protocol_error,
                 "there is authentication data without an authentication method");
}

// By return code.  (MQTT 3.1.1 §3.2.2.3, table 3.1)
constexpr std::array reason_by_return_code{success,
                                           unsupported_protocol_version,
                                           client_identifier_not_valid,
                                           server_unavailable,
                                           bad_user_name_or_password,
                                           not_authorized};

}  // namespace

std::uint32_t read_message_properties(Reader& reader, PacketType packet, PublishProperties& properties) {
  std::uint32_t delay_s = 0;
  properties.raw = read_properties(reader, packet, [&](const Property& property) {
    switch (property.id) {
      case Id::message_expiry_interval: properties.message_expiry_s = property.number; break;
      case Id::topic_alias: properties.topic_alias = static_cast<std::uint16_t>(property.number); break;
      case Id::payload_format_indicator: properties.payload_is_utf8 = property.number == 1; break;
      case Id::subscription_identifier: properties.has_subscription_identifier = true; break;
      case Id::will_delay_interval: delay_s = property.number; break;
      default: break;  // what is only passed on
    }
  });
  return delay_s;
}

template <>
base::Result<Connect, Malformed> decode_as(const Frame& frame, Version) {
  Reader reader = reader_of(frame);
  const Bytes name = reader.binary(field<"protocol name">);
  const bool is_3_1 = as_text(name) == "MQIsdp";
  reader.require(is_3_1 || as_text(name) == "MQTT", unsupported_protocol_version,
                 "the protocol name is neither MQTT nor, of 3.1, MQIsdp");  // [MQTT-3.1.2-1]
  const std::uint8_t said = reader.byte(field<"protocol version">);
  const auto level = static_cast<std::uint8_t>(said & 0x7F);
  reader.require(said == level || level != 5, unsupported_protocol_version,
                 "the bit of a bridge is set, which 5.0 does not have");
  reader.require(is_3_1 ? level == 3 : level == 4 || level == 5, unsupported_protocol_version,
                 "the protocol version is not one that goes with the protocol name");  // [MQTT-3.1.2-2]
  if (reader.failed()) return base::Failure{reader.fault()};

  Connect packet{.version = static_cast<Version>(level), .is_bridge = said != level};
  const ConnectFlags flags{reader.byte(field<"connect flags">)};
  check_flags(reader, flags, packet.version);
  packet.clean_start = flags.clean_start();
  packet.keep_alive_s = reader.two_bytes(field<"keep alive">);
  if (packet.version == Version::v5_0) read_connect_properties(reader, packet);
  packet.client_id = reader.string(field<"client identifier">);  // [MQTT-3.1.3-3] [MQTT-3.1.3-4]
  if (flags.will()) packet.will = read_will(reader, flags, packet.version);
  if (flags.username()) packet.username = reader.string(field<"user name">);  // [MQTT-3.1.3-12]
  if (flags.password()) packet.password = reader.binary(field<"password">);
  return reader.finish(std::move(packet));
}

template <>
base::Result<Connack, Malformed> decode_as(const Frame& frame, Version version) {
  Reader reader = reader_of(frame);
  Connack packet;
  const std::uint8_t flags = reader.byte(field<"connect acknowledge flags">);
  reader.require((flags & 0xFE) == 0, malformed_packet,
                 "a reserved connect acknowledge flag is set");  // [MQTT-3.2.2-1]
  packet.session_present = (flags & 0x01) != 0;
  const std::uint8_t code = reader.byte(field<"connect reason code">);
  if (version != Version::v5_0) {
    reader.require(code < reason_by_return_code.size(), protocol_error, "the connect return code is unknown");
    if (!reader.failed()) packet.reason = reason_by_return_code[code];
  } else {
    packet.reason = static_cast<ReasonCode>(code);
    reader.require(is_allowed(packet.reason, PacketType::connack), protocol_error,
                   "the reason code is not one of a CONNACK");  // [MQTT-3.2.2-8]
    read_connack_properties(reader, packet);
  }
  reader.require(packet.reason == success || !packet.session_present, protocol_error,
                 "a refused connection has no session present");  // [MQTT-3.2.2-6]
  return reader.finish(std::move(packet));
}

}  // namespace mortise::mqtt
