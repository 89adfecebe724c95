// The MQTT client towards one remote broker: bytes in, bytes out, no socket.
//
// It says CONNECT, reads what a server may send and nothing else, answers in the protocol's own words, and
// watches the keep alive. What a message means is its owner's.
//
// Thread: the link's.   Owns: its unread and unwritten bytes.
// Fails:  what the remote does wrong ends it: `failed()` says why and what to do, `fault()` what it was, and a
//         remote of 5.0 is told with DISCONNECT.
// Source: MQTT 5.0 and 3.1.1, chapters 3 and 4, the client's side.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "mqtt/encode.hpp"
#include "mqtt/frame.hpp"
#include "settings.hpp"

namespace mortise::bridge {

// What the remote has said it takes.
struct Limits {
  std::uint32_t receive_maximum = 65'535;
  std::uint32_t maximum_packet_size = 0;  // 0: any
  std::uint8_t maximum_qos = 2;
  bool retain = true;
  std::chrono::seconds keep_alive{};  // zero: none
};

class Remote {
 public:
  using Clock = std::chrono::steady_clock;

  // Told in the order in which the packets came.
  class Events {
   public:
    virtual void on_connected(bool session_present) = 0;
    virtual void on_refused(mqtt::ReasonCode reason) = 0;  // its CONNACK says no
    virtual void on_ended(mqtt::ReasonCode reason) = 0;    // its DISCONNECT
    // False: not now; it is offered again by resume().
    virtual bool on_publish(const mqtt::Publish& packet) = 0;
    virtual bool on_pubrel(mqtt::PacketId packet_id) = 0;  // likewise
    virtual void on_puback(mqtt::PacketId packet_id, mqtt::ReasonCode reason) = 0;
    virtual void on_pubrec(mqtt::PacketId packet_id, mqtt::ReasonCode reason) = 0;
    virtual void on_pubcomp(mqtt::PacketId packet_id, mqtt::ReasonCode reason) = 0;
    virtual void on_suback(const mqtt::Suback& packet) = 0;

   protected:
    ~Events() = default;
  };

  Remote(const LinkSettings& settings, std::string password, bool bridge_bit, Events& events)
      : settings_{settings}, password_{std::move(password)}, bridge_bit_{bridge_bit}, events_{events} {}

  // ---- to the remote: what is to be written is in `output`
  void connect(Clock::time_point now);
  void subscribe(mqtt::PacketId packet_id, const std::vector<Route>& routes, bool session_present);
  void puback(mqtt::PacketId packet_id, mqtt::ReasonCode reason);
  void pubrec(mqtt::PacketId packet_id, mqtt::ReasonCode reason);
  void pubrel(mqtt::PacketId packet_id);
  void pubcomp(mqtt::PacketId packet_id, mqtt::ReasonCode reason);
  void disconnect(mqtt::ReasonCode reason);
  // The remote has broken the protocol: "acknowledged …".
  void accuse(const std::string& of) { fail(mqtt::ReasonCode::protocol_error, "the remote " + of); }
  mqtt::Buffer output;

  // ---- from the remote
  void on_bytes(mqtt::Bytes bytes, Clock::time_point now);
  // Offers again what was not taken.
  void resume(Clock::time_point now);
  bool is_held() const { return held_; }
  // Keep alive: call once a second. False: nothing came for too long.
  bool on_time(Clock::time_point now);
  // Something was written.
  void wrote(Clock::time_point now) { last_written_ = now; }

  mqtt::Version version() const { return settings_.is_v5 ? mqtt::Version::v5_0 : mqtt::Version::v3_1_1; }
  const Limits& limits() const { return limits_; }
  bool is_connected() const { return connected_; }
  // Empty while all is well.
  const std::string& failed() const { return failed_; }
  // What the remote has done wrong, as MQTT calls it; nothing where it ended the connection by its own word.
  std::optional<mqtt::ReasonCode> fault() const { return fault_; }

 private:
  void read();
  // False: it was not taken.
  bool take(const mqtt::Frame& frame);
  void on_connack(const mqtt::Connack& packet);
  bool on_publish(const mqtt::Publish& packet);
  void fail(mqtt::ReasonCode reason, const std::string& why);
  std::string_view remedy(mqtt::ReasonCode reason) const;

  const LinkSettings& settings_;
  const std::string password_;
  const bool bridge_bit_;
  Events& events_;
  Limits limits_;
  mqtt::Buffer unread_;
  // QoS 1 and 2 messages of the remote that are not acknowledged, against the receive maximum we told it.
  std::unordered_set<mqtt::PacketId> owed_;
  bool connected_ = false;
  bool held_ = false;
  bool waits_for_pingresp_ = false;
  std::string failed_;
  std::optional<mqtt::ReasonCode> fault_;
  Clock::time_point last_written_{};
  Clock::time_point pinged_{};
  Clock::time_point heard_{};  // bytes of the remote
};

}  // namespace mortise::bridge
