// Time as the kernel is told it: two clocks without a now().
//
// Deadlines run on monotonic time; wall time is only stored and shown. Only rooms that own a thread may read
// a real clock; everybody else is handed a Now.
#pragma once

#include <chrono>
#include <cstdint>

namespace mortise::base {

using Duration = std::chrono::nanoseconds;

// A clock's identity. It cannot be read, so that code below the loops cannot cheat.
template <class Tag>
struct ToldClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<ToldClock>;
  static constexpr bool is_steady = true;
};

using TimePoint = ToldClock<struct MonotonicTag>::time_point;  // since some start; never steps back
using WallTime = ToldClock<struct WallTag>::time_point;  // since 1970-01-01 UTC; may be wrong at the edge

// The one reading of the clocks that a whole turn of a loop uses.
struct Now {
  TimePoint monotonic{};
  WallTime wall{};  // store time, see broker/store_time.hpp
};

constexpr TimePoint never = TimePoint::max();

constexpr std::int64_t to_unix_ms(WallTime t) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count();
}
constexpr WallTime from_unix_ms(std::int64_t ms) { return WallTime{std::chrono::milliseconds{ms}}; }

}  // namespace mortise::base
