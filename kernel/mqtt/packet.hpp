// Every MQTT control packet as a plain struct of views into the bytes it was read from.
//
// Owns: nothing; a packet is valid while the bytes it views are.
// Source: MQTT 5.0 chapter 3; MQTT 3.1.1 chapter 3, in 5.0's words.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "mqtt/reason_code.hpp"

namespace mortise::mqtt {

using Bytes = std::span<const std::uint8_t>;

// The protocol level as CONNECT carries it. 3.1 differs from 3.1.1 in its protocol name, in what it forgives,
// and in words that it lacks: session present, and a SUBACK that refuses.
enum class Version : std::uint8_t { v3_1 = 3, v3_1_1 = 4, v5_0 = 5 };

enum class Qos : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };

// clang-format off
enum class PacketType : std::uint8_t {
  connect = 1, connack, publish, puback, pubrec, pubrel, pubcomp, subscribe, suback, unsubscribe, unsuback,
  pingreq, pingresp, disconnect, auth,
};
// clang-format on

using PacketId = std::uint16_t;  // 1 to 65535 on the wire; 0 is none

inline constexpr std::uint32_t session_never_expires = 0xFFFFFFFF;

// Every member has an initializer, so that designated initializers may leave out what stays at its default.

// Properties stay in their wire encoding (`raw`, without the length in front), already checked: known,
// allowed in this packet, once where once is the rule, well-formed values. Beside it stand those the protocol
// acts upon.

struct PublishProperties {
  std::optional<std::uint32_t> message_expiry_s{};
  std::optional<std::uint16_t> topic_alias{};
  bool payload_is_utf8 = false;
  Bytes raw{};
  // At least one stands in `raw`. From a client that is a protocol error, which only a server can tell.
  // [MQTT-3.3.4-6]
  bool has_subscription_identifier = false;
};

// A will is a PUBLISH that waits. `properties.raw` holds the will's properties as sent, Will Delay Interval
// included.
struct Will {
  std::string_view topic{};
  Bytes payload{};
  Qos qos = Qos::at_most_once;
  bool retain = false;
  std::uint32_t delay_s = 0;
  PublishProperties properties{};
};

struct Connect {
  static constexpr auto type = PacketType::connect;
  Version version = Version::v5_0;
  bool is_bridge = false;    // 3.x: the highest bit of the level, which brokers set that connect to others
  bool clean_start = false;  // "clean session" in 3.1.1
  std::uint16_t keep_alive_s = 0;
  std::string_view client_id{};
  std::optional<Will> will{};
  std::optional<std::string_view> username{};
  std::optional<Bytes> password{};
  // 5.0 properties; 3.1.1 leaves the defaults.
  std::uint32_t session_expiry_s = 0;
  std::uint16_t receive_maximum = 65535;
  std::optional<std::uint32_t> maximum_packet_size{};
  std::uint16_t topic_alias_maximum = 0;
  bool request_response_information = false;
  bool request_problem_information = true;
  std::optional<std::string_view> authentication_method{};
  Bytes authentication_data{};
  Bytes raw{};
};

struct Connack {
  static constexpr auto type = PacketType::connack;
  bool session_present = false;
  ReasonCode reason = ReasonCode::success;  // 3.1.1: encode maps it to a return code
  // 5.0 properties; what is absent is not sent.
  std::optional<std::uint32_t> session_expiry_s{};
  std::optional<std::uint16_t> receive_maximum{};
  std::optional<Qos> maximum_qos{};
  std::optional<bool> retain_available{};
  std::optional<std::uint32_t> maximum_packet_size{};
  std::optional<std::string_view> assigned_client_id{};
  std::optional<std::uint16_t> topic_alias_maximum{};
  std::optional<std::string_view> reason_string{};
  std::optional<bool> wildcard_subscription_available{};
  std::optional<bool> subscription_identifiers_available{};
  std::optional<bool> shared_subscription_available{};
  std::optional<std::uint16_t> server_keep_alive_s{};
  std::optional<std::string_view> response_information{};
  std::optional<std::string_view> server_reference{};
  std::optional<std::string_view> authentication_method{};
  Bytes authentication_data{};
  Bytes raw{};  // when decoded
};

struct Publish {
  static constexpr auto type = PacketType::publish;
  bool dup = false;
  Qos qos = Qos::at_most_once;
  bool retain = false;
  std::string_view topic{};  // empty only with a topic alias
  PacketId packet_id = 0;    // 0 for QoS 0
  PublishProperties properties{};
  Bytes payload{};
};

// PUBACK, PUBREC, PUBREL and PUBCOMP have one shape.
template <PacketType Type>
struct Acknowledgement {
  static constexpr auto type = Type;
  PacketId packet_id = 0;
  ReasonCode reason = ReasonCode::success;
  std::optional<std::string_view> reason_string{};
  Bytes raw{};  // when decoded
};
using Puback = Acknowledgement<PacketType::puback>;
using Pubrec = Acknowledgement<PacketType::pubrec>;
using Pubrel = Acknowledgement<PacketType::pubrel>;
using Pubcomp = Acknowledgement<PacketType::pubcomp>;

enum class RetainHandling : std::uint8_t { send = 0, send_if_new = 1, do_not_send = 2 };

struct SubscriptionOptions {
  Qos maximum_qos = Qos::at_most_once;
  bool no_local = false;
  bool retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::send;
  friend bool operator==(const SubscriptionOptions&, const SubscriptionOptions&) = default;
};

struct Subscribe {
  static constexpr auto type = PacketType::subscribe;
  struct Entry {
    std::string_view filter{};
    SubscriptionOptions options{};
  };
  PacketId packet_id = 0;
  std::optional<std::uint32_t> subscription_identifier{};
  std::vector<Entry>
      entries{};  // at least one; filters are well-formed UTF-8, their wildcards are not checked yet
  Bytes raw{};
};

struct Suback {
  static constexpr auto type = PacketType::suback;
  PacketId packet_id = 0;
  std::vector<ReasonCode> reasons{};
  std::optional<std::string_view> reason_string{};
  Bytes raw{};
};

struct Unsubscribe {
  static constexpr auto type = PacketType::unsubscribe;
  PacketId packet_id = 0;
  std::vector<std::string_view> filters{};  // at least one
  Bytes raw{};
};

struct Unsuback {
  static constexpr auto type = PacketType::unsuback;
  PacketId packet_id = 0;
  std::vector<ReasonCode> reasons{};  // 3.1.1 has none on the wire
  std::optional<std::string_view> reason_string{};
  Bytes raw{};
};

struct Pingreq {
  static constexpr auto type = PacketType::pingreq;
};
struct Pingresp {
  static constexpr auto type = PacketType::pingresp;
};

struct Disconnect {
  static constexpr auto type = PacketType::disconnect;
  ReasonCode reason = ReasonCode::success;
  std::optional<std::uint32_t> session_expiry_s{};
  std::optional<std::string_view> reason_string{};
  std::optional<std::string_view> server_reference{};
  Bytes raw{};
};

struct Auth {
  static constexpr auto type = PacketType::auth;
  ReasonCode reason = ReasonCode::success;
  std::optional<std::string_view> authentication_method{};
  Bytes authentication_data{};
  std::optional<std::string_view> reason_string{};
  Bytes raw{};
};

using Packet = std::variant<Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe, Suback,
                            Unsubscribe, Unsuback, Pingreq, Pingresp, Disconnect, Auth>;

// Why bytes are not MQTT: the code to close with, and a sentence for the log.
struct Malformed {
  ReasonCode reason = ReasonCode::malformed_packet;
  const char* what = "";  // static text: what was wrong, naming the field
};

}  // namespace mortise::mqtt
