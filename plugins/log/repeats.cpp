#include "repeats.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <span>

#include "settings.hpp"

namespace mortise::log {

namespace {

constexpr std::size_t lines_max = 1024;
constexpr std::size_t key_max = 512;  // bytes
constexpr std::uint64_t ns_per_s = 1'000'000'000;

bool is_text(const mortise_field_t& field) { return field.type == MORTISE_FIELD_TEXT && field.text.size > 0; }

// An address without its port, which is another with every connection.
std::string_view lasting(std::string_view key, std::string_view value) {
  return key == "address" ? value.substr(0, value.rfind(':')) : value;
}

// 1234567 is "1,234,567".
std::string grouped(std::uint64_t number) {
  std::string out = std::to_string(number);
  for (std::size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, 1, ',');
  return out;
}

void append_part(std::string& key, std::string_view part) {
  fmt::format_to(std::back_inserter(key), "{}:", part.size());  // no text can look like another's border
  key += part;
}

bool is_countable(const mortise_log_event_t& event) {
  return event.level > MORTISE_DEBUG && view(event.source) != silent_category;
}

}  // namespace

Repeats::Line Repeats::line_of(const mortise_log_event_t& event) {
  Line out;
  out.level = event.level;
  out.source = view(event.source);
  out.event = view(event.event);
  out.text = view(event.text);
  out.begin_ns = out.last_ns = event.unix_ns;
  for (const mortise_field_t& field : std::span{event.fields, event.field_count}) {
    if (!is_text(field)) continue;
    if (view(field.key) == "client") {
      out.fields = {{"client", std::string{view(field.text)}}};
      break;
    }
    out.fields.emplace_back(view(field.key), lasting(view(field.key), view(field.text)));
  }
  for (const std::string& part : {out.source, out.event, out.text}) append_part(out.key, part);
  for (const auto& [name, value] : out.fields) append_part(out.key, name), append_part(out.key, value);
  return out;
}

void Repeats::tell_of(Line& line, const Tell& tell) {
  if (line.hidden == 0) return;
  const std::uint64_t span_ns = line.last_ns > line.begin_ns ? line.last_ns - line.begin_ns : 0;
  const std::uint64_t seconds = std::max<std::uint64_t>(1, (span_ns + ns_per_s - 1) / ns_per_s);
  const std::uint64_t hidden = std::exchange(line.hidden, 0);
  const std::string text = fmt::format("{} … {} {} more in {} s", line.text, grouped(hidden),
                                       hidden == 1 ? "time" : "times", seconds);
  std::vector<field> fields;
  for (const auto& [name, value] : line.fields) fields.emplace_back(name, value);
  fields.emplace_back("times", hidden);
  fields.emplace_back("seconds", seconds);
  mortise_log_event_t out{};
  out.size = sizeof out;
  out.level = line.level;
  out.unix_ns = line.last_ns;
  out.source = str(line.source);
  out.event = str(line.event);
  out.text = str(text);
  out.fields = fields.data();
  out.field_count = fields.size();
  tell(out);
}

void Repeats::forget(Lines::iterator line) {
  by_key_.erase(line->key);
  lines_.erase(line);
}

bool Repeats::hides(const mortise_log_event_t& event, const RepeatSettings& settings, const Tell& tell) {
  if (!is_countable(event)) return false;
  Line line = line_of(event);
  if (line.key.size() > key_max) return false;
  if (const auto found = by_key_.find(line.key); found != by_key_.end()) {
    Line& before = *found->second;
    if (before.written < settings.first) {
      ++before.written;
      return false;
    }
    before.last_ns = event.unix_ns;
    ++before.hidden;
    return true;
  }
  if (lines_.size() == lines_max) {
    tell_of(lines_.front(), tell);
    forget(lines_.begin());
  }
  line.written = 1;
  lines_.push_back(std::move(line));
  by_key_[lines_.back().key] = std::prev(lines_.end());
  return false;
}

void Repeats::tell_due(std::uint64_t unix_ns, std::chrono::nanoseconds within, const Tell& tell) {
  const auto span = static_cast<std::uint64_t>(within.count());
  for (std::size_t left = lines_.size(); left > 0; --left) {
    const auto line = lines_.begin();
    // Lines of two threads may come in the wrong order, by little; a clock may be set back, by much.
    const std::uint64_t passed = std::max(unix_ns, line->begin_ns) - std::min(unix_ns, line->begin_ns);
    if (passed < span) return;
    if (line->hidden == 0) {
      forget(line);
      continue;
    }
    tell_of(*line, tell);
    line->begin_ns = unix_ns;
    lines_.splice(lines_.end(), lines_, line);
  }
}

void Repeats::tell_all(const Tell& tell) {
  for (Line& line : lines_) tell_of(line, tell);
}

}  // namespace mortise::log
