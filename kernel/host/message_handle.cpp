#include "host/message_handle.hpp"

#include <algorithm>

#include "host/abi_text.hpp"

namespace mortise::host {

namespace {

std::uint32_t seconds_left(base::WallTime expires, base::WallTime now) {
  if (expires == base::WallTime::max()) return MORTISE_NO_EXPIRY;
  if (expires <= now) return 0;
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(expires - now).count();
  return left < std::int64_t{MORTISE_NO_EXPIRY} ? static_cast<std::uint32_t>(left) : MORTISE_NO_EXPIRY - 1;
}

}  // namespace

mortise_message_view_t view_of(const broker::Message& message, base::WallTime now) {
  mortise_message_view_t view{};
  view.size = sizeof view;
  view.qos = static_cast<std::uint8_t>(message.qos());
  view.retain = message.retain();
  view.expiry_s = seconds_left(message.expires(), now);
  view.topic = abi_str(message.topic());
  view.payload = abi_bytes(message.payload());
  view.properties = abi_bytes(message.properties());
  view.publisher = abi_str(message.publisher());
  view.username = abi_optional(message.username());
  view.received_unix_ms =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, base::to_unix_ms(message.received())));
  view.context = &message;
  return view;
}

broker::MessageRef share(const broker::Message& message) {
  // The broker lends plain references; the count is behind MessageRef alone.
  broker::MessageRef lent = broker::MessageRef::adopt(const_cast<broker::Message*>(&message));
  broker::MessageRef mine = lent;
  lent.detach();
  return mine;
}

MessageHandle MessageHandle::make(broker::MessageRef message, base::WallTime now, bool fresh) {
  auto* const handle = new mortise_message;
  handle->fresh = fresh;
  handle->view = view_of(*message, now);
  handle->message = std::move(message);
  return MessageHandle{handle};
}

broker::MessageParts parts_of(const broker::Message& message) {
  broker::MessageParts parts;
  parts.topic = message.topic();
  parts.payload = message.payload();
  parts.raw_properties = message.properties();
  parts.publisher = message.publisher();
  parts.username = message.username();
  parts.qos = message.qos();
  parts.retain = message.retain();
  parts.payload_is_utf8 = message.payload_is_utf8();
  parts.received = message.received();
  parts.expires = message.expires();
  parts.level = message.level();
  parts.hops = message.hops();
  return parts;
}

}  // namespace mortise::host
