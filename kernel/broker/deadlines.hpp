// The timers of one loop: a wheel that needs no allocation and one next deadline.
//
// Resolution: a millisecond; a timer never fires early.
//
// Thread: the loop.
// Owns:   nothing; a Timer lives inside the object it belongs to and unlinks itself when that goes.
// Cost:   set and cancel O(1); advancing costs what is due, and jumps over empty stretches.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/time.hpp"

namespace mortise::broker {

// silence: of a connection.
enum class TimerKind : std::uint8_t {
  silence,
  session_expiry,
  will_delay,
  store_stall,
  retry,
  retained_expiry,
  pace,
  shedding
};

class Deadlines;

class Timer {
 public:
  Timer() = default;  // the head of a list in the wheel
  // `owner` is the value of the handle of what the timer belongs to.
  Timer(TimerKind kind, std::uint64_t owner) : kind_{kind}, owner_{owner} {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { unlink(); }

  bool is_set() const noexcept { return next_ != nullptr; }
  void cancel() noexcept { unlink(); }
  TimerKind kind() const noexcept { return kind_; }
  std::uint64_t owner() const noexcept { return owner_; }
  void set_owner(std::uint64_t owner) noexcept { owner_ = owner; }

 private:
  friend class Deadlines;
  void unlink() noexcept {
    if (!next_) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }
  Timer* next_ = nullptr;
  Timer* previous_ = nullptr;
  std::uint64_t due_ = 0;  // in milliseconds since the wheel's start
  TimerKind kind_{};
  std::uint64_t owner_ = 0;
};

class Deadlines {
 public:
  explicit Deadlines(base::TimePoint start);
  ~Deadlines();

  // Sets or moves the timer. `when` in the past fires at the next advance.
  void set(Timer& timer, base::TimePoint when);

  // Fires what is due, in no particular order within a millisecond. `fire` may set and cancel any timer.
  template <class Fire>
  void advance(base::TimePoint now, Fire fire) {
    if (now >= start_ + std::chrono::milliseconds{now_}) turn(now, fire);
  }

  // Not later than the earliest timer; base::never when none is set.
  base::TimePoint next() const {
    if (!first_head_ || is_empty(*first_head_)) find_first();
    return first_head_ ? start_ + std::chrono::milliseconds{first_ms_} : base::never;
  }

 private:
  static constexpr unsigned levels = 6;
  static constexpr unsigned bits = 6;
  static constexpr unsigned slots = 1U << bits;

  void turn(base::TimePoint now, const std::function<void(Timer&)>& fire);
  void link(Timer& timer);
  static bool is_empty(const Timer& head) { return head.next_ == &head; }
  void find_first() const;
  std::optional<unsigned> first_slot(unsigned level, unsigned from) const;

  base::TimePoint start_;
  std::uint64_t now_ = 0;  // milliseconds since start_, all earlier ones have fired
  std::array<std::array<Timer, slots>, levels> wheel_;
  // A bit for each slot that may have timers. A timer that goes leaves its bit;
  // who finds the slot empty clears it.
  mutable std::array<std::uint64_t, levels> occupied_{};
  // What next() found last. It holds while its slot has timers, unless the wheel turns or a timer is linked.
  mutable const Timer* first_head_ = nullptr;
  mutable std::uint64_t first_ms_ = 0;
};

}  // namespace mortise::broker
