#include "mqtt/decode.hpp"

#include "mqtt/decode_connect.hpp"
#include "mqtt/topic.hpp"

namespace mortise::mqtt {
namespace {

using enum ReasonCode;
using Id = PropertyId;
template <class P>
using Decoded = base::Result<P, Malformed>;

PacketId read_packet_id(Reader& reader) {
  const PacketId id = reader.two_bytes(field<"packet identifier">);
  reader.require(id != 0, protocol_error, "the packet identifier is 0");  // [MQTT-2.2.1-3]
  return id;
}

// The properties of a packet that acts upon none but the reason string.
template <class P>
void read_answer_properties(Reader& reader, P& packet) {
  packet.raw = read_properties(reader, P::type, [&](const Property& property) {
    if (property.id == Id::reason_string) packet.reason_string = as_text(property.value);
  });
}

ReasonCode read_reason(Reader& reader, PacketType packet) {
  const auto reason = static_cast<ReasonCode>(reader.byte(field<"reason code">));
  reader.require(is_allowed(reason, packet), protocol_error, "the reason code is not one of this packet");
  return reason;
}

// PUBACK, PUBREC, PUBREL, PUBCOMP: what is left out is success and no properties.  (MQTT 5.0 §3.4.2.1)
template <class P>
Decoded<P> decode_acknowledgement(const Frame& frame, Version version) {
  Reader reader = reader_of(frame, version);
  P packet{.packet_id = read_packet_id(reader)};
  if (version == Version::v5_0 && !reader.empty()) packet.reason = read_reason(reader, P::type);
  if (version == Version::v5_0 && !reader.empty()) read_answer_properties(reader, packet);
  return reader.finish(packet);
}

SubscriptionOptions read_options(Reader& reader, std::string_view filter, Version version) {
  const std::uint8_t bits = reader.byte(field<"subscription options byte">);
  const std::uint8_t reserved = version == Version::v5_0 ? 0xC0 : 0xFC;
  reader.require(
      (bits & reserved) == 0, malformed_packet,
      "reserved bits of the subscription options are set");  // [MQTT-3.8.3-5], [MQTT-3-8.3-4] of 3.1.1
  const std::uint8_t qos = bits & 0x03;
  reader.require(qos != 3, version == Version::v5_0 ? protocol_error : malformed_packet,
                 "the maximum QoS of the subscription is 3");
  const std::uint8_t handling = bits >> 4 & 0x03;
  reader.require(handling != 3, protocol_error, "the retain handling of the subscription is 3");
  const bool no_local = (bits & 0x04) != 0;
  reader.require(!no_local || !split_shared(filter).shared, protocol_error,
                 "no local is set on a shared subscription");  // [MQTT-3.8.3-4]
  return {.maximum_qos = static_cast<Qos>(qos),
          .no_local = no_local,
          .retain_as_published = (bits & 0x08) != 0,
          .retain_handling = static_cast<RetainHandling>(handling)};
}

bool is_return_code(ReasonCode code) {
  return code == granted_qos_0 || code == granted_qos_1 || code == granted_qos_2 || code == unspecified_error;
}

// SUBACK and UNSUBACK: a list of reason codes; the UNSUBACK of 3.1.1 has none.
template <class P>
Decoded<P> decode_reasons(const Frame& frame, Version version) {
  Reader reader = reader_of(frame);
  P packet;
  packet.packet_id = read_packet_id(reader);
  if (version == Version::v5_0) read_answer_properties(reader, packet);
  if (version != Version::v5_0 && P::type == PacketType::unsuback) return reader.finish(std::move(packet));
  reader.require(!reader.empty(), protocol_error, "the acknowledgement has no reason code");
  packet.reasons.reserve(reader.rest().size());
  while (!reader.empty()) {
    const ReasonCode reason = read_reason(reader, P::type);
    reader.require(version == Version::v5_0 || is_return_code(reason), protocol_error,
                   "the return code is not one of a SUBACK");  // [MQTT-3.9.3-2] of 3.1.1
    packet.reasons.push_back(reason);
  }
  return reader.finish(std::move(packet));
}

}  // namespace

template <>
Decoded<Publish> decode_as(const Frame& frame, Version version) {
  constexpr std::uint8_t dup_bit = 0x08;
  const std::uint8_t qos = frame.flags >> 1 & 0x03;
  Reader reader{frame.body};
  reader.require(qos != 3, malformed_packet, "the QoS of the PUBLISH is 3");  // [MQTT-3.3.1-4]
  reader.require(qos != 0 || (frame.flags & dup_bit) == 0, malformed_packet,
                 "the DUP flag is set on QoS 0");  // [MQTT-3.3.1-2]

  Publish packet{.dup = (frame.flags & dup_bit) != 0,
                 .qos = static_cast<Qos>(qos),
                 .retain = (frame.flags & 0x01) != 0,
                 .topic = as_text(reader.binary(field<"topic name">))};
  if (!is_plain_topic(packet.topic)) {
    reader.require(is_utf8(packet.topic), malformed_packet,
                   field<"topic name">.not_utf8);  // [MQTT-1.5.4-1] [MQTT-1.5.4-2]
    reader.require(!has_wildcard(packet.topic), protocol_error,
                   "the topic name has wildcards");  // [MQTT-3.3.2-2]
  }
  if (qos != 0) packet.packet_id = read_packet_id(reader);
  if (version == Version::v5_0 && !reader.take_zero())  // a zero: no properties, as most have it
    read_message_properties(reader, PacketType::publish, packet.properties);
  if (packet.topic.empty()) [[unlikely]] {
    if (version != Version::v5_0)
      reader.fail({malformed_packet, "the topic name is empty"});  // [MQTT-4.7.3-1]
    else
      reader.require(packet.properties.topic_alias.has_value(), protocol_error,
                     "the topic name is empty and there is no topic alias");  // (MQTT 5.0 §3.3.2.1)
  }
  packet.payload = reader.take_rest();
  return reader.finish(packet);
}

template <>
Decoded<Puback> decode_as(const Frame& frame, Version version) {
  return decode_acknowledgement<Puback>(frame, version);
}
template <>
Decoded<Pubrec> decode_as(const Frame& frame, Version version) {
  return decode_acknowledgement<Pubrec>(frame, version);
}
template <>
Decoded<Pubrel> decode_as(const Frame& frame, Version version) {
  return decode_acknowledgement<Pubrel>(frame, version);
}
template <>
Decoded<Pubcomp> decode_as(const Frame& frame, Version version) {
  return decode_acknowledgement<Pubcomp>(frame, version);
}

template <>
Decoded<Subscribe> decode_as(const Frame& frame, Version version) {
  Reader reader = reader_of(frame, version);
  Subscribe packet;
  packet.packet_id = read_packet_id(reader);
  if (version == Version::v5_0)
    packet.raw = read_properties(reader, PacketType::subscribe, [&](const Property& property) {
      if (property.id == Id::subscription_identifier) packet.subscription_identifier = property.number;
    });
  reader.require(!reader.empty(), protocol_error, "the SUBSCRIBE has no topic filter");  // [MQTT-3.8.3-2]
  while (!reader.empty()) {
    const std::string_view filter = reader.string(field<"topic filter">);  // [MQTT-3.8.3-1]
    packet.entries.push_back({filter, read_options(reader, filter, version)});
  }
  return reader.finish(std::move(packet));
}

template <>
Decoded<Unsubscribe> decode_as(const Frame& frame, Version version) {
  Reader reader = reader_of(frame, version);
  Unsubscribe packet;
  packet.packet_id = read_packet_id(reader);
  if (version == Version::v5_0)
    packet.raw = read_properties(reader, PacketType::unsubscribe, [](const Property&) {});
  reader.require(!reader.empty(), protocol_error, "the UNSUBSCRIBE has no topic filter");  // [MQTT-3.10.3-2]
  while (!reader.empty()) packet.filters.push_back(reader.string(field<"topic filter">));  // [MQTT-3.10.3-1]
  return reader.finish(std::move(packet));
}

template <>
Decoded<Suback> decode_as(const Frame& frame, Version version) {
  return decode_reasons<Suback>(frame, version);
}
template <>
Decoded<Unsuback> decode_as(const Frame& frame, Version version) {
  return decode_reasons<Unsuback>(frame, version);
}

template <>
Decoded<Pingreq> decode_as(const Frame& frame, Version) {
  return reader_of(frame).finish(Pingreq{});
}
template <>
Decoded<Pingresp> decode_as(const Frame& frame, Version) {
  return reader_of(frame).finish(Pingresp{});
}

template <>
Decoded<Disconnect> decode_as(const Frame& frame, Version version) {
  Reader reader = reader_of(frame);
  Disconnect packet;
  if (version == Version::v5_0 && !reader.empty())
    packet.reason = read_reason(reader, PacketType::disconnect);
  if (version == Version::v5_0 && !reader.empty())
    packet.raw = read_properties(reader, PacketType::disconnect, [&](const Property& property) {
      switch (property.id) {
        case Id::session_expiry_interval: packet.session_expiry_s = property.number; break;
        case Id::reason_string: packet.reason_string = as_text(property.value); break;
        case Id::server_reference: packet.server_reference = as_text(property.value); break;
        default: break;  // a user property
      }
    });
  return reader.finish(packet);
}

// Only the AUTH of no bytes at all goes without a method: it stands for success.  (MQTT 5.0 §3.15.2.1)
template <>
Decoded<Auth> decode_as(const Frame& frame, Version version) {
  Reader reader = reader_of(frame);
  reader.require(version == Version::v5_0, malformed_packet, "packet type 15 is reserved in MQTT 3.1.1");
  Auth packet;
  if (frame.body.empty()) return reader.finish(packet);
  packet.reason = read_reason(reader, PacketType::auth);
  packet.raw = read_properties(reader, PacketType::auth, [&](const Property& property) {
    switch (property.id) {
      case Id::authentication_method: packet.authentication_method = as_text(property.value); break;
      case Id::authentication_data: packet.authentication_data = property.value; break;
      case Id::reason_string: packet.reason_string = as_text(property.value); break;
      default: break;  // a user property
    }
  });
  reader.require(packet.authentication_method.has_value(), protocol_error,
                 "the AUTH has no authentication method");
  return reader.finish(packet);
}

Decoded<Packet> decode(const Frame& frame, Version version) {
  return decode_for(frame, version, []<class P>(Decoded<P>&& decoded) -> Decoded<Packet> {
    if (!decoded) return base::Failure{decoded.error()};
    return Packet{std::move(decoded).take()};
  });
}

}  // namespace mortise::mqtt
