// One loop's broker core in memory, driven turn by turn as a loop would, with a counter that sees nothing
// else.
//
// No socket, no clock, no thread, a fixed hash seed: the same calls execute the same instructions every time.
// What stands in for the clients runs between the counted stretches.
//
// Thread: one.   Owns: the broker and what its peers have received.
// Cost:   under callgrind only the calls into the broker between count() and the end are collected.
// Fails:  an answer that a well-behaved broker would not give ends the process with a sentence.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "broker/broker.hpp"
#include "mqtt/encode.hpp"

namespace mortise::bench {

enum class Storage { none, durable_at_once };

class FixedBroker {
 public:
  using Peer = std::size_t;

  explicit FixedBroker(Storage storage);
  ~FixedBroker();

  // A connected MQTT 5.0 client; its session outlives the connection when there is a store.
  Peer connect(std::string_view client_id);
  // Without an acknowledgement in the same turn the process ends.
  void subscribe(Peer peer, std::string_view filter, mqtt::Qos qos);

  // From here on the broker's instructions are collected.
  void count() { counts_ = true; }

  // What the broker is to be given in the next turn, behind what waits already.
  template <class P>
  void say(Peer peer, const P& packet) {
    say(peers_[peer], packet);
  }

  // One turn: every peer's bytes in, everything that may go out flushed. With a store a second turn follows,
  // in which all of it is durable. Afterwards each peer has read what it got and its answers wait as its next
  // input.
  void turn();
  // Turns until no peer has anything more to say.
  void settle();

  // PUBLISH packets that have arrived at peers, and PUBACK or PUBCOMP packets.
  std::size_t delivered() const { return delivered_; }
  std::size_t acknowledged() const { return acknowledged_; }
  std::size_t subscribed() const { return subscribed_; }

 private:
  class NobodyDecides;
  class NobodyReads;
  class DurableAtOnce;
  struct Client {
    broker::ClientKey key;
    mqtt::Buffer to_broker;
    mqtt::Buffer from_broker;
  };

  template <class P>
  void say(Client& client, const P& packet) {
    if (client.to_broker.empty()) speaking_.push_back(&client);
    if constexpr (std::is_same_v<P, mqtt::Connect>)
      mqtt::encode(packet, client.to_broker);
    else
      mqtt::encode(packet, mqtt::Version::v5_0, client.to_broker);
  }

  void broker_turn();
  void receive();
  void flush();
  bool make_durable();
  void read_all();
  void answer(Client& client, const mqtt::Packet& packet);
  void tick();

  bool counts_ = false;
  base::Now now_{};
  base::TimePoint sleeps_until_{};
  broker::Listener listener_;
  std::unique_ptr<NobodyDecides> hooks_;
  std::unique_ptr<NobodyReads> log_;
  std::unique_ptr<DurableAtOnce> store_;
  std::unique_ptr<broker::Shared> shared_;
  std::unique_ptr<broker::Broker> broker_;
  std::deque<Client> peers_;
  std::vector<Client*> speaking_;  // who has input for the next turn
  std::vector<Client*> reading_;   // who has been sent something
  std::array<std::span<const std::uint8_t>, 64> parts_;
  std::size_t delivered_ = 0;
  std::size_t acknowledged_ = 0;
  std::size_t subscribed_ = 0;
  std::size_t connected_ = 0;
};

}  // namespace mortise::bench
