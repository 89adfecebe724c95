#include "archives.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

namespace mortise::log {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t digits = 6;       // zeros in front, so that a million names sort
constexpr std::size_t digits_max = 18;  // what a number can hold and still grow

std::optional<std::uint64_t> number_of(std::string_view ending) {
  const bool is_ours = ending.size() >= digits && ending.size() <= digits_max &&
                       std::ranges::all_of(ending, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_ours) return {};
  std::uint64_t out = 0;
  std::from_chars(ending.data(), ending.data() + ending.size(), out);
  return out;
}

}  // namespace

std::vector<std::uint64_t> Archives::numbers() const {
  const fs::path file{path_};
  const std::string begin = file.filename().string() + ".";
  std::vector<std::uint64_t> out;
  for (const fs::directory_entry& entry : fs::directory_iterator{file.parent_path()}) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(begin)) continue;
    if (const auto number = number_of(std::string_view{name}.substr(begin.size()))) out.push_back(*number);
  }
  std::ranges::sort(out);
  return out;
}

std::string Archives::path_of(std::uint64_t number) const {
  return fmt::format("{}.{:0{}}", path_, number, digits);
}

std::string Archives::next() const {
  const std::vector<std::uint64_t> there = numbers();
  return path_of(there.empty() ? 1 : there.back() + 1);
}

void Archives::prune(std::size_t keep) const {
  const std::vector<std::uint64_t> there = numbers();
  for (std::size_t i = 0; i + keep < there.size(); ++i) fs::remove(path_of(there[i]));
}

}  // namespace mortise::log
