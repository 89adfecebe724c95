// A packet the broker sent, in the words of a transcript, and whether it is the one that was expected.
//
// Fails: with BadPacket for bytes that are no packet a server may send.
#pragma once

#include <optional>
#include <span>
#include <stdexcept>

#include "step.hpp"

namespace mortise::conformance {

struct BadPacket : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// How many bytes the packet in front has; empty while it is not whole.
std::optional<std::size_t> packet_size(std::span<const std::uint8_t> bytes);

// The one packet in `bytes`; its identifier as a number, empty without one. All its properties are said.
Expected read_server_packet(std::span<const std::uint8_t> bytes, mqtt::Version version);

// `received` may say more than what was expected, but a PUBLISH has to be just that. Packet identifiers are
// the caller's. `slack_s`: how much shorter a message expiry interval may be, where real time passes.
bool is_as_expected(const Expected& expected, const Expected& received, mqtt::Version version,
                    std::uint32_t slack_s);

}  // namespace mortise::conformance
