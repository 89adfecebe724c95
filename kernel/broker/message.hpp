// One application message: made once, immutable, counted, shared by every loop and session that handles it.
//
// Thread: any; the bytes never change, the counter is atomic.
// Owns:   topic, forwardable properties, publisher and payload in the same single allocation.
// Cost:   one allocation; a reference is one atomic increment, taken in bulk where many are needed.
// Source: MQTT 5.0 §1.2 (application message), §3.3.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/time.hpp"
#include "broker/ledger.hpp"
#include "mqtt/packet.hpp"

namespace mortise::broker {

// How strongly something is kept before it is acknowledged. Ordered: a larger one includes the smaller.
enum class Level : std::uint8_t { memory = 0, written = 1, synced = 2 };

class MessageRef;

// What a message is made of; views that make() copies.
struct MessageParts {
  std::string_view topic;
  mqtt::Bytes payload;
  mqtt::Bytes raw_properties;  // as received or restored; make() keeps those a server passes on
  std::string_view publisher;  // client identifier; empty: the broker or a plugin
  std::string_view username;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  bool payload_is_utf8 = false;
  base::WallTime received{};
  base::WallTime expires = base::WallTime::max();
  Level level = Level::memory;  // the class of its topic
  std::uint8_t hops = 0;        // plugins that published in answer to one another, up to this message
  std::uint64_t number = 0;     // the store's key; 0: none yet
};

class Message {
 public:
  // The bytes are charged to `accounts`, which must outlive every reference.
  static MessageRef make(const MessageParts& parts, Accounts& accounts);

  std::string_view topic() const noexcept { return {bytes(), topic_size_}; }
  mqtt::Bytes properties() const noexcept { return {unsigned_bytes() + topic_size_, properties_size_}; }
  std::string_view publisher() const noexcept {
    return {bytes() + topic_size_ + properties_size_, publisher_size_};
  }
  std::string_view username() const noexcept {
    return {bytes() + topic_size_ + properties_size_ + publisher_size_, username_size_};
  }
  mqtt::Bytes payload() const noexcept {
    return {unsigned_bytes() + topic_size_ + properties_size_ + publisher_size_ + username_size_,
            payload_size_};
  }
  mqtt::Qos qos() const noexcept { return qos_; }
  bool retain() const noexcept { return retain_; }
  bool payload_is_utf8() const noexcept { return payload_is_utf8_; }
  Level level() const noexcept { return level_; }
  std::uint8_t hops() const noexcept { return hops_; }
  base::WallTime received() const noexcept { return received_; }
  base::WallTime expires() const noexcept { return expires_; }
  bool has_expired(base::WallTime now) const noexcept { return now >= expires_; }

  // The store's key. Given by the publisher's loop before any other loop sees the message.
  std::uint64_t number() const noexcept { return number_; }
  void set_number(std::uint64_t number) noexcept { number_ = number; }

  // How many stored deliveries still name this message; guarded by the journal's lock.
  std::uint32_t stored_deliveries = 0;

  // What it charges: everything it owns and the allocator's own share.
  std::size_t memory() const noexcept;

 private:
  friend class MessageRef;
  Message(const MessageParts& parts, std::size_t properties_size, Accounts& accounts);
  ~Message() = default;

  const char* bytes() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  const std::uint8_t* unsigned_bytes() const noexcept {
    return reinterpret_cast<const std::uint8_t*>(this + 1);
  }
  static void destroy(Message* message) noexcept;

  std::atomic<std::uint32_t> references_{1};
  std::uint32_t payload_size_;
  std::uint32_t properties_size_;
  std::uint16_t topic_size_;
  std::uint16_t publisher_size_;
  std::uint16_t username_size_;
  mqtt::Qos qos_;
  bool retain_;
  bool payload_is_utf8_;
  Level level_;
  std::uint8_t hops_;
  std::uint64_t number_;
  base::WallTime received_;
  base::WallTime expires_;
  Accounts* accounts_;
};

// A counted reference. Empty by default.
class MessageRef {
 public:
  MessageRef() = default;
  MessageRef(const MessageRef& other) noexcept : message_{other.message_} { retain(message_); }
  MessageRef(MessageRef&& other) noexcept : message_{std::exchange(other.message_, nullptr)} {}
  MessageRef& operator=(MessageRef other) noexcept {
    std::swap(message_, other.message_);
    return *this;
  }
  ~MessageRef() { release(message_); }

  // Takes over a reference that was already counted, such as one from detach().
  static MessageRef adopt(Message* message) noexcept {
    MessageRef reference;
    reference.message_ = message;
    return reference;
  }
  Message* detach() noexcept { return std::exchange(message_, nullptr); }

  explicit operator bool() const noexcept { return message_ != nullptr; }
  Message* get() const noexcept { return message_; }
  Message* operator->() const noexcept { return message_; }
  Message& operator*() const noexcept { return *message_; }
  void reset() noexcept { release(std::exchange(message_, nullptr)); }

 private:
  static void retain(Message* message) noexcept {
    if (message) message->references_.fetch_add(1, std::memory_order_relaxed);
  }
  static void release(Message* message) noexcept {
    if (message && message->references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      Message::destroy(message);
  }
  Message* message_ = nullptr;
};

}  // namespace mortise::broker
