// Lines that come again and again: the first are written, the others counted, and a line says how many.
//
// Two lines are the same if they have category, event and text in common, and the client. Where there is no
// client they have to have all texts in common, but for the port of an address. Lines of level debug and
// those about messages are never counted: who asks for them wants them.
//
// Thread: the strand.   Owns: copies of what it counts; 1024 lines of 1 KiB at most.
// Cost:   a hash of a line's key.   Fails: never; what is too long or too much to remember is written.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <mortise/plugin.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mortise::log {

struct RepeatSettings {
  std::uint32_t first = 10;  // written, at least 1
  std::chrono::nanoseconds within = std::chrono::seconds{60};
};

class Repeats {
 public:
  // Called with a line that says how many were not written: at the time of the last of them, of the level of
  // the first. It lives as long as the call.
  using Tell = std::function<void(const mortise_log_event_t&)>;

  // Whether `event` is counted and not to be written. Tells about what has to make room for it.
  bool hides(const mortise_log_event_t& event, const RepeatSettings& settings, const Tell& tell);

  // Tells of all whose time is over. Then what goes on is counted from its next line on, what does not is
  // forgotten.
  void tell_due(std::uint64_t unix_ns, std::chrono::nanoseconds within, const Tell& tell);

  // Tells what there is to tell, without waiting for its time.
  void tell_all(const Tell& tell);

 private:
  struct Line {
    std::string key;
    std::int32_t level = MORTISE_INFO;
    std::string source, event, text;
    std::vector<std::pair<std::string, std::string>> fields;
    std::uint64_t begin_ns = 0;  // of the time it is counted in
    std::uint64_t last_ns = 0;
    std::uint32_t written = 0;
    std::uint64_t hidden = 0;
  };
  using Lines = std::list<Line>;

  static Line line_of(const mortise_log_event_t& event);
  static void tell_of(Line& line, const Tell& tell);
  void forget(Lines::iterator line);

  Lines lines_;  // the longer ago it began the further in front
  std::unordered_map<std::string_view, Lines::iterator> by_key_;
};

}  // namespace mortise::log
