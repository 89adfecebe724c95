// One row per property: its identifier, its type, the packets that may carry it, once or many times.
//
// Source: MQTT 5.0 §2.2.2, table 2-4, and the ranges of chapter 3.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mqtt/fault_text.hpp"
#include "mqtt/packet.hpp"
#include "mqtt/packet_set.hpp"

namespace mortise::mqtt {

// clang-format off
enum class PropertyId : std::uint8_t {
  payload_format_indicator = 0x01, message_expiry_interval = 0x02, content_type = 0x03, response_topic = 0x08,
  correlation_data = 0x09, subscription_identifier = 0x0B, session_expiry_interval = 0x11,
  assigned_client_identifier = 0x12, server_keep_alive = 0x13, authentication_method = 0x15,
  authentication_data = 0x16, request_problem_information = 0x17, will_delay_interval = 0x18,
  request_response_information = 0x19, response_information = 0x1A, server_reference = 0x1C,
  reason_string = 0x1F, receive_maximum = 0x21, topic_alias_maximum = 0x22, topic_alias = 0x23,
  maximum_qos = 0x24, retain_available = 0x25, user_property = 0x26, maximum_packet_size = 0x27,
  wildcard_subscription_available = 0x28, subscription_identifier_available = 0x29,
  shared_subscription_available = 0x2A,
};
// clang-format on

enum class PropertyType : std::uint8_t { byte = 1, two_bytes, four_bytes, variable, binary, string, pair };

// What the specification says about one property.
struct PropertyRow {
  PropertyId id{};
  PropertyType type{};
  PacketSet packets = 0;     // that may carry it
  PacketSet repeatable = 0;  // that may carry it more than once
  PacketSet fields = 0;      // whose struct has a field for it, so that encode does not look for it in `raw`
  std::uint32_t minimum = 0;
  std::uint32_t maximum = 0xFFFFFFFF;
  bool is_topic_name = false;
  PropertyTexts texts{};
};

// The row of an identifier as it stands on the wire; null for one the specification does not know.
const PropertyRow* row_of(std::uint8_t identifier);
inline const PropertyRow& row_of(PropertyId id) { return *row_of(static_cast<std::uint8_t>(id)); }

// One property as read. Numbers stand in `number`, the rest in `value`, a pair's name in `name`.
struct Property {
  PropertyId id{};
  PropertyType type{};
  std::uint32_t number = 0;
  Bytes value{};
  std::string_view name{};
};

// Walks properties that decode has checked (raw, without the length in front). Stops at anything malformed,
// too.
class PropertyReader {
 public:
  explicit PropertyReader(Bytes raw) : rest_{raw} {}
  std::optional<Property> next();

  // What next() has not read yet; between two calls the difference is the property's encoding.
  Bytes rest() const { return rest_; }

 private:
  Bytes rest_;
};

}  // namespace mortise::mqtt
