#include "line.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>
#include <span>

#include "escape.hpp"

namespace mortise::log {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t ns_per_s = 1'000'000'000;

std::string clock_text(std::uint64_t unix_ns, const char* pattern, bool utc) {
  const auto seconds = static_cast<std::time_t>(unix_ns / ns_per_s);
  std::tm parts{};
  if (utc)
    gmtime_r(&seconds, &parts);
  else
    localtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), pattern, &parts);
  return fmt::format("{}.{:03}", std::string_view{text.data(), length}, unix_ns % ns_per_s / 1'000'000);
}

std::span<const mortise_field_t> fields_of(const mortise_log_event_t& event) {
  return {event.fields, event.field_count};
}

bool says_nothing(const mortise_field_t& field) {
  return field.type == MORTISE_FIELD_TEXT && field.text.size == 0;
}

void append_message(std::string& out, const mortise_log_event_t& event) {
  append_escaped(out, view(event.text));
  std::string_view gap = "  ";
  for (const mortise_field_t& field : fields_of(event)) {
    if (says_nothing(field)) continue;
    out += gap;
    append_escaped(out, view(field.key));
    out += '=';
    append_value(out, value_text(field));
    gap = " ";
  }
}

std::string json_text(std::string_view text) {
  if (is_utf8(text)) return std::string{text};
  std::string out;
  append_escaped(out, text);
  return out;
}

Json json_value(const mortise_field_t& field) {
  switch (field.type) {
    case MORTISE_FIELD_TEXT: return json_text(view(field.text));
    case MORTISE_FIELD_INTEGER: return field.number.integer;
    case MORTISE_FIELD_UNSIGNED: return field.number.natural;
    case MORTISE_FIELD_FLOAT:
      return std::isfinite(field.number.real) ? Json(field.number.real) : Json(nullptr);
    case MORTISE_FIELD_BOOLEAN: return field.number.natural != 0;
    default: return nullptr;
  }
}

}  // namespace

std::size_t width_of(Clock clock) { return clock == Clock::time_of_day ? 13 : 24; }

std::string_view level_name(std::int32_t level) {
  static constexpr std::array<std::string_view, 5> names{"debug", "info", "notice", "warning", "error"};
  return names[static_cast<std::size_t>(std::clamp(level, MORTISE_DEBUG + 0, MORTISE_ERROR + 0) - 1)];
}

std::string text_line(const mortise_log_event_t& event, Clock clock) {
  const char* pattern = clock == Clock::time_of_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S";
  std::string category;
  append_escaped(category, view(event.source));
  std::string out = fmt::format("{} {:<7} {:<8} ", clock_text(event.unix_ns, pattern, false),
                                level_name(event.level), category);
  append_message(out, event);
  return out;
}

std::string message_line(const mortise_log_event_t& event) {
  std::string out;
  append_escaped(out, view(event.source));
  out += ' ';
  append_message(out, event);
  return out;
}

std::string value_text(const mortise_field_t& field) {
  switch (field.type) {
    case MORTISE_FIELD_TEXT: return std::string{view(field.text)};
    case MORTISE_FIELD_INTEGER: return fmt::format("{}", field.number.integer);
    case MORTISE_FIELD_UNSIGNED: return fmt::format("{}", field.number.natural);
    case MORTISE_FIELD_FLOAT: return fmt::format("{}", field.number.real);
    case MORTISE_FIELD_BOOLEAN: return field.number.natural ? "true" : "false";
    default: return "?";  // a type newer than this plugin
  }
}

std::string json_line(const mortise_log_event_t& event) {
  Json out;
  out["time"] = clock_text(event.unix_ns, "%Y-%m-%dT%H:%M:%S", true) + "Z";
  out["level"] = level_name(event.level);
  out["category"] = json_text(view(event.source));
  out["event"] = json_text(view(event.event));
  out["text"] = json_text(view(event.text));
  const std::size_t own = out.size();
  for (const mortise_field_t& field : fields_of(event)) {
    if (says_nothing(field)) continue;
    std::string key = json_text(view(field.key));
    const auto taken = out.find(key);
    if (taken != out.end() && static_cast<std::size_t>(std::distance(out.begin(), taken)) < own) key += '_';
    out[key] = json_value(field);
  }
  return out.dump();
}

}  // namespace mortise::log
