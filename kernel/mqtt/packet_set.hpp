// A set of packet types, one bit each: the column "may stand in" of the property and reason code tables.
#pragma once

#include <cstdint>

#include "mqtt/packet.hpp"

namespace mortise::mqtt {

using PacketSet = std::uint16_t;

// The will's properties have rules of their own and no packet; they take the place of type 0, which is no
// packet.
inline constexpr PacketType will_properties{};

template <class... Types>
constexpr PacketSet in(Types... types) {
  return static_cast<PacketSet>((0 | ... | (1 << static_cast<unsigned>(types))));
}

constexpr bool contains(PacketSet set, PacketType type) {
  return (set >> static_cast<unsigned>(type) & 1) != 0;
}

}  // namespace mortise::mqtt
