// A client of a plugin: MQTT 5.0 without a socket.
//
// To the broker it is a connection like any other, which sends and is sent packets; the bytes stay in memory.
// So what holds for connections (windows, order, what is durable before it is said, take-over) holds here by
// the same code.
//
// Thread: requests from any; begin, on_resumed, on_output and on_closed on its session's home loop; the plugin is
//         called on its strand.
// Owns:   packets on their way to the broker, and who waits for their answers.
// Cost:   a message is copied once on each side of the border.
// Fails:  a request that comes too late is E_UNKNOWN, one that is not answered is told E_STATE.
// Source: mortise/services/inline.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "broker/broker.hpp"
#include "broker/ports.hpp"
#include "mortise/services/inline.h"
#include "mqtt/encode.hpp"
#include "mqtt/frame.hpp"

namespace mortise::host {

struct Instance;

class InlineClient : public std::enable_shared_from_this<InlineClient> {
 public:
  static constexpr std::uint32_t under_way_max = 1024;          // requests without an answer
  static constexpr std::size_t waiting_bytes_max = 16UL << 20;  // of requests the broker has not taken

  // `listener` outlives it.
  InlineClient(Instance& owner, std::uint64_t id, const broker::Listener& listener,
               const mortise_inline_open_t& how);

  std::uint64_t id() const noexcept { return id_; }
  Instance& owner() const noexcept { return owner_; }
  const std::string& client_id() const noexcept { return client_id_; }
  std::uint32_t loop() const noexcept { return loop_; }
  broker::ClientKey key() const noexcept { return key_; }

  // ---- requests; E_BUSY when too much is under way, E_UNKNOWN when it is closed
  // What becomes of a packet, told once.
  struct Reply {
    mortise_reply_fn done = nullptr;
    void* context = nullptr;
  };
  mortise_status_t subscribe(const mortise_subscription_t& subscription, Reply reply);
  mortise_status_t unsubscribe(std::string_view filter, Reply reply);
  mortise_status_t publish(const broker::Message& message, mqtt::PacketId packet_id, Reply reply);
  mortise_status_t complete(mqtt::PacketId packet_id, Reply reply);
  mortise_status_t acknowledge(mqtt::PacketId packet_id, mqtt::ReasonCode reason);
  mortise_status_t received(mqtt::PacketId packet_id, mqtt::ReasonCode reason);
  mortise_status_t credit(std::uint32_t more);
  mortise_status_t close(bool end_session);

  // ---- on the loop
  // Goes to its session's home; what was requested before follows.
  void begin(std::uint32_t loop);
  // Its packets may go on.
  void on_resumed(broker::Broker& broker) { feed(broker); }
  void connect(broker::Broker& broker);
  // There is something to read.
  void on_output(broker::Broker& broker);
  // The broker closes it.
  void on_closed(broker::Broker& broker);

  // On the control thread: the loops have ended without it, or never began.
  void give_up();

 private:
  // A packet for the broker. Which answer it waits for, if any, is `expects`.
  struct Request {
    mqtt::PacketType type{};
    mqtt::PacketType expects{};
    mqtt::PacketId packet_id = 0;
    mqtt::ReasonCode reason{};  // of what acknowledges; encoded on the loop, which knows with which packet
    bool is_counted = false;    // against the broker's receive maximum
    bool is_expected = false;   // its answer has somewhere to go
    mqtt::Buffer bytes{};
    Reply reply{};
  };
  struct Delivered {
    broker::MessageRef message;
    mqtt::PacketId packet_id = 0;
    mqtt::Qos qos{};
    bool dup = false;
    bool retain = false;
    std::vector<std::uint32_t> identifiers;
  };
  // What a QoS 0 message waits for: no packet, only that the broker takes it.
  static constexpr auto taken_is_enough = mqtt::PacketType::publish;
  // How far a QoS 2 message for the plugin has come. `settling`: the plugin is done with it and wants no
  // release().
  enum class Stage : std::uint8_t { delivered, received, settling, released };
  using Call = std::function<void(const mortise_inline_open_t&)>;
  using Step = void (InlineClient::*)(broker::Broker&);

  mortise_status_t put(Request request);
  mortise_status_t put_new(Request request, const std::function<void(mqtt::PacketId, mqtt::Buffer&)>& encode);
  mortise_status_t push(Request request);
  mortise_status_t may_take(const broker::Message& message) const;
  void post(Step step);

  void take_requests(broker::Broker& broker);
  void take_credit(broker::Broker& broker);
  void take(Request request);
  void settle(Request request);
  void feed(broker::Broker& broker);
  bool offer(broker::Broker& broker, std::deque<Request>& from);
  bool may_offer(const Request& request) const;
  bool expect(Request& request);

  void read(broker::Broker& broker);
  bool read_packets();
  void read_packet(const mqtt::Frame& frame);
  void on_connack(const mqtt::Connack& packet);
  void open(broker::Broker& broker);
  void on_publish(const mqtt::Publish& packet);
  void on_pubrel(const mqtt::Pubrel& packet);
  void answered(mqtt::PacketType type, mqtt::PacketId packet_id, mqtt::ReasonCode reason);
  void hand_over_deliveries();
  void finish();
  void tell(const Reply& reply, mortise_status_t status, mqtt::ReasonCode reason);
  void on_strand(const char* where, Call call);

  Instance& owner_;
  const std::uint64_t id_;
  const broker::Listener& listener_;
  const mortise_inline_open_t how_;
  const std::string client_id_;
  const std::string username_;
  std::uint32_t loop_ = 0;

  std::mutex mutex_;
  std::vector<Request> requests_;                // on their way to the loop
  std::unordered_set<mqtt::PacketId> used_ids_;  // of those the host chose
  mqtt::PacketId last_id_ = 0;
  std::uint64_t new_credits_ = 0;
  std::atomic<bool> has_begun_{false};  // its loop is known
  bool is_posted_ = false;
  bool is_closed_ = false;
  std::atomic<std::uint32_t> under_way_{0};
  std::atomic<std::size_t> waiting_bytes_{0};

  // On the loop.
  broker::ClientKey key_;
  bool is_open_ = false;  // opened() was told
  bool is_over_ = false;
  bool session_present_ = false;
  std::size_t forgetting_ = 0;            // PUBCOMPs that are awaited before it is open
  std::deque<Request> acknowledgements_;  // and all that is no PUBLISH: they go first
  std::deque<Request> publishes_;
  bool is_publish_offered_ = false;  // the broker is thinking about the first of them
  std::unordered_map<std::uint32_t, Reply> waiting_;
  std::uint32_t counted_ = 0;                      // QoS 1 messages the broker has not acknowledged
  std::unordered_set<mqtt::PacketId> incomplete_;  // QoS 2 messages it was given and that are not completed
  std::uint32_t receive_maximum_ = 65535;          // the broker's
  std::unordered_map<mqtt::PacketId, Stage> stages_;
  std::uint64_t credits_ = 0;
  mqtt::Buffer unread_;
  std::vector<Delivered> deliveries_;
  std::vector<std::pair<const char*, Call>> held_;  // what comes before it is open
  mqtt::ReasonCode last_reason_{};
};

}  // namespace mortise::host
