#include "sink.hpp"

#include <fcntl.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
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

void DescriptorSink::sink_it_(const spdlog::details::log_msg& line) {
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
    const ssize_t count = ::write(descriptor_, pending_.data() + written, pending_.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      lose(written, errno);
      break;
    }
    written += static_cast<std::size_t>(count);
  }
  if (written == pending_.size()) torn_ = false;
  pending_.clear();
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

std::unique_ptr<DescriptorSink> open_file(const std::string& path,
                                          std::unique_ptr<spdlog::formatter> formatter) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (descriptor < 0) throw std::system_error{errno, std::generic_category()};
  return std::make_unique<DescriptorSink>(descriptor, true, std::move(formatter));
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

}  // namespace mortise::log
