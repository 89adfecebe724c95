// Stable slots with handles that go stale safely: index plus generation.
//
// Thread: one owner.   Owns: the values.
// Cost:   O(1), two loads to find one; addresses are stable for a value's life.
// Fails:  a stale or made-up handle finds nothing.
#pragma once

#include <cstdint>
#include <memory>
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
      index = made_++;
      if (index % chunk == 0) chunks_.push_back(std::make_unique<Slot[]>(chunk));
    } else {
      index = free_.back();
      free_.pop_back();
    }
    Slot& slot = at_index(index);
    slot.value.emplace(std::forward<Args>(args)...);
    ++size_;
    return {index, slot.generation};
  }

  T* find(Key key) noexcept {
    if (key.index >= made_) return nullptr;
    Slot& slot = at_index(key.index);
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
    Slot& slot = at_index(key.index);
    slot.value.reset();
    if (++slot.generation == 0) slot.generation = 1;
    free_.push_back(key.index);
    --size_;
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  // Visits live values from the slot `from` on, in slot order, in at most `most` slots. Returns where to go
  // on; 0: that was the end.
  template <class Visit>
  std::uint32_t some(std::uint32_t from, std::uint32_t most, Visit visit) {
    const std::uint32_t end = from < made_ && made_ - from > most ? from + most : made_;
    for (std::uint32_t i = from; i < end; ++i)
      if (Slot& slot = at_index(i); slot.value) visit(Key{i, slot.generation}, *slot.value);
    return end == made_ ? 0 : end;
  }

  // Visits each live value in slot order. The visitor may erase the value it is shown, and no other.
  template <class Visit>
  void each(Visit visit) {
    for (std::uint32_t i = 0; i < made_; ++i)
      if (Slot& slot = at_index(i); slot.value) visit(Key{i, slot.generation}, *slot.value);
  }

 private:
  struct Slot {
    std::uint32_t generation = 1;
    std::optional<T> value;
  };
  static constexpr std::uint32_t chunk = 16;  // slots allocated at once: growing moves none of them

  Slot& at_index(std::uint32_t index) noexcept { return chunks_[index / chunk][index % chunk]; }

  std::vector<std::unique_ptr<Slot[]>> chunks_;
  std::uint32_t made_ = 0;  // slots in use or free
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
};

}  // namespace mortise::base
