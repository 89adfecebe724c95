// Stable slots with handles that go stale safely: index plus generation.
//
// Thread: one owner.   Owns: the values.   Cost: O(1); addresses are stable for a value's life.
// Fails: a stale or made-up handle finds nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/contract.hpp"

namespace mortise::base {

// 0 is "none": generations start at 1.
template <class Tag>
struct Handle {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;

  explicit operator bool() const noexcept { return generation != 0; }
  friend bool operator==(Handle, Handle) = default;
  std::uint64_t value() const noexcept { return std::uint64_t{generation} << 32 | index; }
  static Handle from(std::uint64_t value) noexcept {
    return {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)};
  }
};

template <class T, class Tag = T>
class SlotMap {
 public:
  using Key = Handle<Tag>;

  template <class... Args>
  Key emplace(Args&&... args) {
    std::uint32_t index;
    if (free_.empty()) {
      index = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    Slot& slot = slots_[index];
    slot.value.emplace(std::forward<Args>(args)...);
    ++size_;
    return {index, slot.generation};
  }

  T* find(Key key) noexcept {
    if (key.index >= slots_.size()) return nullptr;
    Slot& slot = slots_[key.index];
    return slot.generation == key.generation && slot.value ? &*slot.value : nullptr;
  }
  const T* find(Key key) const noexcept { return const_cast<SlotMap*>(this)->find(key); }

  T& at(Key key) {
    T* found = find(key);
    MORTISE_EXPECT(found != nullptr);
    return *found;
  }

  void erase(Key key) {
    MORTISE_EXPECT(find(key) != nullptr);
    Slot& slot = slots_[key.index];
    slot.value.reset();
    if (++slot.generation == 0) slot.generation = 1;
    free_.push_back(key.index);
    --size_;
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  // Visits each live value in slot order. The visitor may erase the value it is shown, and no other.
  template <class Visit>
  void each(Visit visit) {
    for (std::uint32_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].value) visit(Key{i, slots_[i].generation}, *slots_[i].value);
  }

 private:
  struct Slot {
    std::uint32_t generation = 1;
    std::optional<T> value;
  };
  std::deque<Slot> slots_;  // a deque: growing moves nothing
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
};

}  // namespace mortise::base
