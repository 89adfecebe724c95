#include "broker/interest.hpp"

#include "base/contract.hpp"

namespace mortise::broker {

namespace {

struct Prefix {
  std::string_view text;  // without the slash behind it
  std::size_t depth = 0;  // number of levels
  bool whole = false;     // no wildcard at all
};

Prefix literal_prefix(std::string_view filter, std::size_t deepest) {
  Prefix prefix;
  std::size_t at = 0;
  while (at <= filter.size()) {
    const std::size_t slash = std::min(filter.find('/', at), filter.size());
    const std::string_view level = filter.substr(at, slash - at);
    if (level == "+" || level == "#") return prefix;
    if (prefix.depth < deepest) {
      prefix.text = filter.substr(0, slash);
      ++prefix.depth;
    }
    at = slash + 1;
  }
  prefix.whole = true;
  return prefix;
}

}  // namespace

Interest::Interest(std::uint32_t loops, base::HashSeed seed) : seed_{seed} {
  MORTISE_EXPECT(loops >= 1 && loops <= 64);
  if (loops == 1) return;
  for (std::uint32_t i = 0; i < loops; ++i) loops_.push_back(std::make_unique<PerLoop>());
}

std::size_t Interest::cell_of(std::string_view text, std::size_t depth) const noexcept {
  return base::hash({seed_.first + depth, seed_.second}, text) % cells;
}

void Interest::change(std::uint32_t loop, std::string_view filter, int by) noexcept {
  if (loops_.empty()) return;
  PerLoop& mine = *loops_[loop];
  const Prefix prefix = literal_prefix(filter, depths);
  const auto step = static_cast<std::uint32_t>(by);
  if (prefix.whole) {
    mine.exact[cell_of(filter, 0)].fetch_add(step);
  } else {
    mine.prefix[cell_of(prefix.text, prefix.depth)].fetch_add(step);
    mine.at_depth[prefix.depth].fetch_add(step);
  }
}

std::uint64_t Interest::loops_for(std::string_view topic) const noexcept {
  std::uint64_t found = 0;
  const std::uint64_t everybody =
      loops_.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << loops_.size()) - 1;
  const auto ask = [&](std::size_t cell, std::size_t depth, bool exact) {
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      const PerLoop& loop = *loops_[i];
      if (exact ? loop.exact[cell].load() != 0
                : loop.at_depth[depth].load() != 0 && loop.prefix[cell].load() != 0)
        found |= std::uint64_t{1} << i;
    }
  };
  const auto used = [&](std::size_t depth) {
    for (const auto& loop : loops_)
      if (loop->at_depth[depth].load() != 0) return true;
    return false;
  };
  ask(cell_of(topic, 0), 0, true);
  if (used(0)) ask(cell_of({}, 0), 0, false);
  std::size_t depth = 0;
  for (std::size_t at = 0; at <= topic.size() && depth < depths && found != everybody;) {
    const std::size_t slash = std::min(topic.find('/', at), topic.size());
    ++depth;
    if (used(depth)) ask(cell_of(topic.substr(0, slash), depth), depth, false);
    at = slash + 1;
  }
  return found;
}

}  // namespace mortise::broker
