#include "broker/deadlines.hpp"

#include <algorithm>

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
  const std::uint64_t distance = timer.due_ - now_;
  unsigned level = 0;
  while (level + 1 < levels && distance >= std::uint64_t{1} << (bits * (level + 1))) ++level;
  // Beyond the last level a timer waits in its farthest slot and is linked anew when that comes round.
  const std::uint64_t reach = std::uint64_t{1} << (bits * levels);
  const std::uint64_t due = distance < reach ? timer.due_ : now_ + reach - 1;
  Timer& head = wheel_[level][(due >> (bits * level)) % slots];
  timer.next_ = &head;
  timer.previous_ = head.previous_;
  head.previous_->next_ = &timer;
  head.previous_ = &timer;
}

bool Deadlines::level_is_empty(unsigned level) const {
  return std::all_of(wheel_[level].begin(), wheel_[level].end(), [](const Timer& head) { return is_empty(head); });
}

void Deadlines::advance(base::TimePoint now, const std::function<void(Timer&)>& fire) {
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
    while (empty < levels && level_is_empty(empty)) ++empty;
    if (empty == levels) {
      now_ = target + 1;
      break;
    }
    const std::uint64_t stride = std::uint64_t{1} << (bits * empty);
    now_ = std::min(empty == 0 ? now_ + 1 : (now_ / stride + 1) * stride, target + 1);
  }
}

base::TimePoint Deadlines::next() const {
  std::uint64_t earliest = UINT64_MAX;
  for (unsigned level = 0; level < levels; ++level) {
    for (unsigned i = 0; i < slots; ++i) {
      const std::uint64_t slot = (now_ >> (bits * level)) + i;
      if (is_empty(wheel_[level][slot % slots])) continue;
      earliest = std::min(earliest, std::max(slot << (bits * level), now_));
      break;
    }
  }
  return earliest == UINT64_MAX ? base::never : start_ + std::chrono::milliseconds{earliest};
}

}  // namespace mortise::broker
