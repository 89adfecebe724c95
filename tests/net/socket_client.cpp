#include "net/socket_client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace mortise::testing {

namespace {

using Clock = std::chrono::steady_clock;

sockaddr_storage address_of(const std::string& text, std::uint16_t port) {
  sockaddr_storage address{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  if (text.starts_with('/')) {
    auto& path = reinterpret_cast<sockaddr_un&>(address);
    path.sun_family = AF_UNIX;
    text.copy(path.sun_path, sizeof path.sun_path - 1);
  } else if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
  } else {
    throw std::runtime_error{text + " is no address"};
  }
  return address;
}

}  // namespace

SocketClient::SocketClient(std::uint16_t port, Choices choices) : choices_{std::move(choices)} {
  const sockaddr_storage address = address_of(choices_.address, port);
  socket_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) throw std::runtime_error{std::string{"socket: "} + std::strerror(errno)};
  if (choices_.receive_buffer != 0)
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &choices_.receive_buffer, sizeof choices_.receive_buffer);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const socklen_t size = address.ss_family == AF_UNIX   ? sizeof(sockaddr_un)
                         : address.ss_family == AF_INET ? sizeof(sockaddr_in)
                                                        : sizeof(sockaddr_in6);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    const int error = errno;
    close();
    throw std::runtime_error{"cannot connect to port " + std::to_string(port) + ": " + std::strerror(error)};
  }
  ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL) | O_NONBLOCK);
}

SocketClient::SocketClient(SocketClient&& other) noexcept
    : choices_{std::move(other.choices_)},
      socket_{std::exchange(other.socket_, -1)},
      input_{std::move(other.input_)},
      begin_{other.begin_},
      ended_{other.ended_} {}

SocketClient::~SocketClient() { close(); }

bool SocketClient::wait_for(short events, Clock::time_point until) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd watched{socket_, events, 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

bool SocketClient::send_bytes(mqtt::Bytes bytes) {
  return choices_.skin ? send_raw(choices_.skin->seal(bytes)) : send_raw(bytes);
}

bool SocketClient::send_raw(mqtt::Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0)
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    else if (errno != EAGAIN || !wait_for(POLLOUT, Clock::now() + patience))
      return false;
  }
  return true;
}

const mqtt::Packet* SocketClient::receive(Patience at_most) {
  packet_.reset();
  const auto until = Clock::now() + at_most;
  for (;;) {
    const mqtt::Bytes unread = mqtt::Bytes{input_}.subspan(begin_);
    const auto frame = mqtt::read_frame(unread, std::numeric_limits<std::uint32_t>::max());
    if (!frame) throw std::runtime_error{std::string{"not MQTT: "} + frame.error().what};
    if (frame->size != 0) {
      auto packet = mqtt::decode(*frame, choices_.version);
      if (!packet) throw std::runtime_error{std::string{"not MQTT: "} + packet.error().what};
      begin_ += frame->size;
      packet_ = std::move(*packet);
      return &*packet_;
    }
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(std::exchange(begin_, 0)));
    if (ended_) return nullptr;
    std::array<std::uint8_t, 64 * 1024> fresh;
    const ssize_t got = ::recv(socket_, fresh.data(), fresh.size(), 0);
    if (got > 0 && choices_.skin)
      choices_.skin->open({fresh.data(), static_cast<std::size_t>(got)}, input_);
    else if (got > 0)
      input_.insert(input_.end(), fresh.begin(), fresh.begin() + got);
    else if (got == 0 || errno != EAGAIN)
      ended_ = true;
    else if (!wait_for(POLLIN, until))
      return nullptr;
  }
}

bool SocketClient::sees_close(Patience at_most) {
  const auto until = Clock::now() + at_most;
  while (!ended_ && Clock::now() < until)
    receive(std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()));
  return ended_;
}

void SocketClient::half_close() { ::shutdown(socket_, SHUT_WR); }

void SocketClient::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void SocketClient::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

std::optional<mqtt::ReasonCode> SocketClient::connect(std::string_view client_id, mqtt::Connect packet) {
  packet.version = choices_.version;
  packet.client_id = client_id;
  if (!send(packet)) return {};
  const auto* connack = receive_as<mqtt::Connack>();
  if (!connack) return {};
  return connack->reason;
}

bool SocketClient::subscribe(std::string_view filter, mqtt::Qos qos) {
  mqtt::Subscribe packet;
  packet.packet_id = 1;
  packet.entries = {{filter, {qos}}};
  if (!send(packet)) return false;
  while (const mqtt::Packet* answer = receive())
    if (const auto* suback = std::get_if<mqtt::Suback>(answer))
      return suback->reasons.size() == 1 && !mqtt::is_error(suback->reasons[0]);
  return false;
}

std::uint16_t SocketClient::own_port() const {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size);
  return ntohs(own.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(own).sin_port
                                        : reinterpret_cast<sockaddr_in6&>(own).sin6_port);
}

}  // namespace mortise::testing
