// CONNECT and CONNACK, the two packets that make a connection; decode() is the way in.
//
// Source: MQTT 5.0 §3.1 and §3.2; MQTT 3.1.1 §3.1 and §3.2.
#pragma once

#include "mqtt/decode.hpp"
#include "mqtt/property_check.hpp"

namespace mortise::mqtt {

base::Result<Packet, Malformed> decode_connect(Bytes body);
base::Result<Packet, Malformed> decode_connack(Bytes body, Version version);

// The fields of a PUBLISH's or a will's properties; of a will the delay too.
struct MessageProperties {
  PublishProperties properties;
  std::uint32_t delay_s = 0;
};
MessageProperties read_message_properties(Reader& reader, PacketType packet);

}  // namespace mortise::mqtt
