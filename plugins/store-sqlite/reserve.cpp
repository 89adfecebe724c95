#include "reserve.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "files.hpp"

namespace mortise::store_sqlite {

namespace {

constexpr std::uint64_t spare =
    1024 * 1024;  // what must be left beside it, or it would be given back at once

}  // namespace

Reserve::Reserve(std::string path, std::uint64_t wal_limit)
    : path_{std::move(path)}, size_{wal_limit + 1024 * 1024}, held_{size_of(path_) == size_} {}

bool Reserve::make() noexcept {
  error_ = 0;
  if (held_ && size_of(path_) == size_) return true;
  if (free_bytes(Paths{path_}.folder()) < size_ + spare) return false;
  const auto size = static_cast<off_t>(size_);
  const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (file < 0) {
    error_ = errno;
    return false;
  }
  // fallocate() has taken the room when it returns, and after a power cut the file is there or is made again.
  // Where a file system lacks it, the C library writes the blocks, and only a sync finds out whether there
  // was room for them.
  held_ = ::fallocate(file, 0, 0, size) == 0 || (::posix_fallocate(file, 0, size) == 0 && ::fsync(file) == 0);
  ::close(file);
  if (!held_) ::unlink(path_.c_str());
  return held_;
}

void Reserve::release() noexcept {
  if (held_.exchange(false)) ::unlink(path_.c_str());
}

}  // namespace mortise::store_sqlite
