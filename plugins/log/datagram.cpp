#include "datagram.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <span>
#include <utility>

#include "escape.hpp"

namespace mortise::log {

namespace {

constexpr std::size_t name_max = 64;  // of a field of the journal, bytes

// 3 for an error to 7 for debug.
std::uint32_t severity_of(std::int32_t level) {
  static constexpr std::array<std::uint32_t, 5> severities{7, 6, 5, 4, 3};
  return severities[static_cast<std::size_t>(std::clamp(level, MORTISE_DEBUG + 0, MORTISE_ERROR + 0) - 1)];
}

// "Nov  4 14:02:11" in local time and English, whatever the locale.
std::string stamp_of(std::uint64_t unix_ns) {
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(unix_ns / 1'000'000'000);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return fmt::format("{} {:2} {:02}:{:02}:{:02}", months[static_cast<std::size_t>(parts.tm_mon)],
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

// The journal takes A to Z, 0 to 9 and _ in a name.
std::string name_of(std::string_view key) {
  std::string out = "MORTISE_";
  for (const char c : key.substr(0, name_max - out.size())) {
    const bool is_lower = c >= 'a' && c <= 'z';
    const bool is_taken = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += is_lower ? static_cast<char>(c - 'a' + 'A') : is_taken ? c : '_';
  }
  return out;
}

void append_entry(std::string& out, std::string_view name, std::string_view text) {
  out.append(name) += '=';
  append_escaped(out, text);
  out += '\n';
}

}  // namespace

std::optional<std::uint32_t> facility_of(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::uint32_t>, 14> facilities{{{"user", 1},
                                                                                          {"daemon", 3},
                                                                                          {"auth", 4},
                                                                                          {"syslog", 5},
                                                                                          {"authpriv", 10},
                                                                                          {"local0", 16},
                                                                                          {"local1", 17},
                                                                                          {"local2", 18},
                                                                                          {"local3", 19},
                                                                                          {"local4", 20},
                                                                                          {"local5", 21},
                                                                                          {"local6", 22},
                                                                                          {"local7", 23},
                                                                                          {"cron", 9}}};
  const auto* found = std::ranges::find(facilities, name, [](const auto& each) { return each.first; });
  if (found == facilities.end()) return {};
  return found->second;
}

std::string syslog_datagram(const mortise_log_event_t& event, const Origin& origin, Format format) {
  return fmt::format("<{}>{} {}[{}]: {}", origin.facility * 8 + severity_of(event.level),
                     stamp_of(event.unix_ns), origin.ident, ::getpid(),
                     format == Format::json ? json_line(event) : message_line(event));
}

std::string journal_datagram(const mortise_log_event_t& event, const Origin& origin) {
  std::string out = "MESSAGE=" + message_line(event) + '\n';
  fmt::format_to(std::back_inserter(out), "PRIORITY={}\nSYSLOG_FACILITY={}\nSYSLOG_IDENTIFIER={}\n",
                 severity_of(event.level), origin.facility, origin.ident);
  append_entry(out, "MORTISE_EVENT", view(event.event));
  append_entry(out, "MORTISE_CATEGORY", view(event.source));
  for (const mortise_field_t& field : std::span{event.fields, event.field_count}) {
    if (field.type == MORTISE_FIELD_TEXT && field.text.size == 0) continue;
    append_entry(out, name_of(view(field.key)), value_text(field));
  }
  return out;
}

}  // namespace mortise::log
