// A TLS client on a real socket: SocketClient behind a TlsPeer.
//
// Fails: with std::runtime_error when the handshake does not come to its end.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>

#include "net/socket_client.hpp"
#include "net/tls_peer.hpp"

namespace mortise::testing {

class TlsSkin final : public Skin {
 public:
  TlsSkin(X509* authority, const TlsPeer::Choices& choices) : peer{authority, choices} {}

  mqtt::Buffer seal(mqtt::Bytes plain) override {
    peer.send({reinterpret_cast<const char*>(plain.data()), plain.size()});
    return peer.sent();
  }
  void open(mqtt::Bytes raw, mqtt::Buffer& plain) override {
    peer.take(raw);
    const std::string& all = peer.received();
    plain.insert(plain.end(), all.begin() + static_cast<std::ptrdiff_t>(opened_), all.end());
    opened_ = all.size();
  }

  TlsPeer peer;

 private:
  std::size_t opened_ = 0;
};

struct TlsClient {
  TlsClient(std::uint16_t port, X509* authority, const TlsPeer::Choices& choices)
      : skin{std::make_shared<TlsSkin>(authority, choices)}, client{port, {.skin = skin}} {}

  // Says what there is to say, and hears once. False: the connection is over.
  bool exchange() {
    if (const mqtt::Buffer said = skin->peer.sent(); !said.empty() && !client.send_raw(said)) return false;
    pollfd socket{client.descriptor(), POLLIN, 0};
    std::array<std::uint8_t, 16 * 1024> block;
    if (::poll(&socket, 1, static_cast<int>(SocketClient::patience.count())) != 1) return false;
    const ssize_t got = ::recv(client.descriptor(), block.data(), block.size(), 0);
    return got > 0 && skin->peer.take({block.data(), static_cast<std::size_t>(got)});
  }
  TlsClient& shake_hands() {
    while (!skin->peer.is_open())
      if (!exchange()) throw std::runtime_error{"no handshake: " + skin->peer.error()};
    client.send_raw(skin->peer.sent());
    return *this;
  }

  std::shared_ptr<TlsSkin> skin;
  SocketClient client;
};

}  // namespace mortise::testing
