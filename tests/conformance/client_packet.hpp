// A client's packets as bytes, well-formed or not: written field by field as the transcript says, without the
// codec.
//
// Source: MQTT 5.0 chapter 3; MQTT 3.1.1 chapter 3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "step.hpp"

namespace mortise::conformance {

using Bytes = std::vector<std::uint8_t>;

// `name` is the client identifier when the step says none.
Bytes packet_of(const Connect& step, mqtt::Version version, const std::string& name);
// The others take the packet identifier that was chosen.
Bytes packet_of(const Subscribe& step, mqtt::Version version, std::uint16_t id);
Bytes packet_of(const Unsubscribe& step, mqtt::Version version, std::uint16_t id);
Bytes packet_of(const Publish& step, mqtt::Version version, std::uint16_t id);
Bytes packet_of(const Acknowledge& step, mqtt::Version version, std::uint16_t id);
Bytes packet_of(const Disconnect& step, mqtt::Version version);
Bytes packet_of(const Auth& step);
Bytes pingreq();

}  // namespace mortise::conformance
