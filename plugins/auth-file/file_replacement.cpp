#include "file_replacement.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace mortise::auth_file {

namespace {

constexpr int lock_attempts_max = 1000;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

void sync_folder(const std::string& path) {
  const std::string folder = std::filesystem::path{path}.parent_path().string();
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;  // the name may be lost at a power cut; the content is not
  ::fsync(file);
  ::close(file);
}

}  // namespace

FileReplacement::FileReplacement(const std::string& path)
    : path_{std::filesystem::weakly_canonical(std::filesystem::absolute(path)).string()},
      user_{::geteuid()},
      group_{::getegid()} {
  lock();
  if (exists()) read();
}

FileReplacement::~FileReplacement() {
  if (locked_ >= 0) ::close(locked_);
}

// Whoever held the lock before has put another file in this one's place; so look again whether it is still
// ours.
void FileReplacement::lock() {
  for (int attempt = 0; attempt < lock_attempts_max; ++attempt) {
    locked_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe would make us wait
    if (locked_ < 0 && errno == ENOENT) return;
    struct stat mine {
    }, named{};
    if (locked_ < 0 || ::fstat(locked_, &mine) != 0) fail(path_);
    // Renaming over a device or a pipe would take it from everybody.
    if (!S_ISREG(mine.st_mode))
      throw std::system_error{S_ISDIR(mine.st_mode) ? EISDIR : EINVAL, std::generic_category(),
                              path_ + " is no regular file"};
    if (::flock(locked_, LOCK_EX) != 0) fail(path_);
    if (::fstat(locked_, &mine) == 0 && ::stat(path_.c_str(), &named) == 0 && mine.st_ino == named.st_ino &&
        mine.st_dev == named.st_dev) {
      mode_ = mine.st_mode & 07777;
      user_ = mine.st_uid;
      group_ = mine.st_gid;
      return;
    }
    ::close(locked_);
    locked_ = -1;
  }
  throw std::system_error{EBUSY, std::generic_category(), path_};
}

void FileReplacement::read() {
  char block[64 * 1024];
  for (;;) {
    const ssize_t count = ::read(locked_, block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path_);
    if (count == 0) return;
    text_.append(block, static_cast<std::size_t>(count));
  }
}

void FileReplacement::fill(int file, const std::string& text) const {
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t count = ::write(file, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("cannot write beside " + path_);
    written += static_cast<std::size_t>(count);
  }
  struct stat made {};
  if (::fstat(file, &made) != 0) fail(path_);
  // The owner first: changing it clears bits of the mode.
  if ((made.st_uid != user_ || made.st_gid != group_) && ::fchown(file, user_, group_) != 0)
    fail("cannot keep the owner of " + path_);
  if (::fchmod(file, mode_) != 0) fail("cannot keep the mode of " + path_);
  if (::fsync(file) != 0) fail("cannot write beside " + path_);
}

void FileReplacement::replace(const std::string& text) {
  std::string beside = path_ + ".XXXXXX";
  const int file = ::mkostemp(beside.data(), O_CLOEXEC);
  if (file < 0) fail("cannot write beside " + path_);
  try {
    fill(file, text);
    if (::rename(beside.c_str(), path_.c_str()) != 0) fail("cannot replace " + path_);
  } catch (const std::system_error&) {
    ::close(file);
    ::unlink(beside.c_str());
    throw;
  }
  ::close(file);
  sync_folder(path_);
}

}  // namespace mortise::auth_file
