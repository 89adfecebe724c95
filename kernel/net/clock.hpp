// Where the kernel reads the clocks of the machine, and nowhere else.
//
// Wall time is store time: it starts at the real one, or at the latest stamp in the store if that is later,
// and goes on at monotonic speed. A machine whose clock is set while we run therefore moves no deadline and
// no stamp.
//
// Thread: any; immutable once made.   Cost: one clock read, no system call.
#pragma once

#include <chrono>

#include "base/time.hpp"
#include "broker/store_time.hpp"

namespace mortise::net {

class Clock {
 public:
  // `latest_stored` is the latest stamp the store has; the epoch without a store.
  explicit Clock(base::WallTime latest_stored) : time_{latest_stored, {monotonic(), real_wall()}} {}

  base::Now now() const { return time_.at({monotonic(), {}}); }

 private:
  static base::TimePoint monotonic() {
    return base::TimePoint{
        std::chrono::duration_cast<base::Duration>(std::chrono::steady_clock::now().time_since_epoch())};
  }
  static base::WallTime real_wall() {
    return base::WallTime{
        std::chrono::duration_cast<base::Duration>(std::chrono::system_clock::now().time_since_epoch())};
  }

  broker::StoreTime time_;
};

}  // namespace mortise::net
