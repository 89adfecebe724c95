#include "config/value_reader.hpp"

#include <algorithm>
#include <charconv>

#include "config/nearest.hpp"
#include "config/units.hpp"

namespace mortise::config {

namespace {

constexpr std::size_t longest_name = 64;

// How a finding speaks of a value.
std::string mention(const Tree& value) {
  switch (value.kind()) {
    case Tree::Kind::list: return "a list";
    case Tree::Kind::map: return "a map";
    case Tree::Kind::null: return "an empty value";
    default: return in_quotes(value.text());
  }
}

std::string between(std::string_view what, const std::string& lowest, const std::string& highest) {
  return std::string{what} + " is not between " + lowest + " and " + highest;
}

std::string or_word(std::string_view word) { return word.empty() ? "" : "or write " + std::string{word}; }

bool is_whole_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string listed(std::span<const std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) out += (out.empty() ? "" : ", ") + std::string{name};
  return out;
}

void ValueReader::error(const Location& where, const std::string& key, std::string text, std::string remedy) {
  findings_.push_back({Severity::error, where, key, std::move(text), std::move(remedy)});
}

void ValueReader::warn(const Location& where, const std::string& key, std::string text, std::string remedy) {
  findings_.push_back({Severity::warning, where, key, std::move(text), std::move(remedy)});
}

void ValueReader::wrong_kind(const Tree& value, const std::string& key, std::string_view wanted,
                             std::string remedy) {
  error(value.where(), key, mention(value) + " is not " + std::string{wanted}, std::move(remedy));
}

std::optional<std::int64_t> ValueReader::count(const Tree& value, const std::string& key, const Count& rule) {
  const std::string lowest = std::to_string(rule.lowest), highest = std::to_string(rule.highest);
  const std::string alternative = rule.word.empty() ? "" : ", or " + std::string{rule.word};
  if (value.kind() == Tree::Kind::string && is_whole_number(value.text())) {
    error(value.where(), key, in_quotes(value.text()) + " is text, not a number",
          "write it without quotes and leading zeros");
    return std::nullopt;
  }
  if (value.kind() != Tree::Kind::integer) {
    wrong_kind(value, key, "a whole number", "write one from " + lowest + " to " + highest + alternative);
    return std::nullopt;
  }
  std::int64_t number = 0;
  const char* const end = value.text().data() + value.text().size();
  const auto [rest, fault] = std::from_chars(value.text().data(), end, number);
  if (fault == std::errc{} && rest == end && number >= rule.lowest && number <= rule.highest) return number;
  error(value.where(), key, between(value.text(), lowest, highest), or_word(rule.word));
  return std::nullopt;
}

std::optional<std::uint64_t> ValueReader::size(const Tree& value, const std::string& key, const Size& rule) {
  if (!value.is_scalar() || value.kind() == Tree::Kind::null) {
    wrong_kind(value, key, "a size", "such as " + format_size(rule.lowest));
    return std::nullopt;
  }
  const auto bytes = parse_size(value.text());
  if (!bytes) {
    error(value.where(), key, bytes.error().text, bytes.error().remedy);
  } else if (*bytes < rule.lowest || *bytes > rule.highest) {
    error(value.where(), key, between(value.text(), format_size(rule.lowest), format_size(rule.highest)),
          or_word(rule.word));
  } else {
    return *bytes;
  }
  return std::nullopt;
}

std::optional<base::Duration> ValueReader::period(const Tree& value, const std::string& key,
                                                  const Period& rule) {
  if (!value.is_scalar() || value.kind() == Tree::Kind::null) {
    wrong_kind(value, key, "a duration", "such as 30s");
    return std::nullopt;
  }
  const auto duration = parse_duration(value.text());
  if (!duration) {
    error(value.where(), key, duration.error().text, duration.error().remedy);
  } else if (*duration < rule.lowest || *duration > rule.highest) {
    error(value.where(), key,
          between(value.text(), format_duration(rule.lowest), format_duration(rule.highest)),
          or_word(rule.word));
  } else if (*duration % rule.step != base::Duration::zero()) {
    error(value.where(), key, value.text() + " is not a multiple of " + format_duration(rule.step),
          "MQTT counts this in whole seconds");
  } else {
    return *duration;
  }
  return std::nullopt;
}

std::optional<bool> ValueReader::flag(const Tree& value, const std::string& key) {
  if (value.kind() == Tree::Kind::boolean) return value.text() == "true";
  wrong_kind(value, key, "a yes or no", "write true or false, without quotes");
  return std::nullopt;
}

std::optional<std::size_t> ValueReader::choice(const Tree& value, const std::string& key,
                                               std::span<const std::string_view> names) {
  if (value.is_scalar())
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == value.text()) return i;
  const auto near = value.is_scalar() ? nearest_name(value.text(), names) : std::nullopt;
  wrong_kind(value, key, "one of " + listed(names), near ? "did you mean " + in_quotes(*near) + "?" : "");
  return std::nullopt;
}

std::optional<std::string> ValueReader::name(const Tree& value, const std::string& key) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  const auto written = text(value, key);
  if (!written || (written->size() <= longest_name && std::ranges::all_of(*written, is_part))) return written;
  wrong_kind(value, key, "a name", "use 1 to 64 letters, digits, and - _ .");
  return std::nullopt;
}

std::optional<std::string> ValueReader::text(const Tree& value, const std::string& key) {
  const bool is_text = value.kind() == Tree::Kind::string;
  if (is_text && !value.text().empty()) return value.text();
  if (is_text)
    error(value.where(), key, "this text is empty", "write something between the quotes");
  else if (value.is_scalar() && value.kind() != Tree::Kind::null)
    error(value.where(), key, value.text() + " is not text to YAML",
          "put it in quotes: " + in_quotes(value.text()));
  else
    wrong_kind(value, key, "a text", "");
  return std::nullopt;
}

std::optional<std::filesystem::path> ValueReader::path(const Tree& value, const std::string& key) {
  const auto written = text(value, key);
  if (!written) return std::nullopt;
  return (folder_ / *written).lexically_normal();
}

std::optional<std::string> ValueReader::library(const Tree& value, const std::string& key) {
  const auto written = text(value, key);
  if (!written || written->find('/') == std::string::npos) return written;
  return (folder_ / *written).lexically_normal().string();
}

std::optional<Bind> ValueReader::address(const Tree& value, const std::string& key) {
  // A port alone is a number to YAML.
  if (value.kind() != Tree::Kind::string && value.kind() != Tree::Kind::integer) {
    wrong_kind(value, key, "an address with a port", "such as 127.0.0.1:1883");
    return std::nullopt;
  }
  auto bind = parse_bind(value.text());
  if (bind) {
    Bind read = std::move(bind).take();
    if (read.kind == Bind::Kind::unix_socket) read.path = (folder_ / read.path).lexically_normal().string();
    return read;
  }
  error(value.where(), key, bind.error().text, bind.error().remedy);
  return std::nullopt;
}

}  // namespace mortise::config
