#include "settings.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <set>
#include <span>

#include "socket_sink.hpp"

namespace mortise::log {

namespace {

std::int32_t read_level(const config& from) {
  const auto level = level_of(from.text());
  if (!level) throw finding{from.path(), "is not a level", "use debug, info, notice, warning, error or off"};
  return *level;
}

// Below, more time goes into renaming than into writing.
constexpr std::uint64_t rotate_size_min = 64 * 1024;
constexpr std::uint64_t rotate_size_max = std::uint64_t{1} << 40;
constexpr std::chrono::minutes rotate_age_min{1};
constexpr std::int64_t rotate_keep_max = 1000;

Rotation read_rotation(const config& from) {
  Rotation out;
  out.size_bytes = from.bytes("/size", out.size_bytes);
  if (out.size_bytes < rotate_size_min || out.size_bytes > rotate_size_max)
    throw finding{from.path() + "/size", "is not between 64KiB and 1024GiB",
                  "say how large one file may become, such as 10MiB"};
  if (from.at("/age")) {
    out.age = from.duration("/age");
    if (out.age < rotate_age_min)
      throw finding{from.path() + "/age", "is less than 1m",
                    "say how old a file may become, such as 1d, or leave it out"};
  }
  const std::int64_t keep = from.integer("/keep", out.keep);
  if (keep < 0 || keep > rotate_keep_max)
    throw finding{from.path() + "/keep", "is not between 0 and 1000",
                  "say how many files are kept beside the one that is written to"};
  out.keep = static_cast<std::uint32_t>(keep);
  return out;
}

constexpr std::int64_t repeats_first_max = 1'000'000;
constexpr std::chrono::hours repeats_within_max{24};

// Nothing if they are switched off.
std::optional<RepeatSettings> read_repeats(const config& from) {
  RepeatSettings out;
  const std::int64_t first = from.integer("/repeats/first", out.first);
  if (first < 1 || first > repeats_first_max)
    throw finding{"/repeats/first", "is not between 1 and 1000000",
                  "say how many lines are written before they are counted; within: 0s switches that off"};
  out.first = static_cast<std::uint32_t>(first);
  out.within = from.duration("/repeats/within", out.within);
  if (out.within > repeats_within_max)
    throw finding{"/repeats/within", "is more than 24h",
                  "say after what time the count is told, such as 60s"};
  if (out.within.count() == 0) return {};
  if (out.within < std::chrono::seconds{1})
    throw finding{"/repeats/within", "is less than 1s", "use 1s or more, or 0s to write every line"};
  return out;
}

using Kind = SinkSettings::Kind;

struct KindName {
  std::string_view name;
  Kind kind;
  std::string_view called;
  std::string_view socket;  // where the daemon usually listens
  std::array<std::string_view, 4> own_keys;
};
constexpr std::array kinds{
    KindName{"console", Kind::console, "a console", "", {"format"}},
    KindName{"file", Kind::file, "a file", "", {"format", "path", "rotate"}},
    KindName{"syslog", Kind::syslog, "syslog", "/dev/log", {"format", "socket", "ident", "facility"}},
    KindName{"journald",
             Kind::journald,
             "journald",
             "/run/systemd/journal/socket",
             {"socket", "ident", "facility"}}};

const KindName& read_kind(const config& from) {
  const auto* found = std::ranges::find(kinds, from.text("/type"), &KindName::name);
  if (found != kinds.end()) return *found;
  throw finding{from.path() + "/type", "is not a type", "use console, file, syslog or journald"};
}

// A key that only sinks of another type have.
void refuse_others(const config& from, const KindName& kind) {
  for (const std::string_view key : {"format", "path", "rotate", "socket", "ident", "facility"}) {
    const std::string place = "/" + std::string{key};
    if (std::ranges::count(kind.own_keys, key) > 0 || !from.at(place)) continue;
    std::string types;
    for (const KindName& other : kinds)
      if (std::ranges::count(other.own_keys, key) > 0)
        types += (types.empty() ? "" : " or ") + std::string{other.name};
    throw finding{from.path() + place, std::string{kind.called} + " has no " + std::string{key},
                  "remove it, or use type: " + types};
  }
}

std::string path_below(std::string_view folder, std::string_view path) {
  return (std::filesystem::path{folder} / path).lexically_normal().string();
}

constexpr std::size_t ident_max = 48;

// What every daemon and its filters read as one word.
Origin read_origin(const config& from) {
  Origin out;
  out.ident = from.text("/ident", out.ident);
  const bool is_word = std::ranges::all_of(out.ident, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  if (out.ident.empty() || out.ident.size() > ident_max || !is_word)
    throw finding{from.path() + "/ident", "is not a name", "use 1 to 48 letters, digits, '-', '_' or '.'"};
  const auto facility = facility_of(from.text("/facility", "daemon"));
  if (!facility)
    throw finding{from.path() + "/facility", "is not a facility",
                  "use daemon, user, auth, authpriv, cron, syslog, or local0 to local7"};
  out.facility = *facility;
  return out;
}

SinkSettings read_sink(const config& from, std::string_view folder) {
  SinkSettings out;
  out.pointer = from.path();
  const KindName& kind = read_kind(from);
  out.kind = kind.kind;
  refuse_others(from, kind);
  out.format = from.text("/format", "text") == "json" ? Format::json : Format::text;
  if (const config level = from.at("/level")) out.levels.otherwise = read_level(level);
  from.each("/categories", [&](std::string_view category, const config& level) {
    out.levels.by_category[std::string{category}] = read_level(level);
  });
  out.audit = from.boolean("/audit", false);
  for (const char* key : {"/level", "/categories"})
    if (out.audit && from.at(key))
      throw finding{from.path() + key, "an audit has every event of its own, at every level",
                    "remove it, or take another sink for these lines"};
  if (const config rotate = from.at("/rotate")) out.rotate = read_rotation(rotate);
  if (out.kind == SinkSettings::Kind::file) out.path = path_below(folder, from.text("/path"));
  if (kind.socket.empty()) return out;
  out.path = path_below(folder, from.text("/socket", kind.socket));
  if (out.path.size() > socket_path_max)
    throw finding{from.path() + "/socket", "is longer than 107 bytes, the most a socket's path can have",
                  "give a shorter one"};
  out.origin = read_origin(from);
  return out;
}

}  // namespace

std::optional<std::int32_t> level_of(std::string_view name) {
  static constexpr std::array<std::string_view, 6> names{"debug",   "info",  "notice",
                                                         "warning", "error", "off"};
  const auto* const found = std::ranges::find(names, name);
  if (found == names.end()) return {};
  return static_cast<std::int32_t>(found - names.begin()) + MORTISE_DEBUG;
}

std::int32_t Levels::of(std::string_view category) const {
  const auto found = by_category.find(category);
  if (found != by_category.end()) return found->second;
  return category == silent_category ? off : otherwise;
}

Settings read_settings(const config& from, std::string_view folder) {
  Settings all;
  all.repeats = read_repeats(from);
  std::vector<SinkSettings>& out = all.sinks;
  from.each("/sinks", [&](const config& sink) {
    out.push_back(read_sink(sink, folder));
    const SinkSettings& added = out.back();
    for (const SinkSettings& other : std::span{out}.first(out.size() - 1))
      if (other.kind == added.kind && other.path == added.path)
        throw finding{added.pointer,
                      added.path.empty() ? "a second console" : "writes to the same place as another sink",
                      "give both sets of lines to one sink, or another path"};
  });
  if (out.empty()) throw finding{"/sinks", "names no sink", "add one, or take the plugin out"};
  return all;
}

std::int32_t SinkSettings::lowest_of(std::string_view category) const {
  if (!audit) return levels.of(category);
  return category == silent_category ? off : audited_level_min;
}

bool SinkSettings::wants(const mortise_log_event_t& event) const {
  if (audit) return is_audited(view(event.event));
  return event.level >= levels.of(view(event.source)) || names_client(event);
}

bool SinkSettings::names_client(const mortise_log_event_t& event) const {
  if (clients.empty()) return false;
  for (const mortise_field_t& field : std::span{event.fields, event.field_count})
    if (field.type == MORTISE_FIELD_TEXT && view(field.key) == "client")
      return std::ranges::find(clients, view(field.text)) != clients.end();
  return false;
}

attach wishes_of(const std::vector<SinkSettings>& sinks) {
  // Whose line it is nobody knows before it is there.
  if (!std::ranges::all_of(sinks, [](const SinkSettings& sink) { return sink.clients.empty(); })) return {};
  std::set<std::string, std::less<>> categories{std::string{silent_category}};
  std::int32_t lowest = off;
  for (const SinkSettings& sink : sinks) {
    if (!sink.audit) lowest = std::min(lowest, sink.levels.otherwise);
    for (const auto& [category, level] : sink.levels.by_category) categories.insert(category);
  }
  attach out;
  for (const std::string& category : categories) {
    std::int32_t level = off;
    for (const SinkSettings& sink : sinks) level = std::min(level, sink.lowest_of(category));
    if (level == off) out.filters.push_back(category);
    lowest = std::min(lowest, level);
  }
  if (std::ranges::any_of(sinks, &SinkSettings::audit)) lowest = std::min(lowest, audited_level_min);
  // All off is asked for as errors only: no levels would mean all of them.
  for (std::int32_t level = std::min(lowest, MORTISE_ERROR + 0); level <= MORTISE_ERROR; ++level)
    out.kinds.push_back(static_cast<std::uint16_t>(level));
  return out;
}

}  // namespace mortise::log
