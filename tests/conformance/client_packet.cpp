#include "client_packet.hpp"

namespace mortise::conformance {

namespace {

using mqtt::PacketType;
using mqtt::Version;

constexpr std::uint32_t kept_session_expiry_s = 3600;

class Field {
 public:
  Field& byte(int value) {
    bytes_.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  Field& two(std::uint32_t value) {
    return byte(static_cast<int>(value >> 8 & 0xFF)).byte(static_cast<int>(value & 0xFF));
  }
  Field& four(std::uint32_t value) { return two(value >> 16).two(value & 0xFFFF); }
  Field& variable(std::size_t value) {
    for (; value > 127; value /= 128) byte(static_cast<int>(value % 128 + 128));
    return byte(static_cast<int>(value));
  }
  Field& chars(const std::string& text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  Field& text(const std::string& text) { return two(static_cast<std::uint32_t>(text.size())).chars(text); }
  Field& sized(const Field& content) {
    variable(content.bytes_.size());
    bytes_.insert(bytes_.end(), content.bytes_.begin(), content.bytes_.end());
    return *this;
  }
  Field& properties(const Properties& list) {
    Field content;
    for (const Property& property : list) content.property(property);
    return sized(content);
  }
  Bytes take() { return std::move(bytes_); }

 private:
  void property(const Property& property) {
    byte(static_cast<int>(property.id));
    switch (mqtt::row_of(property.id).type) {
      case mqtt::PropertyType::byte: byte(static_cast<int>(property.number)); break;
      case mqtt::PropertyType::two_bytes: two(property.number); break;
      case mqtt::PropertyType::four_bytes: four(property.number); break;
      case mqtt::PropertyType::variable: variable(property.number); break;
      case mqtt::PropertyType::pair: text(property.name); [[fallthrough]];
      case mqtt::PropertyType::string:
      case mqtt::PropertyType::binary: text(property.value); break;
    }
  }
  Bytes bytes_;
};

Bytes packet(PacketType type, int flags, const Field& body) {
  Field whole;
  return whole.byte(static_cast<int>(type) << 4 | flags).sized(body).take();
}

int connect_flags(const Connect& step, bool clean) {
  int flags = clean ? 0x02 : 0;
  if (step.will) flags |= 0x04 | step.will->qos << 3 | (step.will->retain ? 0x20 : 0);
  if (step.password) flags |= 0x40;
  if (step.username) flags |= 0x80;
  return flags;
}

}  // namespace

Bytes packet_of(const Connect& step, Version version, const std::string& name) {
  const bool v5 = version == Version::v5_0;
  Field body;
  body.text(version == Version::v3_1 ? "MQIsdp" : "MQTT")
      .byte(static_cast<std::uint8_t>(version))
      .byte(connect_flags(step, step.clean_start))
      .two(step.keep_alive_s);
  if (v5) {
    Properties properties = step.properties;
    if (step.keep_session)
      properties.push_back({mqtt::PropertyId::session_expiry_interval, kept_session_expiry_s, {}, {}});
    body.properties(properties);
  }
  body.text(step.client_id.value_or(name));
  if (step.will) {
    if (v5) body.properties(step.will->properties);
    body.text(step.will->topic).text(step.will->payload);
  }
  if (step.username) body.text(*step.username);
  if (step.password) body.text(*step.password);
  return packet(PacketType::connect, 0, body);
}

Bytes packet_of(const Subscribe& step, Version version, std::uint16_t id) {
  Field body;
  body.two(id);
  if (version == Version::v5_0) body.properties(step.properties);
  for (const Filter& filter : step.filters)
    body.text(filter.text)
        .byte(filter.qos | (filter.no_local ? 0x04 : 0) | (filter.retain_as_published ? 0x08 : 0) |
              filter.retain_handling << 4);
  return packet(PacketType::subscribe, 2, body);
}

Bytes packet_of(const Unsubscribe& step, Version version, std::uint16_t id) {
  Field body;
  body.two(id);
  if (version == Version::v5_0) body.properties(step.properties);
  for (const std::string& filter : step.filters) body.text(filter);
  return packet(PacketType::unsubscribe, 2, body);
}

Bytes packet_of(const Publish& step, Version version, std::uint16_t id) {
  Field body;
  body.text(step.topic);
  if (step.qos != 0) body.two(id);
  if (version == Version::v5_0) body.properties(step.properties);
  body.chars(step.payload);
  return packet(PacketType::publish, (step.dup ? 8 : 0) | step.qos << 1 | (step.retain ? 1 : 0), body);
}

Bytes packet_of(const Acknowledge& step, Version version, std::uint16_t id) {
  Field body;
  body.two(id);
  if (version == Version::v5_0 && step.reason != mqtt::ReasonCode::success)
    body.byte(static_cast<int>(step.reason));
  return packet(step.type, step.type == PacketType::pubrel ? 2 : 0, body);
}

Bytes packet_of(const Disconnect& step, Version version) {
  Field body;
  const bool says_something = step.reason != mqtt::ReasonCode::success || !step.properties.empty();
  if (version == Version::v5_0 && says_something) {
    body.byte(static_cast<int>(step.reason));
    if (!step.properties.empty()) body.properties(step.properties);
  }
  return packet(PacketType::disconnect, 0, body);
}

Bytes packet_of(const Auth& step) {
  Field body;
  body.byte(static_cast<int>(step.reason)).properties(step.properties);
  return packet(PacketType::auth, 0, body);
}

Bytes pingreq() { return packet(PacketType::pingreq, 0, {}); }

}  // namespace mortise::conformance
