// Whether every loop goes on taking turns: one that hangs in a plugin or a lock must not pass for alive.
//
// Thread: mark() on the loop it names; find_missing() on one thread.
// Cost:   mark() is one store into a line of the loop's own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

namespace mortise::app {

class Pulse {
 public:
  explicit Pulse(std::uint32_t loops) : loops_{loops}, beats_{std::make_unique<Beat[]>(loops)} {}

  // This loop has taken a turn.
  void mark(std::uint32_t loop) noexcept { beats_[loop].has_come.store(true, std::memory_order_relaxed); }

  // A loop that has taken no turn since this last said that all had; empty: all have, and each owes a new
  // one from now on. A loop without work takes none by itself: ring it in between. The first answer is that
  // all have.
  std::optional<std::uint32_t> find_missing() noexcept {
    for (std::uint32_t loop = 0; loop < loops_; ++loop)
      if (!beats_[loop].has_come.load(std::memory_order_relaxed)) return loop;
    for (std::uint32_t loop = 0; loop < loops_; ++loop)
      beats_[loop].has_come.store(false, std::memory_order_relaxed);
    return std::nullopt;
  }

 private:
  struct alignas(64) Beat {
    std::atomic<bool> has_come{true};
  };
  std::uint32_t loops_;
  std::unique_ptr<Beat[]> beats_;
};

}  // namespace mortise::app
