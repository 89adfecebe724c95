#include "broker/message.hpp"

#include <cstring>
#include <memory_resource>
#include <new>

#include "base/contract.hpp"
#include "mqtt/publish_image.hpp"

namespace mortise::broker {

namespace {
constexpr std::size_t allocator_overhead = 16;  // a malloc header and rounding, on average

// Stubs have blocks of their own: a stub that took the first bytes of the body it stands for would leave a
// hole that no other body of that size fits, and nothing would be won. Never ends, as messages may outlive
// whatever is static.
std::pmr::memory_resource& stub_blocks() {
  static auto* const blocks = new std::pmr::synchronized_pool_resource{};
  return *blocks;
}
}  // namespace

MessageRef Message::make(const MessageParts& parts, Accounts& accounts) {
  const std::size_t properties_size =
      parts.raw_properties.empty() ? 0 : mqtt::forwardable_size(parts.raw_properties);
  const std::size_t size = sizeof(Message) + parts.topic.size() + properties_size + parts.publisher.size() +
                           parts.username.size() + parts.payload.size();
  return MessageRef::adopt(new (::operator new(size)) Message(parts, properties_size, accounts));
}

Message::Message(const MessageParts& parts, std::size_t properties_size, Accounts& accounts)
    : payload_size_{static_cast<std::uint32_t>(parts.payload.size())},
      properties_size_{static_cast<std::uint32_t>(properties_size)},
      topic_size_{static_cast<std::uint16_t>(parts.topic.size())},
      publisher_size_{static_cast<std::uint16_t>(parts.publisher.size())},
      username_size_{static_cast<std::uint16_t>(parts.username.size())},
      qos_{parts.qos},
      retain_{parts.retain},
      payload_is_utf8_{parts.payload_is_utf8},
      level_{parts.level},
      hops_{parts.hops},
      number_or_stub_{parts.number},
      received_{parts.received},
      expires_{parts.expires},
      accounts_{&accounts} {
  MORTISE_EXPECT(parts.topic.size() <= 65535 && parts.publisher.size() <= 65535 &&
                 parts.username.size() <= 65535);
  auto* at = reinterpret_cast<std::uint8_t*>(this + 1);
  const auto append = [&at](const void* from, std::size_t size) {
    if (size != 0) std::memcpy(at, from, size);
    at += size;
  };
  append(parts.topic.data(), parts.topic.size());
  if (properties_size != 0) mqtt::copy_forwardable(parts.raw_properties, {at, properties_size});
  at += properties_size;
  append(parts.publisher.data(), parts.publisher.size());
  append(parts.username.data(), parts.username.size());
  append(parts.payload.data(), parts.payload.size());
  accounts_->charge(Account::message, static_cast<std::int64_t>(memory()));
}

MessageRef Message::make_stub(const Message& message) {
  return MessageRef::adopt(new (stub_blocks().allocate(sizeof(Message), alignof(Message))) Message(message));
}

Message::Message(const Message& of)
    : stored_deliveries_{of.stored_deliveries_},
      stub_size_{of.topic_size_ + of.payload_size_},
      payload_size_{0},
      properties_size_{0},
      topic_size_{0},
      publisher_size_{0},
      username_size_{0},
      qos_{of.qos_},
      retain_{of.retain_},
      payload_is_utf8_{of.payload_is_utf8_},
      level_{of.level_},
      hops_{of.hops_},
      number_or_stub_{of.number()},
      received_{of.received_},
      expires_{of.expires_},
      accounts_{of.accounts_} {
  MORTISE_EXPECT(!of.is_stub() && !of.stub_or_null());
  accounts_->charge(Account::message, static_cast<std::int64_t>(memory()));
}

Message::~Message() { MessageRef::adopt(stub_or_null()); }

std::size_t Message::memory() const noexcept {
  return sizeof(Message) + topic_size_ + properties_size_ + publisher_size_ + username_size_ + payload_size_ +
         allocator_overhead;
}

void Message::destroy(Message* message) noexcept {
  message->accounts_->charge(Account::message, -static_cast<std::int64_t>(message->memory()));
  const bool is_stub = message->is_stub();
  message->~Message();
  if (is_stub)
    stub_blocks().deallocate(message, sizeof(Message), alignof(Message));
  else
    ::operator delete(message);
}

}  // namespace mortise::broker
