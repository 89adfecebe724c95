#include "broker/deadlines.hpp"

#include <algorithm>
#include <bit>

namespace mortise::broker {

Deadlines::Deadlines(base::TimePoint start) : start_{start} {
  for (auto& level : wheel_)
    for (Timer& head : level) head.next_ = head.previous_ = &head;
}

Deadlines::~Deadlines() {
  for (auto& level : wheel_)
    for (Timer& head : level)
      while (!is_empty(head)) head.next_->unlink();
}

void Deadlines::set(Timer& timer, base::TimePoint when) {
  timer.unlink();
  if (when == base::never) return;
  const auto since = when - start_;
  // Rounded up, so that nothing fires early.
  const auto due = std::chrono::ceil<std::chrono::milliseconds>(since).count();
  timer.due_ = std::max<std::uint64_t>(due < 0 ? 0 : static_cast<std::uint64_t>(due), now_);
  link(timer);
}

void Deadlines::link(Timer& timer) {
  first_head_ = nullptr;
  const std::uint64_t distance = timer.due_ - now_;
  unsigned level = 0;
  while (level + 1 < levels && distance >= std::uint64_t{1} << (bits * (level + 1))) ++level;
  // Beyond the last level a timer waits in its farthest slot and is linked anew when that comes round.
  const std::uint64_t reach = std::uint64_t{1} << (bits * levels);
  const std::uint64_t due = distance < reach ? timer.due_ : now_ + reach - 1;
  const auto slot = static_cast<unsigned>((due >> (bits * level)) % slots);
  Timer& head = wheel_[level][slot];
  occupied_[level] |= std::uint64_t{1} << slot;
  timer.next_ = &head;
  timer.previous_ = head.previous_;
  head.previous_->next_ = &timer;
  head.previous_ = &timer;
}

// The first slot with timers, counted from `from` on and round the wheel.
std::optional<unsigned> Deadlines::first_slot(unsigned level, unsigned from) const {
  std::uint64_t& occupied = occupied_[level];
  while (occupied != 0) {
    const auto ahead = static_cast<unsigned>(std::countr_zero(std::rotr(occupied, static_cast<int>(from))));
    const unsigned slot = (from + ahead) % slots;
    if (!is_empty(wheel_[level][slot])) return ahead;
    occupied &= ~(std::uint64_t{1} << slot);
  }
  return {};
}

void Deadlines::turn(base::TimePoint now, const std::function<void(Timer&)>& fire) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(now - start_).count();
  const std::uint64_t target = since < 0 ? 0 : static_cast<std::uint64_t>(since);
  while (now_ <= target) {
    // At the edge of a level's turn its next slot is dealt out to the levels below.
    for (unsigned level = levels - 1; level > 0; --level) {
      if (now_ % (std::uint64_t{1} << (bits * level)) != 0) continue;
      Timer& head = wheel_[level][(now_ >> (bits * level)) % slots];
      while (!is_empty(head)) {
        Timer& timer = *head.next_;
        timer.unlink();
        link(timer);  // never into the slot it came from: what is left to wait is less than a turn of it
      }
    }
    Timer& head = wheel_[0][now_ % slots];
    while (!is_empty(head)) {
      Timer& timer = *head.next_;
      timer.unlink();
      if (timer.due_ <= now_)
        fire(timer);
      else
        link(timer);
    }
    // Jump to the next edge of the lowest level that has anything.
    unsigned empty = 0;
    while (empty < levels && !first_slot(empty, 0)) ++empty;
    if (empty == levels) {
      now_ = target + 1;
      break;
    }
    const std::uint64_t stride = std::uint64_t{1} << (bits * empty);
    now_ = std::min(empty == 0 ? now_ + 1 : (now_ / stride + 1) * stride, target + 1);
  }
  first_head_ = nullptr;
}

void Deadlines::find_first() const {
  first_head_ = nullptr;
  first_ms_ = UINT64_MAX;
  for (unsigned level = 0; level < levels; ++level) {
    const std::uint64_t from = now_ >> (bits * level);
    const auto ahead = first_slot(level, static_cast<unsigned>(from % slots));
    if (!ahead) continue;
    const std::uint64_t at = std::max((from + *ahead) << (bits * level), now_);
    if (at >= first_ms_) continue;
    first_ms_ = at;
    first_head_ = &wheel_[level][(from + *ahead) % slots];
  }
}

}  // namespace mortise::broker
