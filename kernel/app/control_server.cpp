#include "app/control_server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>

namespace mortise::app {

namespace {

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool may_ask(int socket) {
  ucred who{};
  socklen_t size = sizeof who;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return false;
  return who.uid == 0 || who.uid == geteuid();
}

std::string refusal(std::string_view error, std::string_view remedy) {
  return nlohmann::ordered_json{{"ok", false}, {"error", error}, {"remedy", remedy}}.dump();
}

std::string reason() { return std::strerror(errno); }

}  // namespace

std::string ControlServer::open(const std::filesystem::path& path, Answer answer) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path)
    return path.string() + ": the path of the control socket is longer than the system allows (" +
           std::to_string(sizeof address.sun_path - 1) + " bytes); choose a shorter --state-dir";
  std::memcpy(address.sun_path, path.c_str(), path.native().size() + 1);
  const auto* const raw = reinterpret_cast<const sockaddr*>(&address);
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ < 0) return "control socket: " + reason();
  if (::connect(listener_, raw, sizeof address) == 0) {
    ::close(std::exchange(listener_, -1));
    return path.string() +
           ": another broker answers on this control socket; stop it, or choose another --state-dir";
  }
  ::unlink(path.c_str());
  // Nobody else's from its first moment on.
  const mode_t before = ::umask(0177);
  const bool is_bound = ::bind(listener_, raw, sizeof address) == 0;
  const std::string why = reason();
  ::umask(before);
  if (!is_bound || ::listen(listener_, 8) != 0) {
    ::close(std::exchange(listener_, -1));
    return path.string() + ": no control socket can be made there: " + why;
  }
  path_ = path;
  answer_ = std::move(answer);
  stop_ = eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread{[this] { serve(); }};
  return {};
}

void ControlServer::close() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_, 1);
  thread_.join();
  for (Peer& peer : peers_) close(peer);
  peers_.clear();
  ::unlink(path_.c_str());
  ::close(std::exchange(listener_, -1));
  ::close(std::exchange(stop_, -1));
}

void ControlServer::close(Peer& peer) { ::close(std::exchange(peer.socket, -1)); }

void ControlServer::serve() {
  for (;;) {
    std::vector<pollfd> waits{{stop_, POLLIN, 0}};
    const bool accepts = peers_.size() < peers_max && seconds_now() >= accepts_from_s_;
    waits.push_back({accepts ? listener_ : -1, POLLIN, 0});
    for (const Peer& peer : peers_)
      waits.push_back({peer.socket, static_cast<short>(peer.unwritten.empty() ? POLLIN : POLLOUT), 0});
    if (::poll(waits.data(), waits.size(), 1000) < 0 && errno != EINTR) return;
    if (waits[0].revents != 0) return;
    const std::int64_t now = seconds_now();
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      Peer& peer = peers_[i];
      if (const short what = waits[i + 2].revents; what != 0) {
        peer.heard_s = now;
        if (what & POLLOUT) {
          write(peer);
          answer_lines(peer);
        } else {
          read(peer);
        }
      } else if (now - peer.heard_s > silence_s) {
        close(peer);
      }
    }
    std::erase_if(peers_, [](const Peer& peer) { return peer.socket < 0; });
    if (waits[1].revents != 0) accept();
  }
}

void ControlServer::accept() {
  const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0) {  // out of descriptors, say: the peer waits, and nobody spins for it
    accepts_from_s_ = seconds_now() + 1;
    return;
  }
  Peer peer;
  peer.socket = socket;
  peer.heard_s = seconds_now();
  if (!may_ask(socket)) {
    peer.unwritten =
        refusal("the control socket answers its own user and root only", "ask as one of the two") + '\n';
    peer.ends = true;
    write(peer);
  }
  if (peer.socket >= 0) peers_.push_back(std::move(peer));
}

void ControlServer::read(Peer& peer) {
  std::array<char, 4096> buffer;
  const ssize_t got = ::recv(peer.socket, buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return close(peer);
  peer.unread.append(buffer.data(), static_cast<std::size_t>(got));
  answer_lines(peer);
}

// One request at a time: the next is answered when the answer before is written.
void ControlServer::answer_lines(Peer& peer) {
  while (peer.socket >= 0 && peer.unwritten.empty() && !peer.ends) {
    const std::size_t end = peer.unread.find('\n');
    if (end == std::string::npos && peer.unread.size() <= request_max) return;
    if (end == std::string::npos || end > request_max) {
      peer.unwritten = refusal("the request is longer than 64 KiB", "send one line of JSON");
      peer.ends = true;
    } else {
      peer.unwritten = answer_(peer.unread.substr(0, end));
      peer.unread.erase(0, end + 1);
    }
    peer.unwritten += '\n';
    write(peer);
  }
}

void ControlServer::write(Peer& peer) {
  const ssize_t sent = ::send(peer.socket, peer.unwritten.data(), peer.unwritten.size(), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (sent < 0) return close(peer);
  peer.unwritten.erase(0, static_cast<std::size_t>(sent));
  if (!peer.unwritten.empty()) return;
  if (peer.ends) close(peer);
}

}  // namespace mortise::app
