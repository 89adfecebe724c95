// How long to wait before the next attempt: twice as long after each failure, between half of that and all of
// it by chance, so that many who lost the same remote do not come back together.
//
// Thread: one.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace mortise::bridge {

class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest, std::uint64_t seed)
      : first_{first}, longest_{longest}, next_{first}, chance_{seed} {}

  std::chrono::milliseconds next() {
    const std::chrono::milliseconds most = next_;
    next_ = std::min(longest_, next_ * 2);
    std::uniform_int_distribution<std::int64_t> between{most.count() / 2, most.count()};
    return std::chrono::milliseconds{between(chance_)};
  }
  void reset() { next_ = first_; }

 private:
  std::chrono::milliseconds first_, longest_, next_;
  std::minstd_rand chance_;
};

}  // namespace mortise::bridge
