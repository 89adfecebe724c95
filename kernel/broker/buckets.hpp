// How often something was how large: counts between bounds, and the sum.
//
// Thread: one writer; readers see values that may be a moment old.
// Cost:   one look at each bound below the value.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "broker/ledger.hpp"

namespace mortise::broker {

template <std::size_t Bounds>
class Buckets {
 public:
  // The upper ends, rising; what is above all of them has a bucket of its own.
  explicit Buckets(const std::array<double, Bounds>& bounds) : bounds_{bounds} {}

  void observe(double value) noexcept {
    std::size_t at = 0;
    while (at < Bounds && value > bounds_[at]) ++at;
    counts_[at].add(1);
    sum_.store(sum_.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  }

  // ---- any thread
  std::span<const double> bounds() const noexcept { return bounds_; }
  std::vector<std::uint64_t> counts() const {
    std::vector<std::uint64_t> all;
    for (const Counter& count : counts_) all.push_back(count.value());
    return all;
  }
  double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::array<double, Bounds> bounds_;
  std::array<Counter, Bounds + 1> counts_;
  std::atomic<double> sum_{0};
};

}  // namespace mortise::broker
