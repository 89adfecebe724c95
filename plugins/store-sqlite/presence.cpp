#include "presence.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace mortise::store_sqlite {

Presence::Presence(std::string path)
    : path_{std::move(path)}, file_{::open(path_.c_str(), O_PATH | O_CLOEXEC)} {
  if (file_ < 0) throw std::system_error{errno, std::generic_category(), path_ + ": cannot be looked at"};
}

Presence::~Presence() {
  if (file_ >= 0) ::close(file_);
}

Presence::Presence(Presence&& other) noexcept
    : path_{std::move(other.path_)}, file_{std::exchange(other.file_, -1)} {}

bool Presence::is_there() const noexcept {
  struct stat ours {};
  struct stat found {};
  if (::fstat(file_, &ours) != 0) return true;  // nothing was found out
  if (ours.st_nlink == 0) return false;
  if (::stat(path_.c_str(), &found) != 0) return errno != ENOENT && errno != ENOTDIR;
  return found.st_ino == ours.st_ino && found.st_dev == ours.st_dev;
}

}  // namespace mortise::store_sqlite
