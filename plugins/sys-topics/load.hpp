// How much of something there is in a minute, averaged over the last one, five and fifteen.
//
// Thread: one at a time.
#pragma once

#include <array>
#include <chrono>
#include <cmath>

namespace mortise::sys_topics {

class Load {
 public:
  static constexpr std::array<double, 3> minutes{1, 5, 15};

  // `total`: how much there has been at all. What was before the first call is none of ours.
  void update(double total, std::chrono::nanoseconds since_last) {
    const double elapsed = std::chrono::duration<double, std::ratio<60>>(since_last).count();
    if (has_begun_ && elapsed > 0) {
      const double now = (total - total_) / elapsed;
      for (std::size_t i = 0; i < minutes.size(); ++i)
        averages_[i] = now + std::exp(-elapsed / minutes[i]) * (averages_[i] - now);
    }
    has_begun_ = true;
    total_ = total;
  }
  double average(std::size_t of) const { return averages_[of]; }

 private:
  std::array<double, minutes.size()> averages_{};
  double total_ = 0;
  bool has_begun_ = false;
};

}  // namespace mortise::sys_topics
