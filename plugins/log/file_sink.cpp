#include "file_sink.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "archives.hpp"

namespace mortise::log {

namespace {

constexpr std::uint64_t ns_per_s = 1'000'000'000;
constexpr std::uint64_t retry_after_ns = 10 * ns_per_s;

int open_to_append(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

// When the file was made, where the file system knows; else 0.
std::uint64_t birth_of(int descriptor) {
  struct statx file {};
  if (::statx(descriptor, "", AT_EMPTY_PATH, STATX_BTIME, &file) != 0) return 0;
  if ((file.stx_mask & STATX_BTIME) == 0 || file.stx_btime.tv_sec < 0) return 0;
  return static_cast<std::uint64_t>(file.stx_btime.tv_sec) * ns_per_s + file.stx_btime.tv_nsec;
}

}  // namespace

std::unique_ptr<FileSink> FileSink::open(const std::string& path, std::optional<Rotation> rotation,
                                         std::unique_ptr<spdlog::formatter> formatter) {
  const int descriptor = open_to_append(path);
  if (descriptor < 0) throw std::system_error{errno, std::generic_category()};
  std::unique_ptr<FileSink> out{new FileSink{descriptor, path, rotation, std::move(formatter)}};
  struct stat file {};
  if (rotation && (::fstat(descriptor, &file) != 0 || !S_ISREG(file.st_mode)))
    throw std::system_error{std::make_error_code(std::errc::invalid_argument)};
  if (rotation) out->path_ = std::filesystem::canonical(path).string();
  return out;
}

FileSink::FileSink(int descriptor, std::string path, std::optional<Rotation> rotation,
                   std::unique_ptr<spdlog::formatter> formatter)
    : DescriptorSink{descriptor, true, std::move(formatter)},
      path_{std::move(path)},
      rotation_{rotation},
      began_ns_{birth_of(descriptor)} {}

std::string FileSink::take_rotation_fault() { return std::exchange(fault_, {}); }

std::size_t FileSink::piece_of(std::string_view rest) {
  if (!rotation_) return rest.size();
  if (!is_pruned_) prune();
  follow_path();
  const std::size_t line = rest.find('\n') + 1;
  const bool is_full = size_ > 0 && size_ + line > rotation_->size_bytes;
  if ((is_full || is_old()) && !rotate()) return rest.size();
  const std::uint64_t room = rotation_->size_bytes - std::min(size_, rotation_->size_bytes);
  if (rest.size() <= room) return rest.size();
  const std::size_t last = room > 0 ? rest.rfind('\n', room - 1) : std::string_view::npos;
  return last == std::string_view::npos ? line : last + 1;
}

// Another process may have moved the file away, or a writer that is about to be replaced may have rotated it;
// what cannot be opened is written to where it is now.
void FileSink::follow_path() {
  struct stat mine {
  }, named{};
  if (::fstat(descriptor(), &mine) != 0) return;
  size_ = static_cast<std::uint64_t>(mine.st_size);
  const bool is_there = ::stat(path_.c_str(), &named) == 0;
  if (is_there && named.st_ino == mine.st_ino && named.st_dev == mine.st_dev) return;
  const int other = open_to_append(path_);
  if (other < 0) return;
  replace(other);
  began_ns_ = birth_of(other);
  size_ = ::fstat(other, &mine) == 0 ? static_cast<std::uint64_t>(mine.st_size) : 0;
}

bool FileSink::is_old() {
  if (size_ == 0 || began_ns_ == 0 || began_ns_ > unix_ns()) began_ns_ = unix_ns();
  const auto age = static_cast<std::uint64_t>(rotation_->age.count());
  return age > 0 && unix_ns() - began_ns_ >= age;
}

bool FileSink::rotate() {
  if (is_failing_ && unix_ns() < retry_ns_) return false;
  try {
    const std::string archive = Archives{path_}.next();
    if (std::rename(path_.c_str(), archive.c_str()) != 0)
      throw std::system_error{errno, std::generic_category()};
    const int fresh = open_to_append(path_);
    if (fresh < 0) {
      const int error = errno;
      std::rename(archive.c_str(), path_.c_str());  // if that fails too, follow_path() opens another
      throw std::system_error{error, std::generic_category()};
    }
    replace(fresh);
  } catch (const std::system_error& failed) {
    fail(failed.code().message());
    return false;
  }
  size_ = 0;
  began_ns_ = unix_ns();
  if (prune()) is_failing_ = false;
  return true;
}

bool FileSink::prune() {
  is_pruned_ = true;
  try {
    Archives{path_}.prune(rotation_->keep);
    return true;
  } catch (const std::system_error& failed) {
    fail(failed.code().message());
    return false;
  }
}

void FileSink::fail(const std::string& why) {
  retry_ns_ = unix_ns() + retry_after_ns;
  if (!std::exchange(is_failing_, true)) fault_ = why;
}

}  // namespace mortise::log
