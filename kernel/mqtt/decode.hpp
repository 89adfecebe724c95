// From the body of a frame to a packet of views, in the order of the specification's chapters.
//
// Everything in a decoded packet has been checked as far as one packet alone can be: flags, UTF-8,
// properties, topic names, reason codes, no bytes left over.
//
// Cost:   no copy; allocates for SUBSCRIBE, UNSUBSCRIBE and their acknowledgements only.
// Fails:  with the reason code to close with and what was wrong. Where the specification names the code, it
//         is that one; else malformed_packet for what cannot be parsed and protocol_error for what can but
//         is not allowed.
// Source: MQTT 5.0 chapter 3 and §1.2 (malformed packet, protocol error); MQTT 3.1.1 chapter 3.
#pragma once

#include "base/result.hpp"
#include "mqtt/frame.hpp"

namespace mortise::mqtt {

// Decodes every packet of both directions. A CONNECT says its own version; `version` is the connection's for
// the rest. An unknown protocol name or level fails with unsupported_protocol_version.
//
// What one side alone must not send (a subscription identifier or a session expiry interval at the wrong
// end), and what depends on the connection (aliases, maxima), is the caller's to check.
base::Result<Packet, Malformed> decode(const Frame& frame, Version version);

// Decodes a frame that is of this type.
template <class P>
base::Result<P, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Connect, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Connack, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Publish, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Puback, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Pubrec, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Pubrel, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Pubcomp, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Subscribe, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Suback, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Unsubscribe, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Unsuback, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Pingreq, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Pingresp, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Disconnect, Malformed> decode_as(const Frame& frame, Version version);
template <>
base::Result<Auth, Malformed> decode_as(const Frame& frame, Version version);

// Decodes whatever it is and returns what `visit` makes of the result: a base::Result of the packet's own
// type, for which nothing has to be copied into a Packet. Inline whatever the compiler thinks of its size: as
// a function of its own it costs 45 instructions a packet.
template <class Visit>
[[gnu::always_inline]] inline decltype(auto) decode_for(const Frame& frame, Version version, Visit visit) {
  switch (frame.type) {
    case PacketType::connect: return visit(decode_as<Connect>(frame, version));
    case PacketType::connack: return visit(decode_as<Connack>(frame, version));
    case PacketType::publish: return visit(decode_as<Publish>(frame, version));
    case PacketType::puback: return visit(decode_as<Puback>(frame, version));
    case PacketType::pubrec: return visit(decode_as<Pubrec>(frame, version));
    case PacketType::pubrel: return visit(decode_as<Pubrel>(frame, version));
    case PacketType::pubcomp: return visit(decode_as<Pubcomp>(frame, version));
    case PacketType::subscribe: return visit(decode_as<Subscribe>(frame, version));
    case PacketType::suback: return visit(decode_as<Suback>(frame, version));
    case PacketType::unsubscribe: return visit(decode_as<Unsubscribe>(frame, version));
    case PacketType::unsuback: return visit(decode_as<Unsuback>(frame, version));
    case PacketType::pingreq: return visit(decode_as<Pingreq>(frame, version));
    case PacketType::pingresp: return visit(decode_as<Pingresp>(frame, version));
    case PacketType::disconnect: return visit(decode_as<Disconnect>(frame, version));
    case PacketType::auth: return visit(decode_as<Auth>(frame, version));
  }
  return visit(base::Result<Auth, Malformed>{
      base::Failure{Malformed{ReasonCode::malformed_packet, "packet type 0 is reserved"}}});
}

}  // namespace mortise::mqtt
