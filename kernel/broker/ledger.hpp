// What became of every message, and every byte charged: nothing vanishes silently.
//
// Two balances hold at any instant at which no letter is under way, summed over all loops:
//   published = routed + refused (by reason)
//   deliveries + restored = out + queued + dropped (by reason)
// A new reason to drop is two rows below, its enumerator and its name; the balance tests then insist on it.
//
// Thread: one ledger a loop, written by that loop; readers of the counters see values that may be a moment
// old. Accounts may also be given back from any thread that drops the last reference to a message.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "broker/limit.hpp"
#include "mqtt/packet.hpp"

namespace mortise::broker {

enum class Refused : std::uint8_t {
  not_authorized,
  dropped_by_plugin,
  store_unavailable,
  disconnected,
  out_of_memory,   // limits.memory: nothing is left to be shed
  payload_format,  // it says that it is UTF-8, and is not
  count
};
inline constexpr std::array<std::string_view, static_cast<std::size_t>(Refused::count)> refused_names{
    "not_authorized", "dropped_by_plugin", "store_unavailable",
    "disconnected",   "out_of_memory",     "payload_format"};

enum class Dropped : std::uint8_t {
  queue_full,        // the session's queue was at its limit
  expired,           // the message expiry interval ran out
  packet_too_large,  // over the client's maximum packet size
  offline_qos_0,     // QoS 0 for a session without a connection
  connection_lost,   // QoS 0 that waited for a connection which ended
  session_ended,     // the session was discarded or expired with the message still queued
  not_authorized,    // a plugin denied this receiver
  handed_on,         // of a shared subscription: another member has it now
  unreadable,        // its body had left memory and the store does not have it any more: damage
  memory_shed,       // limits.memory: QoS 0 to a slow reader, or the front of a large queue
  outside,           // its topic does not lie below the client's mount point
  count
};
inline constexpr std::array<std::string_view, static_cast<std::size_t>(Dropped::count)> dropped_names{
    "queue_full",     "expired",   "packet_too_large", "offline_qos_0", "connection_lost", "session_ended",
    "not_authorized", "handed_on", "unreadable",       "memory_shed",   "outside"};

// A counter with one writer. Cheaper than fetch_add: no locked instruction on the hot path.
class Counter {
 public:
  void add(std::uint64_t n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n) noexcept { add(~n + 1); }
  void set(std::uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// The same by QoS.
class QosCounter {
 public:
  void add(mqtt::Qos qos) noexcept { counters_[static_cast<std::size_t>(qos)].add(1); }
  std::uint64_t value(mqtt::Qos qos) const noexcept {
    return counters_[static_cast<std::size_t>(qos)].value();
  }
  std::uint64_t value() const noexcept {  // all together
    return counters_[0].value() + counters_[1].value() + counters_[2].value();
  }

 private:
  std::array<Counter, 3> counters_;
};

// Bytes in use, by what they are used for.
enum class Account : std::uint8_t { message, connection, session, queue, subscription, retained, count };
inline constexpr std::array<std::string_view, static_cast<std::size_t>(Account::count)> account_names{
    "message", "connection", "session", "queue", "subscription", "retained"};

class Accounts {
 public:
  void charge(Account account, std::int64_t bytes) noexcept {
    cells_[static_cast<std::size_t>(account)].fetch_add(bytes, std::memory_order_relaxed);
  }
  std::int64_t charged(Account account) const noexcept {
    return cells_[static_cast<std::size_t>(account)].load(std::memory_order_relaxed);
  }
  std::int64_t charged() const noexcept {  // all together
    std::int64_t sum = 0;
    for (const auto& cell : cells_) sum += cell.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  std::array<std::atomic<std::int64_t>, static_cast<std::size_t>(Account::count)> cells_{};
};

struct Ledger {
  QosCounter published;
  Counter routed;     // accepted and shown to the subscriptions
  Counter to_nobody;  // of those: no subscription matched on this loop and no other loop was interested
  std::array<Counter, static_cast<std::size_t>(Refused::count)> refused;
  Counter retained_refused;  // delivered, but not kept: the store could not take it, or a limit was reached

  Counter deliveries;
  Counter restored;
  QosCounter out;  // acknowledged by the receiver, or written for QoS 0
  Counter queued;  // waiting or in flight
  std::array<Counter, static_cast<std::size_t>(Dropped::count)> dropped;

  // What is there at present.
  Counter sessions;
  Counter connected;  // of those, with a client
  Counter subscriptions;

  Counter letters_sent;
  std::array<Counter, static_cast<std::size_t>(Limit::count)> limited;  // how often each took hold

  Counter held_most;       // bytes of the connection that holds most, while memory is used up
  Counter queued_most;     // of the largest queue that can be shed, while memory is short; 0: not said yet
  Counter queued_said_ms;  // when that was said, on the monotonic clock

  Accounts accounts;

  void refuse(Refused reason) noexcept { refused[static_cast<std::size_t>(reason)].add(1); }
  void hit(Limit limit) noexcept { limited[static_cast<std::size_t>(limit)].add(1); }
  void hit(std::optional<Limit> limit) noexcept {
    if (limit) hit(*limit);
  }
  void drop(Dropped reason) noexcept { dropped[static_cast<std::size_t>(reason)].add(1); }
};

// Which balance does not hold and by how much, for people; empty when both do. Call it between turns, when no
// loop is in one.
std::string imbalance(std::span<const std::unique_ptr<Ledger>> ledgers);

}  // namespace mortise::broker
