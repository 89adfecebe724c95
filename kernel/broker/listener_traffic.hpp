// What went through a listener: messages by QoS, and bytes on its sockets.
//
// Thread: each loop counts in a cell of its own; read by any, as of a moment ago.
// Cost:   a counter in a line of cache that is the loop's own; 4 KiB a listener.
#pragma once

#include <array>
#include <cstdint>

#include "base/ring.hpp"
#include "broker/ledger.hpp"

namespace mortise::broker {

class ListenerTraffic {
 public:
  static constexpr std::uint32_t loops_max = 64;  // as Interest has it
  struct alignas(base::cache_line) Cell {
    QosCounter received;   // messages that its clients have published
    QosCounter delivered;  // to its clients: acknowledged, or written for QoS 0
    Counter bytes_in;
    Counter bytes_out;
  };

  Cell& of(std::uint32_t loop) noexcept { return cells_[loop]; }
  template <class CounterOf>
  std::uint64_t sum(CounterOf counter_of) const noexcept {
    std::uint64_t all = 0;
    for (const Cell& cell : cells_) all += counter_of(cell);
    return all;
  }

 private:
  std::array<Cell, loops_max> cells_;
};

}  // namespace mortise::broker
