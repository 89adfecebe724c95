#include "socket_world.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <thread>

namespace mortise::conformance {

namespace {

// An outcome never hangs on the first: it only ends what would wait for ever. The second is how long silence
// is listened to, after a PINGRESP has shown that all was taken in: too short it could miss a fault, not make
// one.
constexpr std::chrono::milliseconds patience{20'000};
constexpr std::chrono::milliseconds silence{30};

}  // namespace

World::Connection SocketWorld::open() {
  peers_.push_back({testing::SocketClient{port_}});
  return peers_.size() - 1;
}

// A broker that has closed takes nothing any more; what it said before is what counts.
void SocketWorld::send(Connection connection, std::span<const std::uint8_t> bytes) {
  if (!peers_[connection].closed) peers_[connection].client.send_bytes(bytes);
}

void SocketWorld::drop(Connection connection) {
  peers_[connection].client.half_close();
  std::vector<std::uint8_t> unheard;
  while (receive(connection, unheard, Hope::expected)) unheard.clear();
  peers_[connection].client.close();
}

bool SocketWorld::receive(Connection connection, std::vector<std::uint8_t>& into, Hope hope) {
  Peer& peer = peers_[connection];
  if (peer.closed) return false;
  pollfd wanted{peer.client.descriptor(), POLLIN, 0};
  const auto time = hope == Hope::expected ? patience : silence;
  if (::poll(&wanted, 1, static_cast<int>(time.count())) <= 0) return false;
  std::array<std::uint8_t, 65536> buffer;
  const ssize_t size = ::recv(peer.client.descriptor(), buffer.data(), buffer.size(), 0);
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  peer.closed = size <= 0;
  if (peer.closed) return false;
  into.insert(into.end(), buffer.begin(), buffer.begin() + size);
  return true;
}

void SocketWorld::wait(std::chrono::seconds time) { std::this_thread::sleep_for(time); }

}  // namespace mortise::conformance
