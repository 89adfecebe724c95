// Bytes in, whole packets out: the fixed header and nothing behind it.
//
// Cost: no copy, no allocation.   Fails: with the reason code to close with.
// Source: MQTT 5.0 §2.1.1 (fixed header), §2.1.4 (remaining length), §3.1.2.11.4 (maximum packet size).
#pragma once

#include "base/result.hpp"
#include "mqtt/packet.hpp"

namespace mortise::mqtt {

struct Frame {
  PacketType type{};
  std::uint8_t flags = 0;  // the low four bits of the first byte
  Bytes body{};            // behind the fixed header
  std::size_t size = 0;    // of the whole packet; 0: more bytes are needed to tell or to complete it
  std::size_t needed = 0;  // size 0: at least so many bytes in all make progress possible
};

// What read_frame does not see at once; `input` is not empty.
base::Result<Frame, Malformed> read_any_frame(Bytes input, std::size_t maximum_packet_size);

// Looks at the front of `input`. A packet larger than `maximum_packet_size` (whole packet, in bytes) fails
// with packet_too_large as soon as its header is seen, reserved types and five-byte lengths with
// malformed_packet.
inline base::Result<Frame, Malformed> read_frame(Bytes input, std::size_t maximum_packet_size) {
  if (input.empty()) return Frame{.needed = 2};
  // Most packets: the length is one byte, and all of it is there.
  if (input.size() >= 2 && input[0] >> 4 != 0 && input[1] <= 0x7F) {
    const std::size_t whole = std::size_t{2} + input[1];
    if (whole <= input.size() && whole <= maximum_packet_size) [[likely]]
      return Frame{.type = static_cast<PacketType>(input[0] >> 4),
                   .flags = static_cast<std::uint8_t>(input[0] & 0x0F),
                   .body = input.subspan(2, input[1]),
                   .size = whole};
  }
  return read_any_frame(input, maximum_packet_size);
}

}  // namespace mortise::mqtt
