#include "server_packet.hpp"

#include <algorithm>
#include <limits>

#include "mqtt/decode.hpp"

namespace mortise::conformance {

namespace {

using mqtt::PacketType;
using mqtt::Version;

std::string text_of(mqtt::Bytes bytes) { return {bytes.begin(), bytes.end()}; }

Properties properties_of(mqtt::Bytes raw) {
  Properties properties;
  mqtt::PropertyReader reader{raw};
  while (const auto property = reader.next())
    properties.push_back(
        {property->id, property->number, text_of(property->value), std::string{property->name}});
  return properties;
}

std::string id_of(mqtt::PacketId id) { return id == 0 ? std::string{} : std::to_string(id); }

struct Translate {
  Expected operator()(const mqtt::Connack& packet) const {
    Expected said = with(PacketType::connack, {}, {packet.reason}, packet.raw);
    said.session_present = packet.session_present;
    return said;
  }
  Expected operator()(const mqtt::Publish& packet) const {
    Expected said = with(PacketType::publish, id_of(packet.packet_id), {}, packet.properties.raw);
    said.topic = packet.topic;
    said.payload = text_of(packet.payload);
    said.qos = static_cast<int>(packet.qos);
    said.retain = packet.retain;
    said.dup = packet.dup;
    return said;
  }
  template <PacketType Type>
  Expected operator()(const mqtt::Acknowledgement<Type>& packet) const {
    return with(Type, id_of(packet.packet_id), {packet.reason}, packet.raw);
  }
  Expected operator()(const mqtt::Suback& packet) const {
    return with(PacketType::suback, id_of(packet.packet_id), packet.reasons, packet.raw);
  }
  Expected operator()(const mqtt::Unsuback& packet) const {
    return with(PacketType::unsuback, id_of(packet.packet_id), packet.reasons, packet.raw);
  }
  Expected operator()(const mqtt::Pingresp&) const { return with(PacketType::pingresp, {}, {}, {}); }
  Expected operator()(const mqtt::Disconnect& packet) const {
    return with(PacketType::disconnect, {}, {packet.reason}, packet.raw);
  }
  Expected operator()(const mqtt::Auth& packet) const {
    return with(PacketType::auth, {}, {packet.reason}, packet.raw);
  }
  template <class ClientsOwn>
  Expected operator()(const ClientsOwn&) const {
    throw BadPacket{"a packet that only a client sends"};
  }

 private:
  static Expected with(PacketType type, IdWord id, std::vector<mqtt::ReasonCode> reasons, mqtt::Bytes raw) {
    Expected said;
    said.type = type;
    said.id = std::move(id);
    said.reasons = std::move(reasons);
    said.properties = properties_of(raw);
    return said;
  }
};

// In 3.1.1 there is one code for every refused filter, few for a refused connection, and none for the rest.
std::vector<mqtt::ReasonCode> reasons_in(Version version, const Expected& expected) {
  std::vector<mqtt::ReasonCode> reasons = expected.reasons;
  if (version == Version::v5_0) return reasons;
  switch (expected.type) {
    case PacketType::suback:
      for (mqtt::ReasonCode& code : reasons)
        if (mqtt::is_error(code))
          code = version == Version::v3_1 ? mqtt::ReasonCode::granted_qos_0  // 3.1 cannot refuse
                                          : mqtt::ReasonCode::unspecified_error;
      return reasons;
    case PacketType::connack: return reasons;
    default: return {};
  }
}

bool reasons_match(const Expected& expected, const Expected& received, Version version) {
  const auto wanted = reasons_in(version, expected);
  if (wanted.empty()) return true;
  if (expected.type == PacketType::connack && version != Version::v5_0)
    return mqtt::connack_return_code_of(wanted[0]) == mqtt::connack_return_code_of(received.reasons[0]);
  return wanted == received.reasons;
}

bool is_property(const Property& wanted, const Property& had, std::uint32_t slack_s) {
  if (wanted.id == mqtt::PropertyId::message_expiry_interval && had.id == wanted.id)
    return had.number <= wanted.number && wanted.number - had.number <= slack_s;
  return wanted == had;
}

// Of several user properties the order counts; among different properties and subscription identifiers it
// does not.
bool properties_match(const Expected& expected, const Expected& received, std::uint32_t slack_s) {
  const auto by_id = [](Properties list) {
    const auto rank = [](const Property& property) {
      return std::pair{property.id,
                       property.id == mqtt::PropertyId::subscription_identifier ? property.number : 0};
    };
    std::stable_sort(list.begin(), list.end(),
                     [&](const Property& a, const Property& b) { return rank(a) < rank(b); });
    return list;
  };
  const Properties wanted = by_id(expected.properties);
  Properties had = by_id(received.properties);
  if (expected.type != PacketType::publish)
    std::erase_if(had, [&](const Property& property) {
      return std::none_of(wanted.begin(), wanted.end(),
                          [&](const Property& w) { return w.id == property.id; });
    });
  return std::equal(wanted.begin(), wanted.end(), had.begin(), had.end(),
                    [&](const Property& a, const Property& b) { return is_property(a, b, slack_s); });
}

bool absences_match(const Expected& expected, const Expected& received) {
  return std::none_of(expected.absent.begin(), expected.absent.end(), [&](mqtt::PropertyId id) {
    return std::any_of(received.properties.begin(), received.properties.end(),
                       [&](const Property& property) { return property.id == id; });
  });
}

}  // namespace

std::optional<std::size_t> packet_size(std::span<const std::uint8_t> bytes) {
  const auto frame = mqtt::read_frame(bytes, std::numeric_limits<std::size_t>::max());
  if (!frame) throw BadPacket{frame.error().what};
  return frame->size == 0 ? std::nullopt : std::optional{frame->size};
}

Expected read_server_packet(std::span<const std::uint8_t> bytes, Version version) {
  const auto frame = mqtt::read_frame(bytes, std::numeric_limits<std::size_t>::max());
  if (!frame) throw BadPacket{frame.error().what};
  const auto packet = mqtt::decode(*frame, version);
  if (!packet) throw BadPacket{packet.error().what};
  return std::visit(Translate{}, *packet);
}

bool is_as_expected(const Expected& expected, const Expected& received, Version version,
                    std::uint32_t slack_s) {
  if (expected.type != received.type) return false;
  if (expected.type == PacketType::publish &&
      (expected.topic != received.topic || expected.payload != received.payload ||
       expected.qos != received.qos || expected.retain != received.retain || expected.dup != received.dup))
    return false;
  if (expected.session_present && expected.session_present != received.session_present) return false;
  return reasons_match(expected, received, version) && properties_match(expected, received, slack_s) &&
         absences_match(expected, received);
}

}  // namespace mortise::conformance
