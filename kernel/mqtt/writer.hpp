// A packet's layout told once and walked twice: first to count its bytes, then to write them.
//
// Both sinks have the same words, so a layout is a function template over the sink.
//
// Owns: nothing.   Cost: no allocation.   Fails: a field too long for its length bytes breaks the contract.
// Source: MQTT 5.0 §1.5.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/contract.hpp"
#include "mqtt/packet.hpp"
#include "mqtt/varint.hpp"

namespace mortise::mqtt {

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

class CountingSink {
 public:
  std::size_t size() const { return size_; }

  void byte(std::uint8_t) { size_ += 1; }
  void two_bytes(std::uint16_t) { size_ += 2; }
  void four_bytes(std::uint32_t) { size_ += 4; }
  void variable(std::size_t value) {
    MORTISE_EXPECT(value <= variable_maximum);
    size_ += variable_size(static_cast<std::uint32_t>(value));
  }
  void bytes(Bytes bytes) { size_ += bytes.size(); }
  void binary(Bytes bytes) {
    MORTISE_EXPECT(bytes.size() <= 0xFFFF);
    size_ += 2 + bytes.size();
  }
  void string(std::string_view text) { binary(as_bytes(text)); }

 private:
  std::size_t size_ = 0;
};

// Writes where CountingSink has counted that there is room.
class WritingSink {
 public:
  explicit WritingSink(std::uint8_t* at) : at_{at} {}

  std::uint8_t* at() const { return at_; }

  void byte(std::uint8_t value) { *at_++ = value; }
  void two_bytes(std::uint16_t value) {
    byte(static_cast<std::uint8_t>(value >> 8));
    byte(static_cast<std::uint8_t>(value));
  }
  void four_bytes(std::uint32_t value) {
    two_bytes(static_cast<std::uint16_t>(value >> 16));
    two_bytes(static_cast<std::uint16_t>(value));
  }
  void variable(std::size_t value) {
    for (; value > 0x7F; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }
  void bytes(Bytes bytes) {
    if (bytes.empty()) return;
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void binary(Bytes content) {
    two_bytes(static_cast<std::uint16_t>(content.size()));
    bytes(content);
  }
  void string(std::string_view text) { binary(as_bytes(text)); }

 private:
  std::uint8_t* at_;
};

}  // namespace mortise::mqtt
