// A real MQTT client without a socket: it keeps what the specification makes a client keep, sends again what
// it has to, and tells the oracle what it sees. It uses the lowest free packet identifier, so that
// identifiers come again soon.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "broker/effects.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"
#include "simulation/oracle.hpp"
#include "simulation/plan.hpp"

namespace mortise::simulation {

// A connection with both its ends and what is on the way.
struct Connection {
  std::uint64_t number = 0;
  ClientIndex client = 0;
  std::uint32_t loop = 0;
  broker::ClientKey key;
  std::optional<broker::Move> arriving;  // on its way to `loop`
  bool accepted = false;
  bool is_read = false;  // the broker has taken its CONNECT
  bool client_open = true;
  bool unflushed = false;     // the socket took only a part
  bool said_goodbye = false;  // DISCONNECT is among what was sent
  bool ends_session = false;  // … with session expiry interval 0
  mqtt::Buffer to_broker, unread, to_client;
};

class Client {
 public:
  struct Profile {
    ClientIndex index = 0;
    mqtt::Version version = mqtt::Version::v5_0;
    std::uint32_t expiry_s = 0;  // 3.1.1: 0 or for ever
    std::uint16_t receive_maximum = 65535;
    std::uint16_t keep_alive_s = 0;
    std::uint32_t maximum_packet_size = 0;  // 0: any
    bool has_will = false;
    std::string name() const { return "c" + std::to_string(index); }
  };
  Client(Profile profile, Random& random, const Plan& plan, Oracle& oracle, Trace& trace)
      : profile_{profile}, random_{&random}, plan_{&plan}, oracle_{&oracle}, trace_{&trace} {}

  Connection* connection = nullptr;  // null: offline
  // What a fresh subscriber got as retained, by topic; cleared by whoever reads it.
  std::map<std::string, MessageId> retained_seen;

  const Profile& profile() const { return profile_; }
  bool is_connected() const { return connection && connected_; }
  bool has_work() const { return !outgoing_.empty() || !asked_.empty() || !answers_.empty(); }

  void connect(Connection& to, bool clean_start, bool persistent, bool with_will);
  void on_bytes();  // whatever whole packets lie in connection->to_client
  void on_lost();
  void publish();
  void publish(const std::string& topic, mqtt::Qos qos, bool retain, bool empty);
  void subscribe();
  struct Wish {
    std::string filter;
    mqtt::SubscriptionOptions options;
  };
  void subscribe(const std::vector<Wish>& wishes);
  void unsubscribe();
  void disconnect(bool ends_session);
  void ping();
  void begin_anew();  // whatever the broker may remember, the next connection is a clean start
  void answer();      // sends the acknowledgements that were put off

 private:
  struct Outgoing {
    mqtt::PacketId packet_id = 0;
    MessageId id = 0;
    mqtt::Buffer payload;
    bool received = false;  // PUBREC came
  };
  struct Asked {
    bool subscribes = false;
    std::vector<std::uint32_t> requests;  // one a filter
  };

  void on_packet(const mqtt::Packet& packet);
  void on_connack(const mqtt::Connack& packet);
  void on_publish(const mqtt::Publish& packet);
  void on_acknowledgement(mqtt::PacketId packet_id, mqtt::Qos qos, mqtt::ReasonCode reason);
  void on_answer(mqtt::PacketId packet_id, bool subscribes, std::span<const mqtt::ReasonCode> reasons);
  void join();
  void subscribe(const std::vector<Wish>& wishes, std::uint32_t identifier);
  void send(const Outgoing& outgoing, bool again);
  void send_again();
  void forget_session();
  bool is_perhaps_expired() const;
  template <class Packet>
  void say(const Packet& packet) {
    mqtt::encode(packet, profile_.version, connection->to_broker);
  }
  mqtt::PacketId free_packet_id() const;
  std::string some_topic();
  std::string some_filter();
  mqtt::SubscriptionOptions some_options();
  mqtt::Buffer payload_of(MessageId id);
  MessageId make(const std::string& topic, mqtt::Qos qos, bool retain, bool empty, bool is_will);

  Profile profile_;
  Random* random_;
  const Plan* plan_;
  Oracle* oracle_;
  Trace* trace_;

  bool connected_ = false;
  std::uint32_t expiry_asked_s_ = 0;
  bool ends_with_connection_ = true;  // the session has no expiry interval
  Milliseconds lost_at_ = 0;
  bool begins_anew_ = false;  // its state is gone: clean start until a CONNACK comes
  std::uint16_t server_receive_maximum_ = 65535;
  std::vector<Outgoing> outgoing_;  // oldest first
  std::map<mqtt::PacketId, Asked> asked_;
  std::map<mqtt::PacketId, MessageId> incoming_;  // QoS 2, PUBREL not had
  std::set<mqtt::PacketId> unanswered_;           // QoS 1 whose PUBACK was put off
  std::vector<std::string> filters_;
  mqtt::Buffer answers_;
};

}  // namespace mortise::simulation
