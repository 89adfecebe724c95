// One application message: made once, immutable, counted, shared by every loop and session that handles it.
//
// A stub stands in a queue for a message whose body left memory for the store (see paging.hpp): it has the
// number, size, expiry and class, and no topic or payload.
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
  std::string_view publisher;  // client identifier, or the name of a plugin instance; empty: the broker
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
  std::uint64_t number() const noexcept {
    const Message* const stub = stub_or_null();
    return stub ? stub->number() : number_or_stub_.load(std::memory_order_relaxed);
  }
  void set_number(std::uint64_t number) noexcept { number_or_stub_.store(number, std::memory_order_relaxed); }

  // Bytes of topic and payload; a stub's are those of the message it stands for.
  std::size_t size() const noexcept { return stub_size_ + topic_size_ + payload_size_; }

  // ---- stubs
  bool is_stub() const noexcept { return stub_size_ != 0; }
  // What stands for `message` from now on; it has none yet.
  static MessageRef make_stub(const Message& message);
  // The stub that stands for this message, if it has one: set once, by the journal or before anybody else
  // sees the message.
  MessageRef stub() const noexcept;
  void set_stub(MessageRef stub) noexcept;

  // How many stored deliveries still name this number, whether by the message, its stub, or a body that was
  // read back; guarded by the journal's lock.
  std::uint32_t& stored_deliveries() noexcept {
    Message* const stub = stub_or_null();
    return stub ? stub->stored_deliveries_ : stored_deliveries_;
  }

  // What it charges: everything it owns and the allocator's own share.
  std::size_t memory() const noexcept;

 private:
  friend class MessageRef;
  Message(const MessageParts& parts, std::size_t properties_size, Accounts& accounts);
  explicit Message(const Message& of);  // a stub
  ~Message();

  const char* bytes() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  const std::uint8_t* unsigned_bytes() const noexcept {
    return reinterpret_cast<const std::uint8_t*>(this + 1);
  }
  static void destroy(Message* message) noexcept;
  Message* stub_or_null() const noexcept {
    const std::uint64_t value = number_or_stub_.load(std::memory_order_acquire);
    return value & is_address ? reinterpret_cast<Message*>(static_cast<std::uintptr_t>(value & ~is_address))
                              : nullptr;
  }

  std::atomic<std::uint32_t> references_{1};
  std::uint32_t stored_deliveries_ = 0;
  std::uint32_t stub_size_ = 0;
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
  // Numbers are below 2^63. With the bit above them it is the address of the stub, which has the number: a
  // field less in every message keeps most of them in the allocator's fast bins.
  static constexpr std::uint64_t is_address = std::uint64_t{1} << 63;
  std::atomic<std::uint64_t> number_or_stub_;
  base::WallTime received_;
  base::WallTime expires_;
  Accounts* accounts_;
};
static_assert(sizeof(Message) == 64);

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

inline MessageRef Message::stub() const noexcept {
  Message* const stub = stub_or_null();
  if (stub) stub->references_.fetch_add(1, std::memory_order_relaxed);
  return MessageRef::adopt(stub);
}
inline void Message::set_stub(MessageRef stub) noexcept {
  number_or_stub_.store(reinterpret_cast<std::uintptr_t>(stub.detach()) | is_address,
                        std::memory_order_release);
}

}  // namespace mortise::broker
