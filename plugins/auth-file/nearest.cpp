#include "nearest.hpp"

#include <algorithm>
#include <numeric>

namespace mortise::auth_file {

namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view written, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  std::size_t fewest = std::max<std::size_t>((written.size() + 1) / 3, 1) + 1;
  if (written.size() > 64) return best;
  for (const std::string& word : known) {
    const std::size_t steps = distance(written, word);
    if (steps >= fewest) continue;
    fewest = steps;
    best = word;
  }
  return best;
}

std::string suggestion(std::string_view written, const std::vector<std::string>& known) {
  const auto meant = nearest(written, known);
  return meant ? "did you mean \"" + *meant + "\"?" : std::string{};
}

}  // namespace mortise::auth_file
