// What outlives a connection: identity, subscriptions, what is owed in both directions, the will.
//
// Thread: its home loop, hash(client identifier), for ever.   Owns: its outbox and will.
// Source: MQTT 5.0 §4.1 (session state).
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/deadlines.hpp"
#include "broker/letters.hpp"
#include "broker/outbox.hpp"
#include "broker/ports.hpp"
#include "broker/queue_limit.hpp"
#include "broker/shared_groups.hpp"
#include "broker/subscription_index.hpp"

namespace mortise::broker {

// A loop's own numbering of its batches. What is durable is a prefix of it.
using Ordinal = std::uint64_t;
inline constexpr Ordinal unsettled =
    UINT64_MAX;  // its batch is not known yet: another loop still has to answer

// Which batch deliveries up to a position are in.
struct Run {
  Position end = 0;  // the last position it covers
  Ordinal ordinal = unsettled;
  RemoteKey remote;  // unsettled: whose commit settles it
  Level level = Level::memory;
};

// A delivery that is over but whose record may not be erased yet, since its put is not durable.
struct OwedErase {
  Position position = 0;
  std::uint64_t number = 0;
  MessageRef message;
};

// A QoS 2 PUBLISH of this client that was accepted and not released.
struct InboundPublish {
  Ordinal ordinal = 0;  // its batch
  PendingKey pending;   // set while other loops still have to answer
  Level level = Level::memory;
};

struct StoredWill {
  explicit StoredWill(std::uint64_t session) : timer{TimerKind::will_delay, session} {}
  MessageRef message;
  std::uint32_t delay_s = 0;
  std::optional<std::uint32_t> expiry_s;  // message expiry interval, from the moment it is sent
  std::uint64_t record = 0;               // the store's key; 0: not stored
  Timer timer;
};

// By which subscriptions queued deliveries came, as a small number: their identifiers, or the group that
// shares one. 0 is a subscription that has neither.
class Origins {
 public:
  std::uint16_t intern(std::span<const std::uint32_t> identifiers, GroupKey group) {
    if (identifiers.empty() && !group) return 0;
    for (std::size_t i = 0; i < all_.size(); ++i)
      if (all_[i].group == group && std::ranges::equal(all_[i].identifiers, identifiers))
        return static_cast<std::uint16_t>(i + 1);
    if (all_.size() == UINT16_MAX) return 0;  // 65,535 different ones in one queue: later ones go without
    all_.push_back({{identifiers.begin(), identifiers.end()}, group});
    return static_cast<std::uint16_t>(all_.size());
  }
  std::span<const std::uint32_t> identifiers_of(std::uint16_t index) const {
    return index == 0 ? std::span<const std::uint32_t>{} : all_[index - 1].identifiers;
  }
  GroupKey group_of(std::uint16_t index) const { return index == 0 ? GroupKey{} : all_[index - 1].group; }
  void clear() { all_.clear(); }  // only when nothing is queued or in flight

 private:
  struct Origin {
    std::vector<std::uint32_t> identifiers;
    GroupKey group;
  };
  std::vector<Origin> all_;
};

// What a text takes beside itself.
inline std::size_t heap_of(const std::string& text) noexcept {
  return text.capacity() > 15 ? text.capacity() + 1 : 0;
}

class Session {
 public:
  explicit Session(std::string_view id) : client_id{id} {}

  std::string client_id;
  std::string username;
  SessionKey key;
  ClientKey client;               // none while offline
  std::uint64_t number = 0;       // the store's key; 0: not stored
  std::uint32_t expiry_s = 0;     // session expiry interval; 0xFFFFFFFF never
  base::WallTime expires{};       // while offline
  std::unique_ptr<Timer> expiry;  // while offline

  std::vector<FilterId> filters;
  std::vector<SharedMember*> shared;  // its memberships in groups

  Outbox outbox;
  std::uint64_t queued_bytes = 0;           // payload and topic bytes of what is queued and in flight
  std::uint64_t charged = 0;                // what the accounts hold for that
  std::unique_ptr<QueueLimit> queue_limit;  // in place of the operator's; rare
  Origins origins;

  // Stored sessions only; runs also of what a member of a group may have to hand on.
  base::Queue<Run> runs;    // deliveries whose batch is not durable yet, in order
  Position durable_to = 0;  // positions below it are durable
  std::vector<OwedErase> owed;
  Position sent_to = 0;         // positions below it may be sent: the reservation is durable
  Position sent_to_asked = 0;   // the latest reservation
  Ordinal sent_to_ordinal = 0;  // and its batch
  Ordinal created = 0;          // the batch that stored it; 0: it was there at start
  Ordinal last_ordinal = 0;     // the latest batch with anything of this session

  std::unordered_map<mqtt::PacketId, InboundPublish> inbound;
  std::unique_ptr<StoredWill> will;

  // For merging overlapping subscriptions: which routing saw this session last, and where.
  std::uint64_t route = 0;
  std::uint32_t route_index = 0;

  Position paged_to = 0;  // what is queued below it has been looked at: see Paging::page_out
  std::optional<Position>
      hands_on_to;          // what is queued below it goes to others when it may: see Delivery::hand_on
  bool is_reading = false;  // a page was asked for and is not here yet

  bool ended = false;  // discarded; stays until what was handed over for it is settled

  std::uint64_t charged_itself = 0;  // what the accounts hold for the rest, apart from its subscriptions
  std::size_t memory() const noexcept;

  bool is_stored() const noexcept { return number != 0; }
  bool is_connected() const noexcept { return static_cast<bool>(client); }
};

// The session as a record, as it stands.
record::Session record_of(const Session& session);

}  // namespace mortise::broker
