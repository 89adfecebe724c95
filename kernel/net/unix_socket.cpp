#include "net/unix_socket.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

namespace mortise::net {

namespace {

constexpr int backlog = 4096;  // the system lowers it to what it allows
constexpr mode_t nobody = 0;
constexpr std::size_t name_buffer = 16 * 1024;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// What stands at the path already; empty: nothing any more.
std::string clear_the_way(const std::string& path, const sockaddr_un& address) {
  struct stat there {};
  if (::lstat(path.c_str(), &there) != 0) return {};
  if (!S_ISSOCK(there.st_mode))
    return "there is something that is no socket; move it away, or choose another path";
  const Descriptor probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (::connect(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN)
    return "a program listens there; stop it (ss -lxp names it), or choose another path";
  if (errno != ECONNREFUSED)
    return std::string{"cannot tell whether a program listens there: "} + std::strerror(errno);
  if (::unlink(path.c_str()) != 0)
    return std::string{"a socket that nobody listens on is in the way: "} + std::strerror(errno) +
           "; remove it, or let the broker write to its folder";
  return {};
}

std::string remedy(int error) {
  switch (error) {
    case ENOENT: return "the folder is not there; make it, with systemd by RuntimeDirectory=mortise";
    case EACCES:
    case EPERM: return "not permitted; the broker's user has to be allowed to write to the folder";
    case EROFS: return "the file system is read-only; choose another path";
    case EMFILE:
    case ENFILE: return "no file descriptor is left; raise the limit of open files (LimitNOFILE in systemd)";
    default: return std::strerror(error);
  }
}

std::optional<unsigned> number_of(const std::string& text) {
  unsigned number = 0;
  const auto [rest, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<uid_t> find_user(const std::string& name) {
  if (const auto number = number_of(name)) return number;
  std::vector<char> buffer(name_buffer);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return found ? std::optional{found->pw_uid} : std::nullopt;
}

std::optional<gid_t> find_group(const std::string& name) {
  if (const auto number = number_of(name)) return number;
  std::vector<char> buffer(name_buffer);
  group entry{};
  group* found = nullptr;
  ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return found ? std::optional{found->gr_gid} : std::nullopt;
}

// Who may connect. What is wrong; empty: nothing.
std::string hand_over(const UnixEndpoint& endpoint) {
  uid_t owner = static_cast<uid_t>(-1);  // as it is
  gid_t group = static_cast<gid_t>(-1);
  if (!endpoint.owner.empty()) {
    const auto found = find_user(endpoint.owner);
    if (!found) return "there is no user \"" + endpoint.owner + "\"; write the name or number of one";
    owner = *found;
  }
  if (!endpoint.group.empty()) {
    const auto found = find_group(endpoint.group);
    if (!found) return "there is no group \"" + endpoint.group + "\"; write the name or number of one";
    group = *found;
  }
  if (::lchown(endpoint.path.c_str(), owner, group) != 0)
    return std::string{"cannot give the socket to its owner and group: "} + std::strerror(errno) +
           "; only root gives files away, and others to groups they are in";
  if (::chmod(endpoint.path.c_str(), endpoint.mode) != 0)
    return std::string{"cannot set the socket's mode: "} + std::strerror(errno);
  return {};
}

}  // namespace

SocketFile::SocketFile(std::string path) : path_{std::move(path)} {
  struct stat made {};
  if (::lstat(path_.c_str(), &made) == 0) made_ = made;
}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_{std::move(other.path_)}, made_{std::exchange(other.made_, std::nullopt)} {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  SocketFile taken{std::move(other)};
  std::swap(path_, taken.path_);
  std::swap(made_, taken.made_);
  return *this;
}

SocketFile::~SocketFile() {
  struct stat there {};
  if (made_ && ::lstat(path_.c_str(), &there) == 0 && there.st_dev == made_->st_dev &&
      there.st_ino == made_->st_ino)
    ::unlink(path_.c_str());
}

base::Result<UnixListening, std::string> listen_on_unix(const UnixEndpoint& endpoint) {
  sockaddr_un address{};
  constexpr std::size_t longest = sizeof address.sun_path - 1;
  if (endpoint.path.size() > longest)
    return base::Failure{"the path is longer than the " + std::to_string(longest) +
                         " bytes the system takes; choose a shorter one"};
  address = address_of(endpoint.path);
  if (std::string wrong = clear_the_way(endpoint.path, address); !wrong.empty())
    return base::Failure{std::move(wrong)};
  Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) return base::Failure{remedy(errno)};
  ::fchmod(socket.number(), nobody);  // the file begins with this mode: nobody slips in before it has its own
  if (::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return base::Failure{remedy(errno)};
  SocketFile file{endpoint.path};
  if (std::string wrong = hand_over(endpoint); !wrong.empty()) return base::Failure{std::move(wrong)};
  if (::listen(socket.number(), backlog) != 0) return base::Failure{remedy(errno)};
  return UnixListening{std::move(socket), std::move(file)};
}

std::string unix_path_of(int socket) {
  sockaddr_un own{};
  socklen_t size = sizeof own;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size) != 0 || own.sun_family != AF_UNIX)
    return {};
  return {own.sun_path, ::strnlen(own.sun_path, sizeof own.sun_path)};
}

std::string unix_peer_text(int socket, const std::string& path) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "unix:" + path;
  return "unix:" + path + " (pid " + std::to_string(peer.pid) + ", uid " + std::to_string(peer.uid) + ")";
}

}  // namespace mortise::net
