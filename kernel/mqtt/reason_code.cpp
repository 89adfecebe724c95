#include "mqtt/reason_code.hpp"

#include <array>
#include <cstddef>

#include "mqtt/packet_set.hpp"

namespace mortise::mqtt {
namespace {

using enum PacketType;
using Code = ReasonCode;

struct Row {
  ReasonCode code;
  std::string_view text;
  PacketSet packets;
  std::uint8_t return_code;  // of a 3.1.1 CONNACK
};

// The return codes of MQTT 3.1.1, table 3.1.
constexpr std::uint8_t accepted = 0, wrong_version = 1, wrong_identifier = 2, unavailable = 3,
                       wrong_password = 4, unauthorized = 5;

// Table 2-6 lets a DISCONNECT carry 0x8C, table 3-10 does not have it; a receiver does well to take it.
// clang-format off
constexpr Row rows[] = {
    {Code::success,                       "success",                       in(connack, puback, pubrec, pubrel, pubcomp, suback, unsuback, disconnect, auth), accepted},
    {Code::granted_qos_1,                 "granted QoS 1",                 in(suback),                                                 accepted},
    {Code::granted_qos_2,                 "granted QoS 2",                 in(suback),                                                 accepted},
    {Code::disconnect_with_will,          "disconnect with will message",  in(disconnect),                                             accepted},
    {Code::no_matching_subscribers,       "no matching subscribers",       in(puback, pubrec),                                         accepted},
    {Code::no_subscription_existed,       "no subscription existed",       in(unsuback),                                               accepted},
    {Code::continue_authentication,       "continue authentication",       in(auth),                                                   accepted},
    {Code::reauthenticate,                "re-authenticate",               in(auth),                                                   accepted},
    {Code::unspecified_error,             "unspecified error",             in(connack, puback, pubrec, suback, unsuback, disconnect),  unavailable},
    {Code::malformed_packet,              "malformed packet",              in(connack, disconnect),                                    unavailable},
    {Code::protocol_error,                "protocol error",                in(connack, disconnect),                                    unavailable},
    {Code::implementation_specific_error, "implementation specific error", in(connack, puback, pubrec, suback, unsuback, disconnect),  unavailable},
    {Code::unsupported_protocol_version,  "unsupported protocol version",  in(connack),                                                wrong_version},
    {Code::client_identifier_not_valid,   "client identifier not valid",   in(connack),                                                wrong_identifier},
    {Code::bad_user_name_or_password,     "bad user name or password",     in(connack),                                                wrong_password},
    {Code::not_authorized,                "not authorized",                in(connack, puback, pubrec, suback, unsuback, disconnect),  unauthorized},
    {Code::server_unavailable,            "server unavailable",            in(connack),                                                unavailable},
    {Code::server_busy,                   "server busy",                   in(connack, disconnect),                                    unavailable},
    {Code::banned,                        "banned",                        in(connack),                                                unauthorized},
    {Code::server_shutting_down,          "server shutting down",          in(disconnect),                                             unavailable},
    {Code::bad_authentication_method,     "bad authentication method",     in(connack, disconnect),                                    unauthorized},
    {Code::keep_alive_timeout,            "keep alive timeout",            in(disconnect),                                             unavailable},
    {Code::session_taken_over,            "session taken over",            in(disconnect),                                             unavailable},
    {Code::topic_filter_invalid,          "topic filter invalid",          in(suback, unsuback, disconnect),                           unavailable},
    {Code::topic_name_invalid,            "topic name invalid",            in(connack, puback, pubrec, disconnect),                    unauthorized},
    {Code::packet_identifier_in_use,      "packet identifier in use",      in(puback, pubrec, suback, unsuback),                       unavailable},
    {Code::packet_identifier_not_found,   "packet identifier not found",   in(pubrel, pubcomp),                                        unavailable},
    {Code::receive_maximum_exceeded,      "receive maximum exceeded",      in(disconnect),                                             unavailable},
    {Code::topic_alias_invalid,           "topic alias invalid",           in(disconnect),                                             unavailable},
    {Code::packet_too_large,              "packet too large",              in(connack, disconnect),                                    unavailable},
    {Code::message_rate_too_high,         "message rate too high",         in(disconnect),                                             unavailable},
    {Code::quota_exceeded,                "quota exceeded",                in(connack, puback, pubrec, suback, disconnect),            unavailable},
    {Code::administrative_action,         "administrative action",         in(disconnect),                                             unavailable},
    {Code::payload_format_invalid,        "payload format invalid",        in(connack, puback, pubrec, disconnect),                    unauthorized},
    {Code::retain_not_supported,          "retain not supported",          in(connack, disconnect),                                    unauthorized},
    {Code::qos_not_supported,             "QoS not supported",             in(connack, disconnect),                                    unauthorized},
    {Code::use_another_server,            "use another server",            in(connack, disconnect),                                    unavailable},
    {Code::server_moved,                  "server moved",                  in(connack, disconnect),                                    unavailable},
    {Code::shared_subscriptions_not_supported,     "shared subscriptions not supported",     in(suback, disconnect),                   unavailable},
    {Code::connection_rate_exceeded,      "connection rate exceeded",      in(connack, disconnect),                                    unavailable},
    {Code::maximum_connect_time,          "maximum connect time",          in(disconnect),                                             unavailable},
    {Code::subscription_identifiers_not_supported, "subscription identifiers not supported", in(suback, disconnect),                   unavailable},
    {Code::wildcard_subscriptions_not_supported,   "wildcard subscriptions not supported",   in(suback, disconnect),                   unavailable},
};
// clang-format on

constexpr auto row_by_code = [] {
  std::array<const Row*, 256> by{};
  for (const Row& row : rows) by[static_cast<std::size_t>(row.code)] = &row;
  return by;
}();

const Row* row_of(ReasonCode code) { return row_by_code[static_cast<std::uint8_t>(code)]; }

}  // namespace

std::string_view text_of(ReasonCode code) {
  const Row* row = row_of(code);
  return row == nullptr ? "unknown reason code" : row->text;
}

bool is_allowed(ReasonCode code, PacketType packet) {
  const Row* row = row_of(code);
  return row != nullptr && contains(row->packets, packet);
}

std::uint8_t connack_return_code_of(ReasonCode code) {
  const Row* row = row_of(code);
  return row == nullptr ? unavailable : row->return_code;
}

}  // namespace mortise::mqtt
