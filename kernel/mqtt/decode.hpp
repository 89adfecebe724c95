// From the body of a frame to a packet of views, in the order of the specification's chapters.
//
// Cost: no copy; allocates for SUBSCRIBE, UNSUBSCRIBE and their acknowledgements only.
// Fails: with the reason code to close with and what was wrong. Everything in a decoded packet has been
// checked as far as one packet alone can be: flags, UTF-8, properties, topic names, reason codes, no bytes
// left over. Where the specification names the code, it is that one; else malformed_packet for what cannot be
// parsed and protocol_error for what can but is not allowed. Source: MQTT 5.0 chapter 3 and §1.2 (malformed
// packet, protocol error); MQTT 3.1.1 chapter 3.
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

}  // namespace mortise::mqtt
