#include "socket_sink.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace mortise::log {

namespace {

constexpr std::size_t cut_size = 8 * 1024;
constexpr timeval patience{.tv_sec = 1, .tv_usec = 0};

// Not within a character.
std::string_view cut(std::string_view datagram) {
  std::size_t size = std::min(cut_size, datagram.size());
  while (size > 0 && size < datagram.size() && (static_cast<unsigned char>(datagram[size]) & 0xC0) == 0x80)
    --size;
  return datagram.substr(0, size);
}

}  // namespace

SocketSink::~SocketSink() { close(); }

Lost SocketSink::take_lost() { return std::exchange(lost_, {}); }

void SocketSink::sink_it_(const spdlog::details::log_msg& line) {
  const int error = is_stuck_ ? 0 : send({line.payload.data(), line.payload.size()});
  if (!is_stuck_ && error == 0) return;
  ++lost_.lines;
  if (!std::exchange(is_stuck_, true)) lost_.error = std::generic_category().message(error);
}

int SocketSink::send(std::string_view datagram) {
  int error = socket_ < 0 ? ENOTCONN : send_once(datagram);
  // The daemon was restarted, or is there only now.
  if (error != 0 && error != EAGAIN && error != EMSGSIZE) {
    close();
    error = connect();
    if (error == 0) error = send_once(datagram);
  }
  if (error == EMSGSIZE) return too_long_ == TooLong::cut ? send_once(cut(datagram)) : send_file(datagram);
  return error;
}

int SocketSink::send_once(std::string_view datagram) {
  for (;;) {
    if (::send(socket_, datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) return 0;
    if (errno != EINTR) return errno == ENOBUFS ? EMSGSIZE : errno;
  }
}

int SocketSink::send_file(std::string_view datagram) const {
  const int file = ::memfd_create("mortise-log", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return errno;
  int error = 0;
  for (std::size_t written = 0; written < datagram.size() && error == 0;) {
    const ssize_t count = ::write(file, datagram.data() + written, datagram.size() - written);
    if (count >= 0)
      written += static_cast<std::size_t>(count);
    else if (errno != EINTR)
      error = errno;
  }
  // The journal maps it, and trusts only what can no longer change.
  const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (error == 0 && ::fcntl(file, F_ADD_SEALS, seals) != 0) error = errno;
  if (error == 0) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof file)]{};
    msghdr message{};
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof file);
    std::memcpy(CMSG_DATA(header), &file, sizeof file);
    if (::sendmsg(socket_, &message, MSG_NOSIGNAL) < 0) error = errno;
  }
  ::close(file);
  return error;
}

int SocketSink::connect() {
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return errno;
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  path_.copy(to.sun_path, socket_path_max);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return 0;
  const int error = errno;
  close();
  return error;
}

void SocketSink::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

}  // namespace mortise::log
