// What the main thread does every now and then, while it waits for signals.
//
// Thread: main.   Cost: a look at each errand a call; there are three.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace mortise::app {

class Errands {
 public:
  // An errand is told the time at which it runs.
  using Errand = std::function<void(base::TimePoint now)>;

  // The first time is one period from `now`.
  void every(base::Duration period, base::TimePoint now, Errand errand) {
    errands_.push_back({period, now + period, std::move(errand)});
  }

  // Until the next is due, not less than zero; empty: there is none.
  std::optional<base::Duration> time_left(base::TimePoint now) const {
    if (errands_.empty()) return std::nullopt;
    const auto next = std::ranges::min_element(errands_, {}, &Entry::due);
    return std::max(next->due - now, base::Duration::zero());
  }

  // Runs those that are due, each once however late it is.
  void run_due(base::TimePoint now) {
    for (Entry& entry : errands_) {
      if (entry.due > now) continue;
      entry.due = now + entry.period;
      entry.run(now);
    }
  }

 private:
  struct Entry {
    base::Duration period;
    base::TimePoint due;
    Errand run;
  };
  std::vector<Entry> errands_;
};

}  // namespace mortise::app
