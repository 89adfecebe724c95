// Topics and filters out of a small alphabet, so that many of them meet.
//
// The same seed gives the same ones on every machine.
#pragma once

#include <array>
#include <random>
#include <string>

namespace mortise::broker {

class RandomTopics {
 public:
  explicit RandomTopics(std::uint32_t seed) : random_{seed} {}

  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

  std::string topic() {
    std::string text;
    const std::uint32_t levels = 1 + below(4);
    for (std::uint32_t i = 0; i < levels; ++i) (text += i == 0 ? "" : "/") += level(i == 0);
    return text.empty() ? "a" : text;
  }

  std::string filter() {
    std::string text;
    const std::uint32_t levels = 1 + below(4);
    for (std::uint32_t i = 0; i < levels; ++i) {
      if (i > 0) text += '/';
      const std::uint32_t kind = below(10);
      if (kind == 0 || (kind == 1 && i + 1 == levels)) return text + '#';
      text += kind < 4 ? "+" : level(i == 0);
    }
    return text.empty() ? "#" : text;
  }

 private:
  std::string level(bool first) {
    static constexpr std::array levels{"a", "b", "ab", "", "c", "a b"};
    if (first && below(8) == 0) return "$s";
    return levels[below(levels.size())];
  }
  std::mt19937 random_;
};

}  // namespace mortise::broker
