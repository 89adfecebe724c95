// A broker behind real sockets, in real time.
//
// Fails: with std::runtime_error when the broker cannot be reached. Every wait is bounded.
#pragma once

#include <deque>

#include "net/socket_client.hpp"
#include "world.hpp"

namespace mortise::conformance {

class SocketWorld : public World {
 public:
  explicit SocketWorld(std::uint16_t port) : port_{port} {}

  Connection open() override;
  void send(Connection connection, std::span<const std::uint8_t> bytes) override;
  void drop(Connection connection) override;
  bool receive(Connection connection, std::vector<std::uint8_t>& into, Hope hope) override;
  bool is_closed(Connection connection) override { return peers_[connection].closed; }
  void wait(std::chrono::seconds time) override;
  bool needs_pings() const override { return true; }
  std::uint32_t slack_s() const override { return 2; }

 private:
  struct Peer {
    testing::SocketClient client;
    bool closed = false;  // by the broker
  };
  std::uint16_t port_;
  std::deque<Peer> peers_;
};

}  // namespace mortise::conformance
