// The properties of a packet being decoded: read, and checked against their rows.
//
// Cost: one pass, no allocation.
// Fails: malformed_packet for what cannot be read, is unknown or does not belong into the packet (MQTT 5.0
// §2.2.2.2); protocol_error for a second one where once is the rule and for values out of range (chapter 3).
#pragma once

#include <cstdint>
#include <optional>

#include "mqtt/property.hpp"
#include "mqtt/reader.hpp"

namespace mortise::mqtt {

inline constexpr const char* unknown_property = "there is a property with an unknown identifier";

// The value behind the identifier. UTF-8 and ranges are not checked here.
Property read_value(Reader& reader, const PropertyRow& row);

class PropertyCheck {
 public:
  PropertyCheck(Bytes raw, PacketType packet) : reader_{raw}, packet_{packet} {}

  // Nothing when there is no more or a fault was found.
  std::optional<Property> next();

  bool failed() const { return reader_.failed(); }
  const Malformed& fault() const { return reader_.fault(); }

 private:
  void check_value(const Property& property, const PropertyRow& row);

  Reader reader_;
  PacketType packet_;
  std::uint64_t seen_ = 0;  // bit n: identifier n has been read
};

// The length and the properties behind it. Each is shown to `visit` when checked; the raw ones are returned.
template <class Visit>
Bytes read_properties(Reader& reader, PacketType packet, Visit visit) {
  const std::uint32_t length = reader.variable(field<"property length">);
  const Bytes raw = reader.take(length, field<"list of properties">);
  if (raw.empty()) return raw;
  PropertyCheck check{raw, packet};
  while (const auto property = check.next()) visit(*property);
  if (check.failed()) reader.fail(check.fault());
  return raw;
}

}  // namespace mortise::mqtt
