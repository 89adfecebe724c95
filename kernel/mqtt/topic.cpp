#include "mqtt/topic.hpp"

#include <cstdint>
#include <cstring>

namespace mortise::mqtt {
namespace {

constexpr std::string_view share_prefix = "$share/";

bool has_null(std::string_view text) { return text.find('\0') != std::string_view::npos; }

// '#' and '+' differ in one bit only: with it set both are '+', and eight bytes are looked at in one step.
bool word_has_wildcard(const char* from) {
  static_assert(('#' | 0x08) == '+' && ('+' | 0x08) == '+');
  constexpr std::uint64_t ones = 0x0101010101010101;
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  const std::uint64_t differs = (word | 0x08 * ones) ^ '+' * ones;
  return ((differs - ones) & ~differs & 0x80 * ones) != 0;
}

}  // namespace

bool has_wildcard(std::string_view filter) {
  constexpr std::size_t step = sizeof(std::uint64_t);
  const char* at = filter.data();
  const char* const end = at + filter.size();
  for (; end - at >= static_cast<std::ptrdiff_t>(step); at += step)
    if (word_has_wildcard(at)) return true;
  if (at == end) return false;
  if (filter.size() >= step) return word_has_wildcard(end - step);  // begins before `at`, where none is
  for (; at != end; ++at)
    if (*at == '#' || *at == '+') return true;
  return false;
}

bool is_plain_topic(std::string_view topic) {
  constexpr std::size_t step = sizeof(std::uint64_t);
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x8080808080808080;
  // Taking one off sets a byte's top bit if the byte was 0; a top bit that was set shows anyway.
  const auto is_plain = [](const char* from) {
    std::uint64_t word;
    std::memcpy(&word, from, sizeof word);
    const std::uint64_t differs = (word | 0x08 * ones) ^ '+' * ones;
    return ((word | (word - ones) | (differs - ones)) & tops) == 0;
  };
  if (topic.size() < step) return false;
  const char* at = topic.data();
  const char* const last = at + topic.size() - step;  // the last word may begin before `at`
  for (; at < last; at += step)
    if (!is_plain(at)) return false;
  return is_plain(last);
}

bool is_topic_name(std::string_view topic) {
  return !topic.empty() && topic.size() <= topic_size_max && !has_wildcard(topic) && !has_null(topic);
}

bool is_topic_filter(std::string_view filter) {
  if (filter.empty() || filter.size() > topic_size_max || has_null(filter)) return false;
  if (!has_wildcard(filter)) return true;
  for (Levels levels{filter}; !levels.done();) {
    const std::string_view level = levels.next();
    if (level.size() > 1 && has_wildcard(level)) return false;
    if (level == "#" && !levels.done()) return false;
  }
  return true;
}

SharedFilter split_shared(std::string_view filter) {
  if (!filter.starts_with(share_prefix)) return {.filter = filter};
  constexpr SharedFilter ill_formed{.shared = true, .valid = false};
  const std::string_view behind = filter.substr(share_prefix.size());
  const std::size_t slash = behind.find('/');
  if (slash == 0 || slash == std::string_view::npos) return ill_formed;
  const std::string_view share = behind.substr(0, slash);
  const std::string_view inner = behind.substr(slash + 1);
  if (has_wildcard(share) || has_null(share) || !is_topic_filter(inner)) return ill_formed;
  return {.shared = true, .valid = true, .share = share, .filter = inner};
}

bool matches(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && (filter.starts_with('#') || filter.starts_with('+'))) return false;
  Levels wanted{filter};
  Levels present{topic};
  while (!wanted.done()) {
    const std::string_view level = wanted.next();
    if (level == "#") return true;
    if (present.done()) return false;
    const std::string_view name = present.next();
    if (level != "+" && level != name) return false;
  }
  return present.done();
}

bool covers(std::string_view wider, std::string_view filter) {
  if (filter.starts_with('$') && (wider.starts_with('#') || wider.starts_with('+'))) return false;
  Levels having{wider};
  Levels asked{filter};
  while (!having.done()) {
    const std::string_view level = having.next();
    if (level == "#") return true;
    if (asked.done()) return false;
    const std::string_view name = asked.next();
    if (name == "#" || (level != "+" && level != name)) return false;
  }
  return asked.done();
}

std::size_t level_count(std::string_view topic) {
  std::size_t count = 1;
  for (const char c : topic) count += c == '/';
  return count;
}

}  // namespace mortise::mqtt
