#include "config/units.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <span>

#include "config/nearest.hpp"

namespace mortise::config {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t worth;
};

// From the smallest to the largest. Bytes have no name: a plain number is bytes.
constexpr std::array size_units{Unit{"", 1}, Unit{"KiB", kibibyte}, Unit{"MiB", mebibyte},
                                Unit{"GiB", gibibyte}};

constexpr std::uint64_t nanoseconds_in(base::Duration d) { return static_cast<std::uint64_t>(d.count()); }

constexpr std::array duration_units{
    Unit{"ms", nanoseconds_in(std::chrono::milliseconds{1})},
    Unit{"s", nanoseconds_in(std::chrono::seconds{1})}, Unit{"m", nanoseconds_in(std::chrono::minutes{1})},
    Unit{"h", nanoseconds_in(std::chrono::hours{1})}, Unit{"d", nanoseconds_in(std::chrono::hours{24})}};

struct Kind {
  std::string_view article_and_noun;
  std::string_view example;
  std::string_view unit_names;
  std::span<const Unit> units;
  std::uint64_t largest;
};

constexpr Kind size_kind{"a size", "512MiB", "KiB, MiB, GiB, or none for bytes", size_units,
                         std::numeric_limits<std::int64_t>::max()};
constexpr Kind duration_kind{"a duration", "30s", "ms, s, m, h, d", duration_units,
                             std::numeric_limits<std::int64_t>::max()};

Refusal not_one(const Kind& kind, std::string_view text) {
  return {in_quotes(text) + " is not " + std::string{kind.article_and_noun},
          "write a whole number with its unit, such as " + std::string{kind.example}};
}

Refusal bad_unit(const Kind& kind, std::string_view text, std::string_view unit) {
  std::vector<std::string_view> names;
  for (const Unit& u : kind.units)
    if (!u.name.empty()) names.push_back(u.name);
  const std::string what = in_quotes(text) + " has the unknown unit " + in_quotes(unit);
  const auto near = nearest_name(unit, names);
  if (near) return {what, "did you mean " + in_quotes(*near) + "?"};
  return {what, "the units are " + std::string{kind.unit_names}};
}

base::Result<std::uint64_t, Refusal> parse(const Kind& kind, std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, number);
  if (fault == std::errc::invalid_argument) return base::Failure{not_one(kind, text)};
  const std::string_view unit{rest, static_cast<std::size_t>(end - rest)};
  if (unit.starts_with('.') || unit.starts_with(','))
    return base::Failure{Refusal{in_quotes(text) + " is not a whole number", "take a smaller unit"}};
  if (unit.starts_with(' '))
    return base::Failure{Refusal{in_quotes(text) + " has a space before its unit",
                                 "write them together, such as " + std::string{kind.example}}};
  if (unit.empty() && !kind.units.front().name.empty())
    return base::Failure{
        Refusal{in_quotes(text) + " has no unit",
                "the units are " + std::string{kind.unit_names} + "; such as " + std::string{kind.example}}};
  for (const Unit& u : kind.units) {
    if (u.name != unit) continue;
    if (fault == std::errc::result_out_of_range || number > kind.largest / u.worth)
      return base::Failure{Refusal{in_quotes(text) + " is too large to count", ""}};
    return number * u.worth;
  }
  return base::Failure{bad_unit(kind, text, unit)};
}

std::string format(const Kind& kind, std::uint64_t amount) {
  const Unit* best = &kind.units.front();
  for (const Unit& u : kind.units)
    if (amount >= u.worth && amount % u.worth == 0) best = &u;
  return std::to_string(amount / best->worth) + std::string{best->name};
}

}  // namespace

base::Result<std::uint64_t, Refusal> parse_size(std::string_view text) { return parse(size_kind, text); }

base::Result<base::Duration, Refusal> parse_duration(std::string_view text) {
  const auto amount = parse(duration_kind, text);
  if (!amount) return base::Failure{amount.error()};
  return base::Duration{static_cast<base::Duration::rep>(*amount)};
}

std::string format_size(std::uint64_t bytes) { return format(size_kind, bytes); }

std::string format_duration(base::Duration duration) {
  if (duration.count() < 0) return '-' + format_duration(-duration);
  const auto whole = std::chrono::floor<std::chrono::milliseconds>(duration);
  return whole.count() == 0 ? "0s" : format(duration_kind, nanoseconds_in(whole));
}

}  // namespace mortise::config
