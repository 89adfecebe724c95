// One log line as text for people and as JSON for machines, with the same words.
//
//   14:02:11.318 warning auth     denied publish  client=pump-7 topic=alarm/reset rule="access.yaml:14 …"
//   {"time":"2026-11-24T13:02:11.318Z","level":"warning","category":"auth","event":"client.denied", …}
//
// Thread: any.   Owns: nothing; a line is read while the call lasts.   Fails: never.
#pragma once

#include <mortise/plugin.hpp>
#include <string>
#include <string_view>

namespace mortise::log {

enum class Format : std::uint8_t { text, json };

// How a text line begins. A terminal shows what happens now; a file is read days later.
enum class Clock : std::uint8_t { time_of_day, date_and_time };

// Characters of a text line before the level's name, the space included.
std::size_t width_of(Clock clock);

// "debug" to "error"; a level nobody knows is called by the nearest below it.
std::string_view level_name(std::int32_t level);

// Without an end of line. Local time. Fields that hold an empty text are left out.
std::string text_line(const mortise_log_event_t& event, Clock clock);

// What a text line says behind its time and level: category, text and fields.
std::string message_line(const mortise_log_event_t& event);

// The value of a field, unescaped.
std::string value_text(const mortise_field_t& field);

// Without an end of line. UTC. A text that is not UTF-8 appears as the text line shows it. A field whose name
// the line itself uses (time, level, category, event, text) gets an underscore behind it.
std::string json_line(const mortise_log_event_t& event);

}  // namespace mortise::log
