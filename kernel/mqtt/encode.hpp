// From packets to bytes, appended to a buffer the caller owns.
//
// Cost: one growth of the buffer at most.   Fails: never; fields out of range break the contract.
// A server's packets leave out what the client's version does not know: 3.1.1 has no properties, and reason
// codes become its return codes where it has some (SUBACK: 0x80 for every error; UNSUBACK, DISCONNECT: none).
//
// Properties: the fields speak. Each field that is not at its default is written; then, in their order, those
// properties of `raw` that have no field in the packet's struct (user properties, content type, a CONNACK's
// authentication data, …). What stands in `raw` for a field is passed over, so a decoded packet can be
// changed through its fields and encoded again. `raw` must hold nothing that the packet may not carry.
// Source: MQTT 5.0 chapter 3; MQTT 3.1.1 chapter 3.
#pragma once

#include <cstdint>
#include <vector>

#include "mqtt/packet.hpp"

namespace mortise::mqtt {

using Buffer = std::vector<std::uint8_t>;

// One overload a packet type.
void encode(const Connect& packet, Buffer& out);
void encode(const Connack& packet, Version version, Buffer& out);
void encode(const Publish& packet, Version version, Buffer& out);
void encode(const Puback& packet, Version version, Buffer& out);
void encode(const Pubrec& packet, Version version, Buffer& out);
void encode(const Pubrel& packet, Version version, Buffer& out);
void encode(const Pubcomp& packet, Version version, Buffer& out);
void encode(const Subscribe& packet, Version version, Buffer& out);
void encode(const Suback& packet, Version version, Buffer& out);
void encode(const Unsubscribe& packet, Version version, Buffer& out);
void encode(const Unsuback& packet, Version version, Buffer& out);
void encode(const Pingreq& packet, Version version, Buffer& out);
void encode(const Pingresp& packet, Version version, Buffer& out);
void encode(const Disconnect& packet, Version version,
            Buffer& out);  // 3.1.1: from a client; never sent by a server
void encode(const Auth& packet, Version version, Buffer& out);    // 5.0 only
void encode(const Packet& packet, Version version, Buffer& out);  // a CONNECT goes by its own version

}  // namespace mortise::mqtt
