#include "app/traffic.hpp"

#include <algorithm>
#include <chrono>

namespace mortise::app {

namespace {

std::string rate_of(std::uint64_t count, base::Duration between) {
  if (count == 0) return "0";
  // A millisecond at least, so that nobody divides by none.
  const auto ms =
      std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::milliseconds>(between).count());
  const std::uint64_t rate =
      (count * 1000 + static_cast<std::uint64_t>(ms) / 2) / static_cast<std::uint64_t>(ms);
  return rate == 0 ? "under 1" : std::to_string(rate);
}

}  // namespace

std::string to_text(const Traffic& now, const Traffic& before, base::Duration between) {
  return std::to_string(now.connections) + (now.connections == 1 ? " connection, " : " connections, ") +
         rate_of(now.in - before.in, between) + " messages/s in, " + rate_of(now.out - before.out, between) +
         " out";
}

}  // namespace mortise::app
