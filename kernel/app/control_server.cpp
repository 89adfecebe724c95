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
#include <optional>

namespace mortise::app {

namespace {

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Whose socket it is, if he may ask.
std::optional<uid_t> permitted(int socket) {
  ucred who{};
  socklen_t size = sizeof who;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return {};
  return who.uid == 0 || who.uid == geteuid() ? std::optional{who.uid} : std::nullopt;
}

std::string refusal(std::string_view kind, std::string_view error, std::string_view remedy) {
  return nlohmann::ordered_json{{"ok", false}, {"kind", kind}, {"error", error}, {"remedy", remedy}}.dump();
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
  mailbox_ = std::make_shared<Mailbox>();
  mailbox_->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
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
  const std::lock_guard lock{mailbox_->mutex};
  ::close(std::exchange(mailbox_->bell, -1));
}

void ControlServer::Mailbox::put(std::uint64_t peer, std::string line) {
  const std::lock_guard guard{mutex};
  if (bell < 0) return;
  lines.emplace_back(peer, std::move(line));
  eventfd_write(bell, 1);
}

void ControlServer::close(Peer& peer) { ::close(std::exchange(peer.socket, -1)); }

void ControlServer::serve() {
  for (;;) {
    std::vector<pollfd> waits{{stop_, POLLIN, 0}, {mailbox_->bell, POLLIN, 0}};
    const bool accepts = peers_.size() < peers_max && seconds_now() >= accepts_from_s_;
    waits.push_back({accepts ? listener_ : -1, POLLIN, 0});
    for (const Peer& peer : peers_) {
      // Who waits for an answer is looked at for his end only, which is always told.
      const int what = peer.is_answered_later ? 0 : peer.unwritten.empty() ? POLLIN : POLLOUT;
      waits.push_back({peer.socket, static_cast<short>(what), 0});
    }
    if (::poll(waits.data(), waits.size(), 1000) < 0 && errno != EINTR) return;
    if (waits[0].revents != 0) return;
    const std::int64_t now = seconds_now();
    for (std::size_t i = 0; i < peers_.size(); ++i) attend(peers_[i], waits[i + 3].revents, now);
    if (waits[1].revents != 0) deliver();
    std::erase_if(peers_, [](const Peer& peer) { return peer.socket < 0; });
    if (waits[2].revents != 0) accept();
  }
}

void ControlServer::attend(Peer& peer, short what, std::int64_t now) {
  if (what == 0) {
    if (!peer.is_answered_later && now - peer.heard_s > silence_s) close(peer);
    return;
  }
  peer.heard_s = now;
  if (peer.is_answered_later) return close(peer);  // it has hung up
  if (!(what & POLLOUT)) return read(peer);
  write(peer);
  answer_lines(peer);
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
  peer.number = ++last_number_;
  if (const auto uid = permitted(socket)) {
    peer.who = "uid " + std::to_string(*uid);
  } else {
    peer.unwritten =
        refusal("failed", "the control socket answers its own user and root only", "ask as one of the two") +
        '\n';
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
  while (peer.socket >= 0 && peer.unwritten.empty() && !peer.ends && !peer.is_answered_later) {
    const std::size_t end = peer.unread.find('\n');
    if (end == std::string::npos && peer.unread.size() <= request_max) return;
    if (end == std::string::npos || end > request_max) {
      peer.unwritten = refusal("wrong", "the request is longer than 64 KiB", "send one line of JSON") + '\n';
      peer.ends = true;
      write(peer);
    } else {
      const std::string request = peer.unread.substr(0, end);
      peer.unread.erase(0, end + 1);
      ask(peer, request);
    }
  }
}

// An answer that is there at once takes the way of the later ones, so that none is given inside another.
void ControlServer::ask(Peer& peer, const std::string& request) {
  peer.is_answered_later = true;
  answer_(request, peer.who, [mailbox = mailbox_, number = peer.number](std::string line) {
    mailbox->put(number, std::move(line));
  });
}

void ControlServer::deliver() {
  std::vector<std::pair<std::uint64_t, std::string>> lines;
  {
    const std::lock_guard lock{mailbox_->mutex};
    lines.swap(mailbox_->lines);
    eventfd_t rung = 0;
    eventfd_read(mailbox_->bell, &rung);
  }
  for (auto& [number, line] : lines)
    for (Peer& peer : peers_) {
      if (peer.number != number || peer.socket < 0) continue;
      peer.is_answered_later = false;
      peer.heard_s = seconds_now();
      peer.unwritten = std::move(line) + '\n';
      write(peer);
      answer_lines(peer);
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
