// A client that keeps the protocol, connected to a broker that others do their worst to. What it says and
// what it has to hear is known; the first thing that goes wrong for it is a broken promise.
//
// Its name and its topics hold a secret, so that nobody takes its session over or speaks in its place.
#pragma once

#include <map>
#include <set>
#include <string>

#include "mqtt/encode.hpp"
#include "target.hpp"
#include "world.hpp"

namespace mortise::fuzz {

class Healthy {
 public:
  struct Traits {
    mqtt::Version version{};
    std::string name;
    std::string secret;
    bool hears_everything = false;  // subscribes to '#', too
  };
  // Connects and subscribes.
  Healthy(conformance::World& world, Traits traits);

  // Publishes one more message; returns its payload, which nobody else has.
  std::string say(mqtt::Qos qos);
  // Reads what has come and answers it. False: nothing has come.
  bool listen();
  // How often a message of a healthy client was heard.
  int heard(const std::string& payload) const;
  // Nothing it has sent waits for an answer.
  bool is_answered() const { return unanswered_.empty() && subscribed_; }
  void disconnect();

 private:
  void send(const mqtt::Packet& packet);
  void on_packet(const mqtt::Packet& packet);
  void on(const mqtt::Connack& packet);
  void on(const mqtt::Suback& packet);
  void on(const mqtt::Publish& packet);
  void on(const mqtt::Puback& packet);
  void on(const mqtt::Pubrec& packet);
  void on(const mqtt::Pubrel& packet);
  void on(const mqtt::Pubcomp& packet);
  std::string topic_of(const mqtt::Publish& packet);

  conformance::World& world_;
  const Traits traits_;
  conformance::World::Connection connection_;
  std::vector<std::uint8_t> unread_;
  bool connected_ = false;
  bool subscribed_ = false;
  int said_ = 0;
  mqtt::PacketId last_id_ = 1;                             // 1 is the SUBSCRIBE's
  std::map<mqtt::PacketId, mqtt::PacketType> unanswered_;  // and what has to come
  std::set<mqtt::PacketId> half_received_;                 // QoS 2, until PUBREL
  std::map<std::uint16_t, std::string> aliases_;
  std::map<std::string, int> heard_;
};

}  // namespace mortise::fuzz
