#include "broker/session.hpp"

namespace mortise::broker {

namespace {
constexpr std::size_t directory_node = 64;  // what the directory and the allocator keep for one entry
constexpr std::size_t inbound_node = 24 + sizeof(InboundPublish);  // likewise, with its place in the table
}  // namespace

std::size_t Session::memory() const noexcept {
  return sizeof(Session) + directory_node + heap_of(client_id) + heap_of(username) +
         inbound.size() * inbound_node;
}

record::Session record_of(const Session& session) {
  record::Session stored;
  stored.number = session.number;
  stored.client_id = session.client_id;
  stored.username = session.username;
  stored.expiry_s = session.expiry_s;
  stored.sent_to = std::max(session.sent_to, session.sent_to_asked);
  // A session that never expires keeps the largest time there is, so that 0 goes on to mean connected.
  if (!session.is_connected())
    stored.expires_unix_ms =
        session.expires == base::WallTime::max() ? INT64_MAX : base::to_unix_ms(session.expires);
  return stored;
}

}  // namespace mortise::broker
