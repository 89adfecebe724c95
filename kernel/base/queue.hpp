// A growing first-in first-out queue in one block of memory; an empty one that never held anything owns none.
//
// Thread: one owner.   Owns: its values, which must be default constructible and cheap to move.
// Cost: push and pop O(1) amortised; memory() is exact, for the byte accounts.
#pragma once

#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/contract.hpp"

namespace mortise::base {

template <class T>
class Queue {
 public:
  Queue() = default;
  Queue(Queue&& other) noexcept { swap(other); }
  Queue& operator=(Queue&& other) noexcept {
    Queue taken{std::move(other)};
    swap(taken);
    return *this;
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t memory() const noexcept { return capacity_ * sizeof(T); }

  T& operator[](std::size_t i) noexcept { return slots_[(head_ + i) & (capacity_ - 1)]; }
  const T& operator[](std::size_t i) const noexcept { return slots_[(head_ + i) & (capacity_ - 1)]; }
  T& front() noexcept { return (*this)[0]; }
  const T& front() const noexcept { return (*this)[0]; }
  T& back() noexcept { return (*this)[size_ - 1]; }

  void push(T value) {
    if (size_ == capacity_) resize(capacity_ == 0 ? 4 : capacity_ * 2);
    slots_[(head_ + size_) & (capacity_ - 1)] = std::move(value);
    ++size_;
  }

  T pop() {
    MORTISE_EXPECT(size_ > 0);
    T value = std::move(front());
    drop_front();
    return value;
  }

  void drop_front() {
    MORTISE_EXPECT(size_ > 0);
    front() = T{};
    head_ = (head_ + 1) & (capacity_ - 1);
    --size_;
    // Memory goes back in halves while it drains, so that a queue that was long once does not stay large. One
    // that fills and empties all the time keeps its block.
    if (size_ == 0 && capacity_ > kept)
      *this = Queue{};
    else if (capacity_ > 64 && size_ < capacity_ / 4)
      resize(capacity_ / 2);
  }

  void clear() noexcept { *this = Queue{}; }

 private:
  static constexpr std::size_t kept = 32;  // slots an empty one may keep

  void swap(Queue& other) noexcept {
    std::swap(slots_, other.slots_);
    std::swap(capacity_, other.capacity_);
    std::swap(head_, other.head_);
    std::swap(size_, other.size_);
  }
  void resize(std::size_t capacity) {
    auto grown = std::make_unique<T[]>(capacity);
    for (std::size_t i = 0; i < size_; ++i) grown[i] = std::move((*this)[i]);
    slots_ = std::move(grown);
    capacity_ = capacity;
    head_ = 0;
  }

  std::unique_ptr<T[]> slots_;
  std::size_t capacity_ = 0;  // 0 or a power of two
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace mortise::base
