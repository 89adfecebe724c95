// What CONNECT, CONNACK and the other packets are decoded with alike.
//
// Source: MQTT 5.0 §3.1 and §3.2; MQTT 3.1.1 §3.1 and §3.2.
#pragma once

#include "mqtt/decode.hpp"
#include "mqtt/property_check.hpp"

namespace mortise::mqtt {

// The body of a packet that is no PUBLISH, whose type fixes the flags of its header.  [MQTT-2.1.3-1]
inline Reader reader_of(const Frame& frame, Version version = Version::v5_0) {
  const bool has_flag = frame.type == PacketType::pubrel || frame.type == PacketType::subscribe ||
                        frame.type == PacketType::unsubscribe;
  // These have a QoS in 3.1, so that they come again with DUP set.  (MQTT 3.1 §2.1)
  constexpr std::uint8_t dup_bit = 0x08;
  const bool again = has_flag && version == Version::v3_1 && (frame.flags & dup_bit) != 0;
  Reader reader{frame.body};
  reader.require(frame.flags == (has_flag ? 0x02 : 0x00) + (again ? dup_bit : 0),
                 ReasonCode::malformed_packet, "reserved flags of the fixed header are not as they must be");
  return reader;
}

// The fields of a PUBLISH's or a will's properties. Returns the delay of a will.
std::uint32_t read_message_properties(Reader& reader, PacketType packet, PublishProperties& properties);

}  // namespace mortise::mqtt
