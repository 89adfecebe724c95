// The facts a store is told, and the batches they travel in.
//
// A batch is atomic: after a crash all of it is there or nothing. Batches get one rising sequence over all
// loops when they are handed over, so what is durable is always a prefix of what was handed over.
//
// Thread: a batch is built by one loop, then immutable and read by the store.
// Owns:   its strings and a reference to each message in it, until it is synced.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/message.hpp"

namespace mortise::broker {

namespace record {

// Numbers up to `reserved` may be in use; after a restart they start above.
// Carries the store's idea of the time, too.
struct Numbers {
  std::uint64_t reserved = 0;
  std::int64_t unix_ms = 0;
};

struct Session {
  std::uint64_t number = 0;
  std::string client_id;
  std::string username;
  std::uint32_t expiry_s = 0;        // session expiry interval; 0xFFFFFFFF never
  std::int64_t expires_unix_ms = 0;  // 0 while connected
  std::uint64_t sent_to = 0;         // positions below it may have been sent
};
struct SessionErase {
  std::uint64_t number = 0;  // ends subscriptions, deliveries and identifiers under it, too
};

struct Subscription {
  std::uint64_t session = 0;
  std::string filter;  // as the client wrote it
  mqtt::SubscriptionOptions options;
  std::uint32_t identifier = 0;  // 0: none
};
struct SubscriptionErase {
  std::uint64_t session = 0;
  std::string filter;
};

struct MessagePut {
  MessageRef message;            // the key is message->number()
  std::uint32_t deliveries = 0;  // how many stored deliveries of it this batch puts
};
struct MessageErase {
  std::uint64_t number = 0;
};

struct Inbound {
  std::uint64_t session = 0;
  mqtt::PacketId packet_id = 0;
};
struct InboundErase {
  std::uint64_t session = 0;
  mqtt::PacketId packet_id = 0;
};

struct Retained {
  std::uint64_t version = 0;
  MessageRef message;  // with its number, which deliveries of the retained value will use
};
struct RetainedErase {
  std::uint64_t version = 0;
  std::string topic;
};

struct Will {
  std::uint64_t session = 0;  // the key: a number of its own, above that of the session it belongs to
  std::string client_id;
  MessageRef message;
  std::uint32_t delay_s = 0;
  std::optional<std::uint32_t> expiry_s;  // message expiry interval, from the moment it is sent
  std::int64_t due_unix_ms = 0;           // 0 while connected
};
struct WillErase {
  std::uint64_t session = 0;
};

// Beside the delivery itself: needed only when several subscriptions with identifiers overlapped.
struct DeliveryIdentifiers {
  std::uint64_t delivery = 0;
  std::vector<std::uint32_t> identifiers;
};

}  // namespace record

using Record = std::variant<record::Numbers, record::Session, record::SessionErase, record::Subscription,
                            record::SubscriptionErase, record::MessagePut, record::MessageErase,
                            record::Inbound, record::InboundErase, record::Retained, record::RetainedErase,
                            record::Will, record::WillErase, record::DeliveryIdentifiers>;

// One message waiting for one session. Plain, because a fan-out makes a thousand at once.
struct DeliveryRecord {
  enum class Op : std::uint8_t { put = 1, erase = 2 };
  enum class State : std::uint8_t {
    queued = 1,
    received = 2
  };                         // received: PUBREC was had, only PUBREL may be sent
  std::uint64_t number = 0;  // the key; the kernel's own, never reused
  std::uint64_t message = 0;
  std::uint64_t session = 0;
  std::uint64_t position = 0;    // its place in the session's order
  std::uint32_t identifier = 0;  // a single subscription identifier; 0: none, or see DeliveryIdentifiers
  Op op = Op::put;
  State state = State::queued;
  mqtt::Qos qos = mqtt::Qos::at_least_once;
  bool retain = false;  // the RETAIN flag this receiver is to see
};

struct Batch {
  std::uint64_t sequence = 0;              // given at hand-over, rising by one
  Level level = Level::memory;             // what somebody waits for
  std::vector<Record> records;             // in order
  std::vector<DeliveryRecord> deliveries;  // after the records of the same batch
  std::vector<MessageRef>
      erased;  // parallel to the erases in `deliveries`: whose last delivery may be among them

  bool empty() const noexcept { return records.empty() && deliveries.empty(); }
  std::size_t memory() const noexcept;  // bytes, roughly, messages included
};

}  // namespace mortise::broker
