// Where lines go in the end: spdlog's coloured console for a terminal, and a descriptor for all else that is
// a file.
//
// Thread: the strand.   Owns: the descriptor of a file; never standard error.
// Fails: a write that fails loses lines, which are counted; nothing is thrown while running.
#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "line.hpp"

namespace mortise::log {

// Ends a finished line, and tells spdlog where the level's name stands that a terminal colours.
class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(std::size_t before_level) : before_level_{before_level} {}
  void format(const spdlog::details::log_msg& line, spdlog::memory_buf_t& out) override;
  std::unique_ptr<spdlog::formatter> clone() const override;

 private:
  std::size_t before_level_;
};

// What a sink could not write, since it was last asked.
struct Lost {
  std::uint64_t lines = 0;
  std::string error;  // of the operating system
};

// A sink that knows.
class Counted {
 public:
  virtual ~Counted() = default;
  virtual Lost take_lost() = 0;
};

// Collects the lines of a batch and writes them at once. A line that was cut off, as by a full disk, is taken
// back out of a file, and ended where that cannot be.
class DescriptorSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex>, public Counted {
 public:
  DescriptorSink(int descriptor, bool owned, std::unique_ptr<spdlog::formatter> formatter);
  ~DescriptorSink() override;

  Lost take_lost() override;

 protected:
  // How much of `rest`, whole lines, is to be written to descriptor() now; never nothing. May replace() it.
  virtual std::size_t piece_of(std::string_view rest) { return rest.size(); }
  int descriptor() const noexcept { return descriptor_; }
  // From now on lines go there; it is owned.
  void replace(int descriptor);
  // When the youngest line that is not written was made.
  std::uint64_t unix_ns() const noexcept { return unix_ns_; }

 private:
  void sink_it_(const spdlog::details::log_msg& line) final;
  void flush_() final;
  // How much arrived, and the error that kept back the rest.
  std::size_t write_all(std::string_view piece, int& error) const;
  void lose(std::size_t written, int error);

  int descriptor_;
  bool owned_;
  bool torn_ = false;  // the last thing written is a piece of a line
  std::uint64_t unix_ns_ = 0;
  std::string pending_;
  Lost lost_;
};

// Standard error: coloured if it is a terminal, else as a file would be.
std::unique_ptr<spdlog::sinks::sink> open_console(std::unique_ptr<spdlog::formatter> formatter);

// A line beside all sinks: for what has to be seen though no sink can show it.
void say_on_stderr(std::string_view line);

// spdlog's name for a level; the five keep their order.
spdlog::level::level_enum level_for_spdlog(std::int32_t level);

}  // namespace mortise::log
