// The retained messages of all loops: one value a topic, each with a version that only rises.
//
// Sharded by the first level of the topic, so that a filter that begins with a literal level is answered
// under one lock. A publisher stores here before it reads interest; a subscriber registers interest before it
// reads here and notes the sequence: letters at or below it are older than what it has read.
//
// Thread: any loop (expire_some: always the same one); each shard has a lock, taken for retained publishes
//         and for subscribing only.
// Cost:   O(log n) a value; a filter costs its matches plus one look-up for each branch it has to skip.
// Source: MQTT 5.0 §3.3.1.3; Rule::retained_versions.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "broker/message.hpp"

namespace mortise::broker {

class RetainedMessages {
 public:
  struct Limits {
    std::uint64_t messages = UINT64_MAX;
    std::uint64_t bytes = UINT64_MAX;    // of topics and payloads
    std::uint64_t payload = UINT64_MAX;  // bytes of one
  };
  RetainedMessages(base::HashSeed seed, Accounts& accounts, Limits limits)
      : seed_{seed}, accounts_{&accounts} {
    set_limits(limits);
  }
  // For what is stored from now on: what is there stays.
  void set_limits(const Limits& limits) noexcept {
    messages_max_.store(limits.messages, std::memory_order_relaxed);
    bytes_max_.store(limits.bytes, std::memory_order_relaxed);
    payload_max_.store(limits.payload, std::memory_order_relaxed);
  }

  // Replaces the value of the message's topic, or clears it when the payload is empty.  [MQTT-3.3.1-6]
  // Returns the version given, and whether there was a value before. Refused by a limit, the value that was
  // there stays. Loops that store at the same instant may exceed a limit by a message each.
  struct Stored {
    std::uint64_t version = 0;
    bool replaced = false;
    std::optional<Limit> refused{};
  };
  Stored store(const MessageRef& message);

  // Put back at start. Not thread-safe: before the loops run.
  void restore(std::uint64_t version, MessageRef message);

  // Appends every live value whose topic matches, and returns the sequence it was read at. A filter that
  // begins with a wildcard takes all locks at once, so that the answer is one moment's.
  std::uint64_t read(std::string_view filter, base::WallTime now, std::vector<MessageRef>& out) const;

  // Takes out what has expired in one more of the shards, and tells each topic with a version of its own, so
  // that the store can erase it. Call it every now and then; a shard without expiring values costs nothing.
  void expire_some(base::WallTime now,
                   const std::function<void(std::string_view topic, std::uint64_t version)>& gone);

  std::size_t size() const noexcept { return messages_.load(std::memory_order_relaxed); }
  std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

 private:
  struct Value {
    MessageRef message;
    std::uint64_t version = 0;
  };
  using Topics = std::map<std::string, Value, std::less<>>;
  struct Shard {
    mutable std::mutex mutex;
    Topics topics;
    std::size_t expiring = 0;  // values with a message expiry interval
  };
  static constexpr std::size_t shards = 16;

  Shard& shard_of(std::string_view topic) const;
  static void collect(const Topics& topics, std::string& prefix, std::string_view filter, base::WallTime now,
                      std::vector<MessageRef>& out);
  static std::int64_t memory(const Topics::value_type& entry);
  void count(Shard& shard, const Message& message, bool added);
  std::optional<Limit> limit_reached(const Message& message, const Message* replaced) const;

  base::HashSeed seed_;
  Accounts* accounts_;
  std::atomic<std::uint64_t> messages_max_, bytes_max_, payload_max_;
  std::atomic<std::uint64_t> messages_{0};
  std::atomic<std::uint64_t> bytes_{0};
  mutable std::array<Shard, shards> shards_;
  // One sequence for all shards; a version is drawn under its shard's lock.
  std::atomic<std::uint64_t> sequence_{0};
  std::size_t next_to_expire_ = 0;
};

}  // namespace mortise::broker
