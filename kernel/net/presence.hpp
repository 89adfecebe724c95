// A count of sockets that are open, as part of a larger one: of an address, at a door, in all.
//
// Thread: any.   Cost: an atomic each level.
#pragma once

#include <atomic>
#include <cstdint>

namespace mortise::net {

class Presence {
 public:
  explicit Presence(Presence* within = nullptr) noexcept : within_{within} {}
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  void enter() noexcept {
    for (Presence* at = this; at; at = at->within_) at->count_.fetch_add(1, std::memory_order_relaxed);
  }
  // Nothing of this may be touched after the last one has left: it may be gone.
  void leave() noexcept {
    for (Presence* at = this; at;) {
      Presence* const within = at->within_;
      at->count_.fetch_sub(1, std::memory_order_release);  // what was read of it comes before its end
      at = within;
    }
  }
  Presence* within() const noexcept { return within_; }
  std::uint32_t count() const noexcept { return count_.load(std::memory_order_acquire); }

 private:
  Presence* const within_;
  std::atomic<std::uint32_t> count_{0};
};

}  // namespace mortise::net
