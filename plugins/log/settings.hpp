// The settings of the log plugin: its sinks, and which lines each of them wants.
//
// Thread: any; values.   Fails: by a mortise::finding at the place in the YAML.
#pragma once

#include <cstdint>
#include <map>
#include <mortise/plugin.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit.hpp"
#include "datagram.hpp"
#include "file_sink.hpp"
#include "line.hpp"
#include "repeats.hpp"

namespace mortise::log {

// Above every level: nothing.
inline constexpr std::int32_t off = MORTISE_ERROR + 1;

// One line for every message is a flood nobody should get unasked.
inline constexpr std::string_view silent_category = "messages";

// The lowest level wanted of each category.
struct Levels {
  std::int32_t otherwise = MORTISE_INFO;
  std::map<std::string, std::int32_t, std::less<>> by_category;

  std::int32_t of(std::string_view category) const;
};

struct SinkSettings {
  enum class Kind : std::uint8_t { console, file, syslog, journald } kind = Kind::console;
  Format format = Format::text;
  Levels levels;
  std::string path{};     // of a file, or of a daemon's socket: absolute
  std::string pointer{};  // where the sink stands, for findings: "/sinks/1"
  std::optional<Rotation> rotate{};
  Origin origin{};                     // for syslog and the journal
  bool audit = false;                  // takes what is_audited(), at every level, and nothing else
  std::vector<std::string> clients{};  // of which it takes every line, for a time; no part of the YAML

  bool wants(const mortise_log_event_t& event) const;
  // Whether the line is about one of `clients`.
  bool names_client(const mortise_log_event_t& event) const;
  // The lowest level of a category of which it wants a line; `off` if it wants none.
  std::int32_t lowest_of(std::string_view category) const;
};

struct Settings {
  std::vector<SinkSettings> sinks;
  std::optional<RepeatSettings> repeats;  // none: every line is written
};

// `folder` is where relative paths begin. Says what the schema cannot: a file without a path, a path twice.
Settings read_settings(const config& from, std::string_view folder);

// The five and "off", as the YAML writes them.
std::optional<std::int32_t> level_of(std::string_view name);

// What the host is to be asked for: the levels some sink wants of some category, and no category that none
// does, so that hardly a line is built that nobody writes.
attach wishes_of(const std::vector<SinkSettings>& sinks);

}  // namespace mortise::log
