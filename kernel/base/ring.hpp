// A bounded first-in first-out ring between exactly one producer and one consumer thread.
//
// Thread: push and room from the producer, pop and empty from the consumer.   Owns: what is in it.
// Cost: O(1), no allocation after construction; the two ends stay a cache line apart.
// Fails: push on a full ring breaks the contract; ask room() first.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/contract.hpp"

namespace mortise::base {

inline constexpr std::size_t cache_line = 64;

template <class T>
class Ring {
 public:
  explicit Ring(std::size_t capacity) : capacity_{capacity}, slots_{std::make_unique<T[]>(capacity)} {
    MORTISE_EXPECT(capacity > 0);
  }

  std::size_t capacity() const noexcept { return capacity_; }

  // How many more pushes fit for certain. [producer]
  std::size_t room() const noexcept {
    return capacity_ - (tail_.load(std::memory_order_relaxed) - head_.load(std::memory_order_acquire));
  }

  void push(T value) {
    MORTISE_EXPECT(room() > 0);
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    slots_[tail % capacity_] = std::move(value);
    tail_.store(tail + 1, std::memory_order_release);
  }

  // seq_cst, because a loop that goes to sleep asks this after announcing it.
  bool empty() const noexcept {
    return head_.load(std::memory_order_relaxed) == tail_.load(std::memory_order_seq_cst);
  }

  // How many values were in the ring when asked. [consumer]
  std::size_t size() const noexcept {
    return tail_.load(std::memory_order_acquire) - head_.load(std::memory_order_relaxed);
  }

  // Takes the oldest value; the ring must not be empty. [consumer]
  T pop() {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    MORTISE_EXPECT(head != tail_.load(std::memory_order_acquire));
    T value = std::move(slots_[head % capacity_]);
    slots_[head % capacity_] = T{};
    head_.store(head + 1, std::memory_order_release);
    return value;
  }

 private:
  const std::size_t capacity_;
  const std::unique_ptr<T[]> slots_;
  alignas(cache_line) std::atomic<std::size_t> head_{0};
  alignas(cache_line) std::atomic<std::size_t> tail_{0};
};

}  // namespace mortise::base
