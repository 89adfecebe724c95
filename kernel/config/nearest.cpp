#include "config/nearest.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace mortise::config {

namespace {

constexpr std::size_t longest_word = 64;  // nothing we know is longer, so nothing longer is a slip

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Optimal string alignment: three rows are all it looks back on.
std::size_t distance(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, longest_word + 1>;
  Row before{}, previous{}, current{};
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
        current[j] = std::min(current[j], before[j - 2] + 1);
    }
    before = previous;
    previous = current;
  }
  return previous[b.size()];
}

// What still passes for a slip: one letter in a short word, a third of a long one.
std::size_t patience(std::string_view written) { return std::max<std::size_t>((written.size() + 1) / 3, 1); }

}  // namespace

std::optional<std::string_view> nearest_name(std::string_view written,
                                             std::span<const std::string_view> known) {
  std::optional<std::string_view> best;
  if (written.size() > longest_word) return best;
  const auto begins_so = [&](std::string_view name) { return !written.empty() && name.starts_with(written); };
  if (std::ranges::count_if(known, begins_so) == 1) return *std::ranges::find_if(known, begins_so);
  std::size_t best_distance = patience(written) + 1;
  for (const std::string_view name : known) {
    if (name.size() > longest_word) continue;
    const std::size_t steps = distance(written, name);
    if (steps < best_distance) {
      best_distance = steps;
      best = name;
    }
  }
  return best;
}

}  // namespace mortise::config
