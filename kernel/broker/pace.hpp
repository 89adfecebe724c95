// A rate that something may go on at, with a second's worth saved up.
//
// One number says it all: the time at which everything taken so far would be done at that rate. Whoever takes
// more than was saved waits until it lies no more than a second ahead.
//
// Thread: Pace its owner's; SharedPace any.   Cost: a division; SharedPace one locked instruction.
// Source: the generic cell rate algorithm, ITU-T I.371 annex A.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/time.hpp"

namespace mortise::broker {

namespace pace {

inline constexpr std::int64_t saved = 1'000'000'000;       // nanoseconds' worth
inline constexpr std::int64_t ahead_max = 61'000'000'000;  // nobody is held longer than a minute

// What `done` is once `amount` more has been taken. Not for a rate of 0.
constexpr std::int64_t after(std::int64_t done, std::int64_t now, std::uint64_t amount,
                             std::uint64_t per_second) {
  // Whole seconds apart from the rest: 2^64 nanoseconds are 584 years, but amount * 10^9 may be more.
  const std::uint64_t seconds = amount / per_second;
  const std::uint64_t rest = amount % per_second * 1'000'000'000 / per_second;
  const auto takes = static_cast<std::int64_t>(seconds * 1'000'000'000 + rest);
  return std::min(std::max(done, now) + takes, now + ahead_max);
}

inline std::int64_t nanoseconds(base::TimePoint time) { return time.time_since_epoch().count(); }

}  // namespace pace

class Pace {
 public:
  // 0: unlimited.
  explicit Pace(std::uint64_t per_second) : per_second_{per_second} {}

  // Takes `amount`, and returns when the next may be taken: `now` or earlier while the rate is kept.
  base::TimePoint take(std::uint64_t amount, base::TimePoint now) {
    if (per_second_ == 0) return now;
    done_ = pace::after(done_, pace::nanoseconds(now), amount, per_second_);
    return base::TimePoint{base::Duration{done_ - pace::saved}};
  }
  // Takes one if the rate allows it. False: it was not taken.
  bool take_one(base::TimePoint now) {
    if (per_second_ == 0) return true;
    const std::int64_t done = pace::after(done_, pace::nanoseconds(now), 1, per_second_);
    if (done - pace::nanoseconds(now) > pace::saved) return false;
    done_ = done;
    return true;
  }
  // Whether it is as if nothing had been taken.
  bool is_rested(base::TimePoint now) const { return done_ <= pace::nanoseconds(now); }

 private:
  std::uint64_t per_second_;
  std::int64_t done_ = INT64_MIN / 2;
};

// Of several loops together.
class SharedPace {
 public:
  explicit SharedPace(std::uint64_t per_second) : per_second_{per_second} {}

  // Of 0: takes nothing, and tells when the next may be taken.
  base::TimePoint take(std::uint64_t amount, base::TimePoint now) {
    if (per_second_ == 0) return now;
    std::int64_t before = done_.load(std::memory_order_relaxed);
    std::int64_t after = 0;
    do after = pace::after(before, pace::nanoseconds(now), amount, per_second_);
    while (!done_.compare_exchange_weak(before, after, std::memory_order_relaxed));
    return base::TimePoint{base::Duration{after - pace::saved}};
  }

 private:
  const std::uint64_t per_second_;
  std::atomic<std::int64_t> done_{INT64_MIN / 2};
};

}  // namespace mortise::broker
