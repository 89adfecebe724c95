// A blocking MQTT client on a real socket, for tests, transcripts and the load generator. It says what it is
// told to say, right or wrong, and keeps no state of the protocol.
//
// Thread: one.   Owns: its socket.
// Fails:  with std::runtime_error when the broker cannot be reached or sends what is not MQTT; what the
// broker does
//         not send shows as an empty result when the patience ends. Every wait is bounded.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"

namespace mortise::testing {

// What stands between a client's packets and its socket: the other end of a filter of the broker.
class Skin {
 public:
  virtual ~Skin() = default;
  // What goes to the socket for these bytes.
  virtual mqtt::Buffer seal(mqtt::Bytes plain) = 0;
  // Takes all of `raw`, and appends what it says to `plain`.
  virtual void open(mqtt::Bytes raw, mqtt::Buffer& plain) = 0;
};

class SocketClient {
 public:
  using Patience = std::chrono::milliseconds;
  static constexpr Patience patience{
      20'000};  // no test's outcome hangs on it: it only ends what would wait for ever

  struct Choices {
    std::string address = "127.0.0.1";  // or the path of a Unix socket, from its first slash on
    mqtt::Version version = mqtt::Version::v5_0;
    int receive_buffer = 0;        // bytes; 0: the system's choice
    std::shared_ptr<Skin> skin{};  // null: plain
  };

  explicit SocketClient(std::uint16_t port) : SocketClient{port, Choices{}} {}
  SocketClient(std::uint16_t port, Choices choices);
  ~SocketClient();
  SocketClient(SocketClient&& other) noexcept;
  SocketClient& operator=(SocketClient&&) = delete;

  // ---- says
  // Blocks until the system has taken all of it. False: the broker has closed, or took nothing for
  // `patience`.
  bool send_bytes(mqtt::Bytes bytes);
  bool send_raw(mqtt::Bytes bytes);  // past the skin
  template <class Packet>
  bool send(const Packet& packet) {
    return send_bytes(encoded(packet));
  }
  template <class Packet>
  mqtt::Buffer encoded(const Packet& packet) const {
    mqtt::Buffer out;
    if constexpr (requires { encode(packet, out); })
      encode(packet, out);
    else
      encode(packet, choices_.version, out);
    return out;
  }

  // ---- hears
  // The next packet; its views are valid until the next call. Null: the broker closed, or the patience ended.
  const mqtt::Packet* receive(Patience at_most = patience);
  // The next packet if it is of this type; null for any other, too.
  template <class Packet>
  const Packet* receive_as(Patience at_most = patience) {
    const mqtt::Packet* packet = receive(at_most);
    return packet ? std::get_if<Packet>(packet) : nullptr;
  }
  // Whether the broker ends the connection; packets before that are passed over.
  bool sees_close(Patience at_most = patience);

  // ---- ends
  void half_close();  // says no more, still hears
  void reset();       // with a RST
  void close();

  // ---- in short
  // CONNECT and its CONNACK's reason; empty when there was none.
  std::optional<mqtt::ReasonCode> connect(std::string_view client_id, mqtt::Connect packet = {});
  // SUBSCRIBE to one filter and wait for the SUBACK, publishes before it are passed over.
  bool subscribe(std::string_view filter, mqtt::Qos qos);

  std::uint16_t own_port() const;
  int descriptor() const { return socket_; }

 private:
  bool wait_for(short events, std::chrono::steady_clock::time_point until) const;

  Choices choices_;
  int socket_ = -1;
  mqtt::Buffer input_;
  std::size_t begin_ = 0;  // of what has not been handed out, in input_
  bool ended_ = false;
  std::optional<mqtt::Packet> packet_;
};

}  // namespace mortise::testing
