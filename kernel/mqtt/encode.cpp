#include "mqtt/encode.hpp"

#include <algorithm>
#include <array>

#include "mqtt/property.hpp"
#include "mqtt/writer.hpp"

namespace mortise::mqtt {
namespace {

using Id = PropertyId;

constexpr std::uint8_t first_byte(PacketType type, std::uint8_t flags = 0) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | flags);
}

// One packet: what `layout` tells both sinks is the variable header, `payload` stands behind it.
template <class Layout>
void emit(Buffer& out, std::uint8_t first, Bytes payload, Layout layout) {
  CountingSink counted;
  layout(counted);
  const std::size_t remaining = counted.size() + payload.size();
  MORTISE_EXPECT(remaining <= variable_maximum);
  const std::size_t head = 1 + variable_size(static_cast<std::uint32_t>(remaining)) + counted.size();
  const std::size_t before = out.size();
  const std::size_t after = before + head + payload.size();
  if (out.capacity() < after) out.reserve(std::max(after, 2 * out.capacity()));
  out.resize(before + head);
  WritingSink sink{out.data() + before};
  sink.byte(first);
  sink.variable(remaining);
  layout(sink);
  MORTISE_EXPECT(sink.at() == out.data() + out.size());
  out.insert(out.end(), payload.begin(), payload.end());
}

template <class Layout>
void emit(Buffer& out, std::uint8_t first, Layout layout) {
  emit(out, first, Bytes{}, layout);
}

// Properties by their rows: the row knows the type and the range.
template <class Sink>
class PropertySink {
 public:
  PropertySink(Sink& sink, PacketType packet) : sink_{sink}, packet_{packet} {}

  void number(Id id, std::uint32_t value) {
    const PropertyRow& row = row_of(id);
    MORTISE_EXPECT(value >= row.minimum && value <= row.maximum);
    sink_.byte(static_cast<std::uint8_t>(id));
    switch (row.type) {
      case PropertyType::byte: return sink_.byte(static_cast<std::uint8_t>(value));
      case PropertyType::two_bytes: return sink_.two_bytes(static_cast<std::uint16_t>(value));
      case PropertyType::four_bytes: return sink_.four_bytes(value);
      default: return sink_.variable(value);
    }
  }
  template <class Number>
  void number(Id id, const std::optional<Number>& value) {
    if (value) number(id, static_cast<std::uint32_t>(*value));
  }
  void text(Id id, const std::optional<std::string_view>& value) {
    if (value) binary(id, as_bytes(*value));
  }
  void binary(Id id, Bytes value) {
    sink_.byte(static_cast<std::uint8_t>(id));
    sink_.binary(value);
  }

  // Of `raw` what has no field in this packet.
  void rest_of(Bytes raw) {
    PropertyReader reader{raw};
    Bytes from = raw;
    while (const auto property = reader.next()) {
      const PropertyRow& row = row_of(property->id);
      MORTISE_EXPECT(contains(row.packets, packet_));
      if (!contains(row.fields, packet_)) sink_.bytes(from.first(from.size() - reader.rest().size()));
      from = reader.rest();
    }
    MORTISE_EXPECT(from.empty());
  }

 private:
  Sink& sink_;
  PacketType packet_;
};

// What `layout` tells a PropertySink, with the length in front. Its size alone when counting.
template <class Layout>
std::size_t properties_size(PacketType packet, Layout layout) {
  CountingSink counted;
  PropertySink<CountingSink> properties{counted, packet};
  layout(properties);
  return counted.size();
}
template <class Sink, class Layout>
void write_properties(Sink& sink, PacketType packet, Layout layout) {
  sink.variable(properties_size(packet, layout));
  PropertySink<Sink> properties{sink, packet};
  layout(properties);
}

// A field that is written when it differs from what its absence means.
template <class T>
std::optional<T> unless(T value, T absent) {
  return value == absent ? std::nullopt : std::optional{value};
}

auto message_properties(const PublishProperties& fields, std::uint32_t delay_s) {
  return [&fields, delay_s](auto& properties) {
    properties.number(Id::will_delay_interval, unless(delay_s, std::uint32_t{0}));
    properties.number(Id::message_expiry_interval, fields.message_expiry_s);
    properties.number(Id::topic_alias, fields.topic_alias);
    properties.number(Id::payload_format_indicator, unless(fields.payload_is_utf8, false));
    properties.rest_of(fields.raw);
  };
}

auto connect_properties(const Connect& packet) {
  return [&packet](auto& properties) {
    properties.number(Id::session_expiry_interval, unless(packet.session_expiry_s, std::uint32_t{0}));
    properties.number(Id::receive_maximum, unless(packet.receive_maximum, std::uint16_t{65535}));
    properties.number(Id::maximum_packet_size, packet.maximum_packet_size);
    properties.number(Id::topic_alias_maximum, unless(packet.topic_alias_maximum, std::uint16_t{0}));
    properties.number(Id::request_response_information, unless(packet.request_response_information, false));
    properties.number(Id::request_problem_information, unless(packet.request_problem_information, true));
    properties.text(Id::authentication_method, packet.authentication_method);
    if (!packet.authentication_data.empty()) {
      MORTISE_EXPECT(packet.authentication_method.has_value());
      properties.binary(Id::authentication_data, packet.authentication_data);
    }
    properties.rest_of(packet.raw);
  };
}

auto connack_properties(const Connack& packet) {
  return [&packet](auto& properties) {
    properties.number(Id::session_expiry_interval, packet.session_expiry_s);
    properties.number(Id::receive_maximum, packet.receive_maximum);
    properties.number(Id::maximum_qos, packet.maximum_qos);
    properties.number(Id::retain_available, packet.retain_available);
    properties.number(Id::maximum_packet_size, packet.maximum_packet_size);
    properties.text(Id::assigned_client_identifier, packet.assigned_client_id);
    properties.number(Id::topic_alias_maximum, packet.topic_alias_maximum);
    properties.text(Id::reason_string, packet.reason_string);
    properties.number(Id::wildcard_subscription_available, packet.wildcard_subscription_available);
    properties.number(Id::subscription_identifier_available, packet.subscription_identifiers_available);
    properties.number(Id::shared_subscription_available, packet.shared_subscription_available);
    properties.number(Id::server_keep_alive, packet.server_keep_alive_s);
    properties.text(Id::response_information, packet.response_information);
    properties.text(Id::server_reference, packet.server_reference);
    properties.text(Id::authentication_method, packet.authentication_method);
    if (!packet.authentication_data.empty()) {
      MORTISE_EXPECT(packet.authentication_method.has_value());
      properties.binary(Id::authentication_data, packet.authentication_data);
    }
    properties.rest_of(packet.raw);
  };
}

// A packet with a reason string and nothing else of its own.
template <class P>
auto answer_properties(const P& packet) {
  return [&packet](auto& properties) {
    properties.text(Id::reason_string, packet.reason_string);
    properties.rest_of(packet.raw);
  };
}

auto disconnect_properties(const Disconnect& packet) {
  return [&packet](auto& properties) {
    properties.number(Id::session_expiry_interval, packet.session_expiry_s);
    properties.text(Id::reason_string, packet.reason_string);
    properties.text(Id::server_reference, packet.server_reference);
    properties.rest_of(packet.raw);
  };
}

auto auth_properties(const Auth& packet) {
  return [&packet](auto& properties) {
    properties.text(Id::authentication_method, packet.authentication_method);
    if (!packet.authentication_data.empty())
      properties.binary(Id::authentication_data, packet.authentication_data);
    properties.text(Id::reason_string, packet.reason_string);
    properties.rest_of(packet.raw);
  };
}

std::uint8_t connect_flags(const Connect& packet) {
  unsigned flags = packet.clean_start ? 0x02 : 0;
  if (packet.will)
    flags |= 0x04 | static_cast<unsigned>(packet.will->qos) << 3 | (packet.will->retain ? 0x20 : 0);
  if (packet.password) flags |= 0x40;
  if (packet.username) flags |= 0x80;
  return static_cast<std::uint8_t>(flags);
}

std::uint8_t publish_flags(const Publish& packet) {
  return static_cast<std::uint8_t>((packet.dup ? 0x08 : 0) | static_cast<unsigned>(packet.qos) << 1 |
                                   (packet.retain ? 0x01 : 0));
}

std::uint8_t options_byte(const SubscriptionOptions& options, Version version) {
  const auto qos = static_cast<unsigned>(options.maximum_qos);
  if (version != Version::v5_0) return static_cast<std::uint8_t>(qos);
  return static_cast<std::uint8_t>(qos | (options.no_local ? 0x04 : 0) |
                                   (options.retain_as_published ? 0x08 : 0) |
                                   static_cast<unsigned>(options.retain_handling) << 4);
}

// What 5.0 lets a sender leave out: no properties, then no length; success as well, then no reason code
// either.
template <class Sink, class Layout>
void write_reason(Sink& sink, PacketType packet, ReasonCode reason, Layout layout) {
  const bool bare = properties_size(packet, layout) == 0;
  if (bare && reason == ReasonCode::success) return;
  sink.byte(static_cast<std::uint8_t>(reason));
  if (!bare) write_properties(sink, packet, layout);
}

template <PacketType Type>
void encode_acknowledgement(const Acknowledgement<Type>& packet, Version version, Buffer& out) {
  MORTISE_EXPECT(packet.packet_id != 0);
  constexpr std::uint8_t first = first_byte(Type, Type == PacketType::pubrel ? 0x02 : 0);
  // With every message comes one that is bare: it need not be counted before it is written.
  if (packet.reason == ReasonCode::success && !packet.reason_string && packet.raw.empty()) [[likely]] {
    const std::array<std::uint8_t, 4> bare{first, 2, static_cast<std::uint8_t>(packet.packet_id >> 8),
                                           static_cast<std::uint8_t>(packet.packet_id)};
    out.insert(out.end(), bare.begin(), bare.end());
    return;
  }
  emit(out, first, [&](auto& sink) {
    sink.two_bytes(packet.packet_id);
    if (version == Version::v5_0) write_reason(sink, Type, packet.reason, answer_properties(packet));
  });
}

// 3.1.1 has one code for every refusal, 3.1 none: its client is told QoS 0 and gets nothing.
std::uint8_t suback_byte(ReasonCode reason, Version version) {
  if (version == Version::v5_0 || !is_error(reason)) return static_cast<std::uint8_t>(reason);
  return static_cast<std::uint8_t>(version == Version::v3_1 ? ReasonCode::granted_qos_0
                                                            : ReasonCode::unspecified_error);
}

template <class P, class Codes>
void encode_reasons(const P& packet, Version version, Buffer& out, Codes codes) {
  MORTISE_EXPECT(packet.packet_id != 0);
  MORTISE_EXPECT(version != Version::v5_0 || !packet.reasons.empty());
  emit(out, first_byte(P::type), [&](auto& sink) {
    sink.two_bytes(packet.packet_id);
    if (version == Version::v5_0) write_properties(sink, P::type, answer_properties(packet));
    codes(sink);
  });
}

}  // namespace

void encode(const Connect& packet, Buffer& out) {
  const bool v5 = packet.version == Version::v5_0;
  MORTISE_EXPECT(v5 || packet.username || !packet.password);  // [MQTT-3.1.2-22] of 3.1.1
  emit(out, first_byte(PacketType::connect), [&](auto& sink) {
    sink.string(packet.version == Version::v3_1 ? "MQIsdp" : "MQTT");
    sink.byte(
        static_cast<std::uint8_t>(static_cast<unsigned>(packet.version) | (packet.is_bridge ? 0x80 : 0)));
    sink.byte(connect_flags(packet));
    sink.two_bytes(packet.keep_alive_s);
    if (v5) write_properties(sink, PacketType::connect, connect_properties(packet));
    sink.string(packet.client_id);
    if (packet.will) {
      const Will& will = *packet.will;
      if (v5) write_properties(sink, will_properties, message_properties(will.properties, will.delay_s));
      sink.string(will.topic);
      sink.binary(will.payload);
    }
    if (packet.username) sink.string(*packet.username);
    if (packet.password) sink.binary(*packet.password);
  });
}

void encode(const Connack& packet, Version version, Buffer& out) {
  const bool refused = packet.reason != ReasonCode::success;
  emit(out, first_byte(PacketType::connack), [&](auto& sink) {
    const bool present = packet.session_present && !refused && version != Version::v3_1;
    sink.byte(present ? 0x01 : 0x00);  // [MQTT-3.2.2-6]
    if (version != Version::v5_0) return sink.byte(connack_return_code_of(packet.reason));
    sink.byte(static_cast<std::uint8_t>(packet.reason));
    write_properties(sink, PacketType::connack, connack_properties(packet));
  });
}

void encode(const Publish& packet, Version version, Buffer& out) {
  MORTISE_EXPECT((packet.qos == Qos::at_most_once) == (packet.packet_id == 0));
  emit(out, first_byte(PacketType::publish, publish_flags(packet)), packet.payload, [&](auto& sink) {
    sink.string(packet.topic);
    if (packet.packet_id != 0) sink.two_bytes(packet.packet_id);
    if (version == Version::v5_0)
      write_properties(sink, PacketType::publish, message_properties(packet.properties, 0));
  });
}

void encode(const Puback& packet, Version version, Buffer& out) {
  encode_acknowledgement(packet, version, out);
}
void encode(const Pubrec& packet, Version version, Buffer& out) {
  encode_acknowledgement(packet, version, out);
}
void encode(const Pubrel& packet, Version version, Buffer& out) {
  encode_acknowledgement(packet, version, out);
}
void encode(const Pubcomp& packet, Version version, Buffer& out) {
  encode_acknowledgement(packet, version, out);
}

void encode(const Subscribe& packet, Version version, Buffer& out) {
  MORTISE_EXPECT(packet.packet_id != 0 && !packet.entries.empty());
  emit(out, first_byte(PacketType::subscribe, 0x02), [&](auto& sink) {
    sink.two_bytes(packet.packet_id);
    if (version == Version::v5_0)
      write_properties(sink, PacketType::subscribe, [&](auto& properties) {
        properties.number(Id::subscription_identifier, packet.subscription_identifier);
        properties.rest_of(packet.raw);
      });
    for (const Subscribe::Entry& entry : packet.entries) {
      sink.string(entry.filter);
      sink.byte(options_byte(entry.options, version));
    }
  });
}

void encode(const Suback& packet, Version version, Buffer& out) {
  encode_reasons(packet, version, out, [&](auto& sink) {
    for (const ReasonCode reason : packet.reasons) sink.byte(suback_byte(reason, version));
  });
}

void encode(const Unsubscribe& packet, Version version, Buffer& out) {
  MORTISE_EXPECT(packet.packet_id != 0 && !packet.filters.empty());
  emit(out, first_byte(PacketType::unsubscribe, 0x02), [&](auto& sink) {
    sink.two_bytes(packet.packet_id);
    if (version == Version::v5_0)
      write_properties(sink, PacketType::unsubscribe,
                       [&](auto& properties) { properties.rest_of(packet.raw); });
    for (const std::string_view filter : packet.filters) sink.string(filter);
  });
}

void encode(const Unsuback& packet, Version version, Buffer& out) {
  encode_reasons(packet, version, out, [&](auto& sink) {
    if (version != Version::v5_0) return;
    for (const ReasonCode reason : packet.reasons) sink.byte(static_cast<std::uint8_t>(reason));
  });
}

void encode(const Pingreq&, Version, Buffer& out) {
  emit(out, first_byte(PacketType::pingreq), [](auto&) {});
}

void encode(const Pingresp&, Version, Buffer& out) {
  emit(out, first_byte(PacketType::pingresp), [](auto&) {});
}

void encode(const Disconnect& packet, Version version, Buffer& out) {
  emit(out, first_byte(PacketType::disconnect), [&](auto& sink) {
    if (version == Version::v5_0)
      write_reason(sink, PacketType::disconnect, packet.reason, disconnect_properties(packet));
  });
}

void encode(const Auth& packet, Version version, Buffer& out) {
  MORTISE_EXPECT(version == Version::v5_0);
  emit(out, first_byte(PacketType::auth), [&](auto& sink) {
    if (!packet.authentication_method) return;
    sink.byte(static_cast<std::uint8_t>(packet.reason));
    write_properties(sink, PacketType::auth, auth_properties(packet));
  });
}

void encode(const Packet& packet, Version version, Buffer& out) {
  std::visit(
      [&]<class P>(const P& alternative) {
        if constexpr (std::is_same_v<P, Connect>)
          encode(alternative, out);
        else
          encode(alternative, version, out);
      },
      packet);
}

}  // namespace mortise::mqtt
