// Packets written down byte by byte, readably, for the rows of the tests; encode has no part in it.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"

namespace mortise::mqtt {

using Wire = Buffer;

inline void put(Wire& out, int byte) { out.push_back(static_cast<std::uint8_t>(byte)); }
inline void put(Wire& out, const Wire& bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

template <class... Parts>
Wire wire(const Parts&... parts) {
  Wire out;
  out.reserve(64);  // most are smaller
  (put(out, parts), ...);
  return out;
}

inline Wire two(unsigned value) {
  return wire(static_cast<int>(value >> 8 & 0xFF), static_cast<int>(value & 0xFF));
}
inline Wire four(std::uint32_t value) { return wire(two(value >> 16), two(value & 0xFFFF)); }
inline Wire variable(std::size_t value) {
  Wire out;
  while (value >= 128) {
    put(out, static_cast<int>(value % 128 + 128));
    value /= 128;
  }
  put(out, static_cast<int>(value));
  return out;
}
inline Wire chars(std::string_view text) { return Wire(text.begin(), text.end()); }
inline Wire text(std::string_view text) { return wire(two(static_cast<unsigned>(text.size())), chars(text)); }

// Behind its length as a variable byte integer: properties, or the body of a packet.
template <class... Parts>
Wire sized(const Parts&... parts) {
  const Wire content = wire(parts...);
  return wire(variable(content.size()), content);
}

template <class... Parts>
Wire packet(int first_byte, const Parts&... body) {
  return wire(first_byte, sized(body...));
}

inline const Wire no_properties = sized();

inline constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
inline constexpr Version v3_1 = Version::v3_1;
inline constexpr Version v3 = Version::v3_1_1;
inline constexpr Version v5 = Version::v5_0;

// One whole packet, frame and all. Bytes that are no whole frame are a mistake of the test.
inline base::Result<Packet, Malformed> decode_wire(const Wire& bytes, Version version) {
  const auto frame = read_frame(bytes, unlimited);
  if (!frame) return base::Failure{frame.error()};
  EXPECT_EQ(frame->size, bytes.size());
  return decode(*frame, version);
}

inline Wire encode_wire(const Packet& packet, Version version) {
  Wire out;
  encode(packet, version, out);
  return out;
}

inline std::string hex(const Wire& bytes) {
  std::string out;
  for (const std::uint8_t byte : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += digits[byte >> 4];
    out += digits[byte & 15];
    out += ' ';
  }
  return out;
}

// The name of a row, for the tests that have rows.
inline constexpr auto name_of = [](const auto& info) { return std::string{info.param.name}; };

}  // namespace mortise::mqtt
