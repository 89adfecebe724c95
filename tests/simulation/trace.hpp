// What happened in a run, line by line with its virtual time: kept when somebody wants to read it, hashed
// always.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace mortise::simulation {

// The broker did what it must not. Ends the run.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Trace {
 public:
  explicit Trace(bool keeps) : keeps_{keeps} {}

  void at(std::int64_t ms) { ms_ = ms; }

  [[gnu::format(printf, 2, 3)]] void note(const char* format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    const int size = std::vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    const std::size_t length =
        size < 0 ? 0 : std::min<std::size_t>(static_cast<std::size_t>(size), sizeof line - 1);
    hash_ = (hash_ ^ static_cast<std::uint64_t>(ms_)) * 0x100000001B3ULL;
    for (std::size_t i = 0; i < length; ++i)
      hash_ = (hash_ ^ static_cast<std::uint8_t>(line[i])) * 0x100000001B3ULL;
    if (!keeps_) return;
    char time[32];
    std::snprintf(time, sizeof time, "%9.3f  ", static_cast<double>(ms_) / 1000);
    text_.append(time).append(line, length).append("\n");
  }

  std::uint64_t hash() const { return hash_; }
  const std::string& text() const { return text_; }

 private:
  bool keeps_;
  std::int64_t ms_ = 0;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::string text_;
};

}  // namespace mortise::simulation
