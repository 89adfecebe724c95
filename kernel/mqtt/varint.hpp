// The variable byte integer: one to four bytes, seven bits in each, the low ones first.
//
// Cost: no allocation, at most four steps.
// Source: MQTT 5.0 §1.5.5. Only the shortest encoding of a value is one.  [MQTT-1.5.5-1]
#pragma once

#include <cstddef>
#include <cstdint>

#include "mqtt/packet.hpp"

namespace mortise::mqtt {

inline constexpr std::uint32_t variable_maximum = 268'435'455;

struct VariableByteInteger {
  std::uint32_t value = 0;
  std::size_t size = 0;  // in bytes; 0: there is none in front
  bool ill_formed =
      false;  // size 0: a fifth byte, or more bytes than the value needs; else more bytes are missing
};

// Reads the one at the front of `bytes`.
constexpr VariableByteInteger read_variable(Bytes bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i == bytes.size()) return {};
    value |= static_cast<std::uint32_t>(bytes[i] & 0x7F) << (7 * i);
    if (bytes[i] & 0x80) continue;
    if (bytes[i] == 0 && i != 0) return {.ill_formed = true};
    return {.value = value, .size = i + 1};
  }
  return {.ill_formed = true};
}

constexpr std::size_t variable_size(std::uint32_t value) {
  if (value <= 127) return 1;
  return std::size_t{1} + (value > 127) + (value > 16'383) + (value > 2'097'151);
}

}  // namespace mortise::mqtt
