// What the operator decides about the broker, in the broker's own terms; app fills it from the configuration.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "base/time.hpp"
#include "broker/message.hpp"
#include "mqtt/topic.hpp"

namespace mortise::broker {

struct Options {
  std::uint32_t packet_size_max = 2 * 1024 * 1024;     // bytes, whole packet
  std::uint32_t packet_size_largest = 0;               // of all listeners, if one allows more
  std::uint32_t connect_packet_size_max = 128 * 1024;  // likewise, until a client is let in
  std::uint32_t topic_length_max = 65'535;             // bytes
  std::uint32_t topic_levels_max = 64;
  std::uint32_t filters_max = 1'000;          // of one SUBSCRIBE
  std::uint32_t subscriptions_max = 100'000;  // of a session
  std::uint32_t client_id_rate = 0;           // CONNECTs of one client identifier a second; 0: unlimited
  std::uint64_t publish_rate = 0;             // messages of a client a second; 0: unlimited
  std::uint64_t publish_bytes = 0;            // likewise, bytes of topic and payload
  std::size_t write_buffer = 128 * 1024;      // bytes a connection may have unwritten before its queue waits
  std::uint64_t memory_max = UINT64_MAX;      // bytes of all accounts
  base::Duration connect_timeout = std::chrono::seconds{5};

  std::uint32_t session_expiry_max_s = 7 * 24 * 3600;  // 0xFFFFFFFF: unlimited
  std::uint16_t receive_maximum = 64;                  // what we tell clients; held against 5.0 clients
  std::uint16_t inflight_maximum = 64;                 // what we keep in flight to a client that allows more
  std::uint16_t topic_alias_maximum = 64;              // a connection and direction
  std::uint16_t keep_alive_max_s = 65535;
  base::Duration retry_interval{};        // 3.x clients: unacknowledged messages are sent again; 0: never
  bool sessions_belong_to_users = false;  // only the user who began a session may go on with it or end it
  std::string response_information;       // to 5.0 clients that ask; %c is the client identifier; empty: none
  Level session_store = Level::synced;

  std::uint64_t queue_messages_max = 100'000;  // a session
  std::uint64_t queue_bytes_max = 64ULL * 1024 * 1024;
  enum class Overflow : std::uint8_t {
    drop_oldest,
    drop_newest,
    disconnect
  } overflow = Overflow::drop_oldest;

  std::uint64_t retained_messages_max = UINT64_MAX;
  std::uint64_t retained_bytes_max = UINT64_MAX;  // of topics and payloads
  std::uint64_t retained_payload_max = UINT64_MAX;

  std::uint64_t store_pending_max = 32ULL * 1024 * 1024;  // bytes handed over and not yet written
  std::uint64_t resident_max = 64ULL * 1024 * 1024;  // bytes of messages; above, stored ones leave memory
  base::Duration store_stall = std::chrono::seconds{30};
  enum class OnFailure : std::uint8_t { refuse, memory } on_failure = OnFailure::refuse;

  struct TopicClass {
    std::vector<std::string> filters;
    Level after = Level::synced;
  };
  std::vector<TopicClass> acknowledge;        // first match wins
  Level acknowledge_default = Level::synced;  // memory without a store

  base::HashSeed seed;  // random at each start

  Level level_of(std::string_view topic) const {
    for (const TopicClass& row : acknowledge)
      for (const std::string& filter : row.filters)
        if (mqtt::matches(filter, topic)) return row.after;
    return acknowledge_default;
  }
};

}  // namespace mortise::broker
