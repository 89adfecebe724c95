// One immutable value many loops read and reload replaces.
//
// Thread: on_loop() on the loop it names, get() and set() anywhere.
// Cost: on_loop() reads one shared number; a loop takes a lock only once after each set().
// Owns: the newest value, and for each loop the one it saw last.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace mortise::auth_file {

template <class Value>
class Published {
 public:
  using Pointer = std::shared_ptr<const Value>;

  void set(Pointer value) {
    const std::lock_guard lock{mutex_};
    value_ = std::move(value);
    version_.fetch_add(1, std::memory_order_release);
  }

  Pointer get() const {
    const std::lock_guard lock{mutex_};
    return value_;
  }

  // Gives `use` the value and returns what it returns. `loop` may be any number; those past the slots pay the
  // lock each time.
  template <class Use>
  auto on_loop(std::uint32_t loop, Use use) {
    if (loop >= slots_.size()) {
      const Pointer value = get();
      return use(*value);
    }
    Slot& slot = slots_[loop];
    if (slot.version != version_.load(std::memory_order_acquire)) {
      const std::lock_guard lock{mutex_};
      slot.version = version_.load(std::memory_order_relaxed);
      slot.value = value_;
    }
    return use(*slot.value);
  }

 private:
  // A line of the cache each, so that loops do not slow each other down.
  struct alignas(64) Slot {
    std::uint64_t version = 0;
    Pointer value;
  };

  mutable std::mutex mutex_;
  Pointer value_;
  std::atomic<std::uint64_t> version_{0};
  std::array<Slot, 64> slots_{};
};

}  // namespace mortise::auth_file
