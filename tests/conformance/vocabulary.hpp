// The words of MQTT as transcripts write them, from and to the codec's numbers.
//
// Source: MQTT 5.0 §2.2.2 (properties), §2.4 (reason codes), §2.1.2 (packet types), lower case and joined by
// '_'.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "step.hpp"

namespace mortise::conformance {

std::optional<mqtt::PropertyId> property_of(std::string_view word);
std::string_view word_of(mqtt::PropertyId id);

std::optional<mqtt::ReasonCode> reason_of(std::string_view word);
std::string word_of(mqtt::ReasonCode code);

std::optional<mqtt::PacketType> packet_type_of(std::string_view word);
std::string_view word_of(mqtt::PacketType type);

// A string as a quoted word; long ones are cut.
std::string quote(std::string_view text);

// The packet as a line of a transcript.
std::string to_text(const Expected& packet);

}  // namespace mortise::conformance
