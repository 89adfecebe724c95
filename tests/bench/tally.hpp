// Whether every message came, once and in order; and how long it took.
//
// A payload begins with the number of its stream, its number within it and when it was sent; the rest is
// padding.
//
// Thread: one.   Cost: O(1) a message while nothing is missing.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <unordered_set>
#include <vector>

#include "mqtt/encode.hpp"
#include "mqtt/packet.hpp"

namespace mortise::bench {

struct Stamp {
  std::uint64_t number = 0;
  std::int64_t sent_ns = 0;  // steady clock
  std::uint32_t stream = 0;

  static constexpr std::size_t size = 20;
  static std::int64_t now_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }
  void write_to(mqtt::Buffer& payload) const {
    std::memcpy(payload.data(), &number, 8);
    std::memcpy(payload.data() + 8, &sent_ns, 8);
    std::memcpy(payload.data() + 16, &stream, 4);
  }
  static Stamp read(mqtt::Bytes payload) {
    Stamp stamp;
    if (payload.size() < size) return stamp;
    std::memcpy(&stamp.number, payload.data(), 8);
    std::memcpy(&stamp.sent_ns, payload.data() + 8, 8);
    std::memcpy(&stamp.stream, payload.data() + 16, 4);
    return stamp;
  }
};

// What one receiver got of one stream.
class Tally {
 public:
  void see(std::uint64_t number) {
    if (number == next_) {
      ++next_;
    } else if (number > next_) {
      for (; next_ < number; ++next_) missing_.insert(next_);
      ++next_;
    } else if (missing_.erase(number) == 1) {
      ++late_;
    } else {
      ++repeated_;
    }
  }
  // Different ones.
  std::uint64_t received() const { return next_ - missing_.size(); }
  std::uint64_t late() const { return late_; }          // came after one that was sent later
  std::uint64_t repeated() const { return repeated_; }  // came again

 private:
  std::uint64_t next_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t repeated_ = 0;
  std::unordered_set<std::uint64_t> missing_;
};

class Delays {
 public:
  void add(std::int64_t nanoseconds) { samples_.push_back(nanoseconds); }
  bool empty() const { return samples_.empty(); }
  // `share` 0.5 is the median; in microseconds.
  double at(double share) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(samples_.size() - 1));
    std::nth_element(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(index), samples_.end());
    return static_cast<double>(samples_[index]) / 1000;
  }

 private:
  std::vector<std::int64_t> samples_;
};

}  // namespace mortise::bench
