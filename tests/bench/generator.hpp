// Many MQTT 3.1.1 clients in one thread: raw non-blocking sockets, one epoll, one write a client and turn.
//
// It is to cost less than the broker it measures: shared read buffer, packets as views, nothing allocated a
// message. QoS 1 and 2 answers are given by itself; what a scenario wants to know comes through Watcher.
//
// Thread: one.   Owns: its sockets.
// Fails:  std::system_error when the system refuses something, std::runtime_error when the broker closes a
//         connection or speaks something that is not MQTT.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/encode.hpp"
#include "mqtt/packet.hpp"

namespace mortise::bench {

using Clock = std::chrono::steady_clock;

// One client. `number` is the scenario's own name for it.
struct Peer {
  int socket = -1;
  std::uint32_t number = 0;
  bool is_ready = false;        // CONNACK was had
  bool is_dirty = false;        // has something to write in this turn
  bool waits_for_room = false;  // the system took only part of the last write
  mqtt::PacketId last_packet_id = 0;
  std::uint32_t outstanding = 0;  // own QoS 1 and 2 messages without PUBACK or PUBCOMP
  mqtt::Buffer output;
  mqtt::Buffer rest;  // of a packet that has not come whole
};

class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void on_ready(Peer&) {}
  virtual void on_subscribed(Peer&) {}
  virtual void on_message(Peer&, const mqtt::Publish&) {}
  // The broker has taken over one message of this peer.
  virtual void on_acknowledged(Peer&) {}
};

class Generator {
 public:
  // `port` on 127.0.0.1.
  explicit Generator(std::uint16_t port);
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  // Begins a connection; Watcher::on_ready tells when the broker has accepted it. With `keeps_session` the
  // session outlives it. The reference stays good until close().
  Peer& connect(std::uint32_t number, const std::string& client_id, bool keeps_session = false);
  void subscribe(Peer& peer, std::string_view filter, mqtt::Qos qos);
  void publish(Peer& peer, std::string_view topic, mqtt::Qos qos, mqtt::Bytes payload);
  // With DISCONNECT. The peer is gone at the end of the turn.
  void close(Peer& peer);

  // Turns until `done` or `deadline`; tells which of the two. `pace` is called every turn and says when it
  // wants to be called next.
  using Pace = std::function<Clock::time_point(Clock::time_point now)>;
  bool run(Watcher& watcher, Clock::time_point deadline, const std::function<bool()>& done,
           const Pace& pace = {});

  std::size_t size() const { return peers_.size() - free_.size(); }

 private:
  void wait(Clock::duration at_most);
  void read(Watcher& watcher, Peer& peer);
  std::size_t take_packets(Watcher& watcher, Peer& peer, mqtt::Bytes bytes);
  void on_packet(Watcher& watcher, Peer& peer, const mqtt::Packet& packet);
  void touch(Peer& peer);
  void flush();
  void write(Peer& peer);
  void watch(const Peer& peer, int operation, std::uint32_t events);
  template <class P>
  void say(Peer& peer, const P& packet) {
    mqtt::encode(packet, mqtt::Version::v3_1_1, peer.output);
    touch(peer);
  }

  const std::uint16_t port_;
  const int epoll_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<std::size_t> free_;
  std::vector<Peer*> dirty_;
  std::vector<Peer*> closing_;
  std::vector<Peer*> readable_;
  std::vector<std::uint8_t> incoming_;
};

}  // namespace mortise::bench
