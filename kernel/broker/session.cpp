#include "broker/session.hpp"

namespace mortise::broker {

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
