// What waits for one session: messages in flight, and messages not sent yet.
//
// Every QoS 1 and 2 delivery has a position that rises by one in its session; the packet identifier follows
// from it, so that no write is needed to remember which identifier a message had, and after a crash none is
// used for another message while the client may still hold it.
//
// Thread: the loop.   Owns: a reference to each message.
// Cost:   24 bytes a delivery; O(1), finding one in flight O(log n).
// Source: MQTT 5.0 §4.3, §4.4, §4.9; Rule::reserve_positions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/queue.hpp"
#include "broker/message.hpp"

namespace mortise::broker {

struct Waiting {
  // received: PUBREC was had; lost: it was to be read back and the store does not have it
  enum class State : std::uint8_t { queued, sent, received, done, lost };
  MessageRef message;              // or a stub of it; empty once done
  std::uint64_t number = 0;        // the store's key; 0: not stored
  std::uint32_t position_low = 0;  // the low half of its position; QoS 0 has that of the one before it
  std::uint16_t origin = 0;        // of the session's Origins
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  State state : 4 = State::queued;
  bool retain : 1 = false;
  bool resend : 1 = false;  // to be sent again on this connection
};
static_assert(sizeof(Waiting) == 24);

using Position = std::uint64_t;

constexpr mqtt::PacketId packet_id_of(Position position) {
  return static_cast<mqtt::PacketId>(1 + position % 65535);
}

class Outbox {
 public:
  base::Queue<Waiting> in_flight;
  base::Queue<Waiting> queued;
  Position next_position = 0;

  // The whole position of a delivery in here: all of them lie within 2^31 of next_position.
  Position position_of(const Waiting& waiting) const noexcept {
    const auto behind = static_cast<std::uint32_t>(next_position) - waiting.position_low;
    return next_position - behind;
  }

  // The delivery in flight that has this packet identifier.
  Waiting* find(mqtt::PacketId packet_id) noexcept {
    const std::size_t size = in_flight.size();
    if (size == 0 || packet_id == 0) return nullptr;
    const Position first = position_of(in_flight.front());
    const Position position = first + (packet_id + 65535U - packet_id_of(first)) % 65535U;
    // Positions rise: it stands where it would stand without a gap before it, or ahead of that.
    std::size_t low = 0, high = std::min<std::size_t>(size, position - first);
    if (high < size && position_of(in_flight[high]) == position) low = high;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (position_of(in_flight[middle]) < position)
        low = middle + 1;
      else
        high = middle;
    }
    if (low == size || position_of(in_flight[low]) != position) return nullptr;
    return in_flight[low].state == Waiting::State::done ? nullptr : &in_flight[low];
  }

  std::size_t memory() const noexcept { return in_flight.memory() + queued.memory(); }
  std::size_t size() const noexcept { return in_flight.size() + queued.size(); }
};

}  // namespace mortise::broker
