// The operator's limits that protect the broker, by name: each is counted when it takes hold.
//
// Thread: any.   Source: limits and session.queue in config/settings.hpp; the reason code each answers with
//         stands in README.md, "Limits".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mortise::broker {

enum class Limit : std::uint8_t {
  connections,
  listener_connections,
  address_connections,
  address_connect_rate,
  half_open,
  connect_timeout,
  client_id_connect_rate,
  connect_packet_size,
  packet_size,
  topic_length,
  topic_levels,
  filters,
  subscriptions,
  receive_maximum,
  retained_messages,
  retained_bytes,
  retained_payload,
  publish_rate,
  publish_bytes,
  write_buffer,
  queue,
  memory,
  count
};
inline constexpr std::array<std::string_view, static_cast<std::size_t>(Limit::count)> limit_names{
    "connections",
    "listener_connections",
    "address_connections",
    "address_connect_rate",
    "half_open",
    "connect_timeout",
    "client_id_connect_rate",
    "connect_packet_size",
    "packet_size",
    "topic_length",
    "topic_levels",
    "filters",
    "subscriptions",
    "receive_maximum",
    "retained_messages",
    "retained_bytes",
    "retained_payload",
    "publish_rate",
    "publish_bytes",
    "write_buffer",
    "queue",
    "memory"};
constexpr std::string_view name_of(Limit limit) { return limit_names[static_cast<std::size_t>(limit)]; }

}  // namespace mortise::broker
