// Which loops may have a subscriber for a topic:
// shared, approximate, never wrong in the direction that loses.
//
// A wrong yes costs one letter; a wrong no cannot happen, because a filter is counted before its SUBACK and a
// loop counts under the hash of the whole filter, or of the levels before its first
// wildcard together with their number.
//
// Thread: any loop adds and removes for itself, every loop asks.   Cost: one hash for exact filters, one more
// for each number of literal levels in use.   With one loop it is empty and counts nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/hash.hpp"

namespace mortise::broker {

class Interest {
 public:
  Interest(std::uint32_t loops, base::HashSeed seed);

  void add(std::uint32_t loop, std::string_view filter) noexcept { change(loop, filter, 1); }
  void remove(std::uint32_t loop, std::string_view filter) noexcept { change(loop, filter, -1); }

  // A bit a loop; at most 64 loops. None with one loop, which has nobody to ask about.
  std::uint64_t loops_for(std::string_view topic) const noexcept;

 private:
  static constexpr std::size_t cells = 8192;
  static constexpr std::size_t depths = 64;  // deeper prefixes share the last one
  struct PerLoop {
    std::array<std::atomic<std::uint32_t>, cells> exact{};
    std::array<std::atomic<std::uint32_t>, cells> prefix{};
    std::array<std::atomic<std::uint32_t>, depths + 1> at_depth{};
  };
  void change(std::uint32_t loop, std::string_view filter, int by) noexcept;
  std::size_t cell_of(std::string_view text, std::size_t depth) const noexcept;

  base::HashSeed seed_;
  std::vector<std::unique_ptr<PerLoop>> loops_;  // empty with one loop
};

}  // namespace mortise::broker
