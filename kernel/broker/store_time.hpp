// The wall time the broker works with: it goes on from the latest time the store
// has seen and never steps back.
//
// At start it is the clock's, or the store's if the clock is behind it; from then on it moves at monotonic
// speed, whatever the clock does. So a box that starts in 1970 keeps no message
// or session longer than it was promised.
//
// Thread: immutable after construction, read by every loop.
// Source: Rule::store_time.
#pragma once

#include <algorithm>

#include "base/time.hpp"
#include "broker/rules.hpp"

namespace mortise::broker {

class StoreTime {
 public:
  // `latest` is Restorer::latest(); `clock` is what both clocks say at start.
  StoreTime(base::WallTime latest, base::Now clock) : start_{clock.monotonic, std::max(latest, clock.wall)} {}

  // What a turn that begins with this reading of the clocks works with.
  base::Now at(base::Now clock) const {
    if (!holds(Rule::store_time)) return clock;
    return {clock.monotonic, start_.wall + (clock.monotonic - start_.monotonic)};
  }

 private:
  base::Now start_;
};

}  // namespace mortise::broker
