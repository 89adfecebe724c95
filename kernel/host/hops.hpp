// How many messages of plugins led to the one a hook is shown: the bound on plugins that answer messages,
// their own among them, with messages.
//
// Thread: each for itself.   Cost: two stores around a call that shows a message.
// Source: mortise/services/publish.h.
#pragma once

#include <cstdint>
#include <utility>

#include "broker/message.hpp"

namespace mortise::host {

inline constexpr std::uint8_t hops_max = 8;

// While it lives, what this thread publishes counts as that many hops.
class Hops {
 public:
  explicit Hops(std::uint8_t of_next) noexcept : before_{std::exchange(of_next_, of_next)} {}
  ~Hops() { of_next_ = before_; }
  Hops(const Hops&) = delete;
  Hops& operator=(const Hops&) = delete;

  // For a hook that is shown a message, which may be null.
  static std::uint8_t after(const broker::Message* shown) noexcept {
    return shown ? static_cast<std::uint8_t>(shown->hops() + 1) : std::uint8_t{0};
  }
  // Of a message published here and now; 0 outside of hooks.
  static std::uint8_t of_next() noexcept { return of_next_; }

 private:
  static inline constinit thread_local std::uint8_t of_next_ = 0;
  std::uint8_t before_;
};

}  // namespace mortise::host
