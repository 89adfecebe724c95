#include "files.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

namespace mortise::store_sqlite {
namespace {

[[noreturn]] void fail(const std::string& path, const char* doing) {
  throw std::system_error{errno, std::generic_category(), path + ": " + doing};
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags)
      : path_{path}, raw_{::open(path.c_str(), flags | O_CLOEXEC, 0640)} {
    if (raw_ < 0) fail(path, "cannot be opened");
  }
  ~Descriptor() { ::close(raw_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  std::size_t read(char* to, std::size_t count) const {
    const ssize_t got = ::read(raw_, to, count);
    if (got < 0) fail(path_, "cannot be read");
    return static_cast<std::size_t>(got);
  }
  void write(const char* from, std::size_t count) const {
    while (count > 0) {
      const ssize_t put = ::write(raw_, from, count);
      if (put < 0) fail(path_, "cannot be written");
      from += put;
      count -= static_cast<std::size_t>(put);
    }
  }
  void sync() const {
    if (::fsync(raw_) != 0) fail(path_, "cannot be synced");
  }

 private:
  const std::string& path_;
  int raw_;
};

}  // namespace

std::string Paths::folder() const {
  const auto parent = std::filesystem::path{main}.parent_path();
  return parent.empty() ? "." : parent.string();
}

std::uint64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

bool exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

std::string first_bytes(const std::string& path, std::size_t count) {
  const Descriptor file{path, O_RDONLY};
  std::string out(count, '\0');
  out.resize(file.read(out.data(), count));
  return out;
}

void copy_durably(const std::string& from, const std::string& to) {
  const std::string unfinished = to + ".part";
  {
    const Descriptor source{from, O_RDONLY};
    const Descriptor target{unfinished, O_WRONLY | O_CREAT | O_TRUNC};
    std::vector<char> buffer(256 * 1024);
    while (const std::size_t got = source.read(buffer.data(), buffer.size()))
      target.write(buffer.data(), got);
    target.sync();
  }
  rename_durably(unfinished, to);
}

void rename_durably(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) fail(from, "cannot be renamed");
  sync_folder(Paths{to}.folder());
}

bool rename_to_free_name(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  // Not every file system knows that way; a second link does the same in two steps.
  if (errno != EINVAL && errno != ENOSYS) fail(from, "cannot be renamed");
  if (::link(from.c_str(), to.c_str()) != 0) {
    if (errno == EEXIST) return false;
    fail(from, "cannot be renamed");
  }
  remove_if_there(from);
  return true;
}

void sync_file(const std::string& path) { Descriptor{path, O_RDWR}.sync(); }

void remove_if_there(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail(path, "cannot be removed");
}

void sync_folder(const std::string& folder) { Descriptor{folder, O_RDONLY | O_DIRECTORY}.sync(); }

std::string free_name(const std::string& begin) {
  for (int number = 1;; ++number) {
    std::string name = begin + std::to_string(number);
    if (!exists(name)) return name;
  }
}

std::string damaged_name(const std::string& path) { return free_name(path + ".damaged-"); }

std::uint64_t free_bytes(const std::string& folder) noexcept {
  struct statvfs room {};
  if (::statvfs(folder.c_str(), &room) != 0) return 0;
  return static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize;
}

}  // namespace mortise::store_sqlite
