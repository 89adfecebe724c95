#include "overrides.hpp"

#include <algorithm>
#include <utility>

namespace mortise::log {

namespace {

bool concerns(const Override& one, const SinkSettings& sink) {
  return !sink.audit && (one.sink.empty() || one.sink == name_of(sink));
}

bool concerns(const Override& one, std::string_view category) {
  return one.category == category || (one.category == every_category && category != silent_category);
}

void set_level(const Override& one, Levels& levels) {
  if (one.category != every_category) {
    levels.by_category[one.category] = one.level;
    return;
  }
  levels.otherwise = one.level;
  for (auto& [category, level] : levels.by_category)
    if (category != silent_category) level = one.level;
}

}  // namespace

std::string name_of(const SinkSettings& sink) { return sink.path.empty() ? "console" : sink.path; }

bool Overrides::put(Override wanted) {
  std::erase_if(all_, [&](const Override& one) {
    return one.sink == wanted.sink && one.category == wanted.category && one.client == wanted.client;
  });
  if (all_.size() >= most) return false;
  all_.push_back(std::move(wanted));
  return true;
}

std::vector<Override> Overrides::take_due(std::uint64_t now_ns) {
  const auto due =
      std::ranges::stable_partition(all_, [now_ns](const Override& one) { return one.until_ns > now_ns; });
  std::vector<Override> out{std::make_move_iterator(due.begin()), std::make_move_iterator(due.end())};
  all_.erase(due.begin(), due.end());
  return out;
}

std::vector<Override> Overrides::take_all() { return std::exchange(all_, {}); }

std::optional<std::uint64_t> Overrides::next_end() const {
  if (all_.empty()) return {};
  return std::ranges::min_element(all_, {}, &Override::until_ns)->until_ns;
}

std::vector<SinkSettings> Overrides::apply(std::vector<SinkSettings> sinks) const {
  for (const Override& one : all_)
    for (SinkSettings& sink : sinks) {
      if (!concerns(one, sink)) continue;
      if (one.category.empty())
        sink.clients.push_back(one.client);
      else
        set_level(one, sink.levels);
    }
  return sinks;
}

std::optional<std::uint64_t> Overrides::end_of_level(const SinkSettings& sink,
                                                     std::string_view category) const {
  for (auto one = all_.rbegin(); one != all_.rend(); ++one)
    if (!one->category.empty() && concerns(*one, sink) && concerns(*one, category)) return one->until_ns;
  return {};
}

std::optional<std::uint64_t> Overrides::end_of_client(const SinkSettings& sink,
                                                      std::string_view client) const {
  for (const Override& one : all_)
    if (one.category.empty() && one.client == client && concerns(one, sink)) return one.until_ns;
  return {};
}

}  // namespace mortise::log
