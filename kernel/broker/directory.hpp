// What operators see of sessions and may do to them.
//
// Thread: the loop of the broker that is asked.   Owns: nothing; what is shown lives during the call.
#pragma once

#include <cstdint>
#include <string_view>

#include "broker/ports.hpp"

namespace mortise::broker {

// One session, connected or away.
struct SessionFacts {
  ClientFacts client;        // `connected` says which
  base::WallTime expires{};  // away: when it ends; WallTime::max() never
  std::uint32_t subscriptions = 0;
  std::uint64_t queued = 0;        // messages that wait or are in flight
  std::uint64_t queued_bytes = 0;  // of their topics and payloads
  base::WallTime oldest{};         // when the one that has waited longest came; the epoch: none waits
  std::uint64_t inbound = 0;       // QoS 2 messages of its own that are not released
  bool is_stored = false;
  bool has_will = false;
};

// One subscription of a session. `filter` is whole: "$share/<name>/…" of a shared one.
struct SubscriptionFacts {
  std::string_view filter;
  mqtt::SubscriptionOptions options;
  std::uint32_t identifier = 0;  // 0: none
};

// How to end a connection, and perhaps a session.
struct Kick {
  mqtt::ReasonCode reason = mqtt::ReasonCode::administrative_action;
  bool sends_will = true;
  bool ends_session = false;
  std::string by;  // who wants it, for the log: "uid 0", "plugin guard"
};

}  // namespace mortise::broker
