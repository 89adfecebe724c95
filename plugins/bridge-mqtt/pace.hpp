// At most so many messages a second, in bursts of a tenth of that.
//
// Thread: one.   Fails: never; without a rate everything may go.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace mortise::bridge {

class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Pace(std::uint32_t a_second)
      : a_second_{a_second}, burst_{std::max(1.0, a_second / 10.0)}, left_{burst_} {}

  bool is_limited() const { return a_second_ != 0; }
  // Whether one may go now; it is counted.
  bool take(Clock::time_point now) {
    if (!is_limited()) return true;
    refill(now);
    if (left_ < 1.0) return false;
    left_ -= 1.0;
    return true;
  }
  // When the next one may.
  std::chrono::nanoseconds wait() const {
    return std::chrono::nanoseconds{static_cast<std::int64_t>(std::max(0.0, 1.0 - left_) / a_second_ * 1e9) +
                                    1};
  }

 private:
  void refill(Clock::time_point now) {
    const std::chrono::duration<double> since = now - last_;
    left_ = std::min(burst_, left_ + since.count() * a_second_);
    last_ = now;
  }
  std::uint32_t a_second_;
  double burst_, left_;
  Clock::time_point last_{};
};

}  // namespace mortise::bridge
