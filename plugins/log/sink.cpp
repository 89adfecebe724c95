#include "sink.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace mortise::log {

namespace {

constexpr std::size_t pending_max = 256 * 1024;  // bytes; more is written before the batch ends

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

}  // namespace

spdlog::level::level_enum level_for_spdlog(std::int32_t level) {
  static constexpr std::array levels{spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                     spdlog::level::warn, spdlog::level::err};
  return levels[static_cast<std::size_t>(std::clamp(level, MORTISE_DEBUG + 0, MORTISE_ERROR + 0) - 1)];
}

void LineFormatter::format(const spdlog::details::log_msg& line, spdlog::memory_buf_t& out) {
  out.append(line.payload.data(), line.payload.data() + line.payload.size());
  out.push_back('\n');
  const std::int32_t level = static_cast<std::int32_t>(line.level) + MORTISE_DEBUG;
  line.color_range_start = before_level_;
  line.color_range_end = before_level_ + level_name(level).size();
}

std::unique_ptr<spdlog::formatter> LineFormatter::clone() const {
  return std::make_unique<LineFormatter>(before_level_);
}

DescriptorSink::DescriptorSink(int descriptor, bool owned, std::unique_ptr<spdlog::formatter> formatter)
    : base_sink{std::move(formatter)}, descriptor_{descriptor}, owned_{owned} {}

DescriptorSink::~DescriptorSink() {
  if (owned_) ::close(descriptor_);
}

Lost DescriptorSink::take_lost() { return std::exchange(lost_, {}); }

void DescriptorSink::replace(int descriptor) {
  if (owned_) ::close(descriptor_);
  descriptor_ = descriptor;
  owned_ = true;
  torn_ = false;
}

void DescriptorSink::sink_it_(const spdlog::details::log_msg& line) {
  const auto made = std::chrono::duration_cast<std::chrono::nanoseconds>(line.time.time_since_epoch());
  unix_ns_ = static_cast<std::uint64_t>(made.count());
  spdlog::memory_buf_t formatted;
  formatter_->format(line, formatted);
  pending_.append(formatted.data(), formatted.size());
  if (pending_.size() > pending_max) flush_();
}

void DescriptorSink::flush_() {
  if (pending_.empty()) return;
  if (torn_) pending_.insert(pending_.begin(), '\n');
  std::size_t written = 0;
  while (written < pending_.size()) {
    const std::string_view rest = std::string_view{pending_}.substr(written);
    int error = 0;
    written += write_all(rest.substr(0, piece_of(rest)), error);
    if (error == 0) continue;
    lose(written, error);
    break;
  }
  if (written == pending_.size()) torn_ = false;
  pending_.clear();
}

std::size_t DescriptorSink::write_all(std::string_view piece, int& error) const {
  std::size_t written = 0;
  while (written < piece.size()) {
    const ssize_t count = ::write(descriptor_, piece.data() + written, piece.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      error = errno;
      break;
    }
    written += static_cast<std::size_t>(count);
  }
  return written;
}

void DescriptorSink::lose(std::size_t written, int error) {
  lost_.lines += count_lines(std::string_view{pending_}.substr(written));
  lost_.error = std::generic_category().message(error);
  if (written == 0) return;
  const std::size_t whole = pending_.rfind('\n', written - 1) + 1;
  torn_ = whole != written;
  struct stat file {};
  if (!torn_ || ::fstat(descriptor_, &file) != 0 || !S_ISREG(file.st_mode)) return;
  const auto piece = static_cast<off_t>(written - whole);
  if (file.st_size >= piece && ::ftruncate(descriptor_, file.st_size - piece) == 0) torn_ = false;
}

std::unique_ptr<spdlog::sinks::sink> open_console(std::unique_ptr<spdlog::formatter> formatter) {
  if (::isatty(STDERR_FILENO) != 1)
    return std::make_unique<DescriptorSink>(STDERR_FILENO, false, std::move(formatter));
  auto out = std::make_unique<spdlog::sinks::stderr_color_sink_st>();
  out->set_color(level_for_spdlog(MORTISE_DEBUG), out->cyan);
  out->set_color(level_for_spdlog(MORTISE_INFO), out->green);
  out->set_color(level_for_spdlog(MORTISE_NOTICE), out->blue);
  out->set_color(level_for_spdlog(MORTISE_WARNING), out->yellow_bold);
  out->set_color(level_for_spdlog(MORTISE_ERROR), out->red_bold);
  out->set_formatter(std::move(formatter));
  return out;
}

void say_on_stderr(std::string_view line) {
  const std::string whole = std::string{line} + '\n';
  // Nobody is left to be told that this failed.
  [[maybe_unused]] const ssize_t count = ::write(STDERR_FILENO, whole.data(), whole.size());
}

}  // namespace mortise::log
