#include "condition.hpp"

#include <algorithm>

namespace mortise::store_sqlite {

bool Condition::set(std::uint32_t state, std::string_view text) {
  const std::lock_guard lock{mutex_};
  const bool news = why_[state].empty();
  why_[state] = text;
  return news;
}

bool Condition::clear(std::uint32_t state) {
  const std::lock_guard lock{mutex_};
  const bool held = !why_[state].empty();
  why_[state].clear();
  return held;
}

bool Condition::holds(std::uint32_t state) const {
  const std::lock_guard lock{mutex_};
  return !why_[state].empty();
}

void Condition::add_written(std::uint64_t bytes) {
  const std::lock_guard lock{mutex_};
  written_ += bytes;
}

void Condition::measure(std::uint64_t bytes, std::uint64_t bytes_free) {
  const std::lock_guard lock{mutex_};
  bytes_ = bytes;
  bytes_free_ = bytes_free;
}

mortise_health_t Condition::now() const {
  const std::lock_guard lock{mutex_};
  mortise_health_t out{};
  out.bytes = bytes_;
  out.bytes_free = bytes_free_;
  out.bytes_written = written_;
  for (std::uint32_t state = MORTISE_STORE_BROKEN; state > MORTISE_STORE_GOOD; --state) {
    if (why_[state].empty()) continue;
    out.state = state;
    why_[state].copy(out.text, std::min(why_[state].size(), sizeof out.text - 1));
    break;
  }
  return out;
}

}  // namespace mortise::store_sqlite
