#include "broker/sessions.hpp"

#include <algorithm>
#include <utility>

#include "mqtt/topic.hpp"

namespace mortise::broker {

Session& Sessions::emplace(std::string_view client_id) {
  const SessionKey key = core_.sessions.emplace(client_id);
  Session& session = core_.sessions.at(key);
  session.key = key;
  core_.directory.emplace(session.client_id, key);
  core_.ledger.sessions.add(1);
  core_.charge(session);
  return session;
}

Session& Sessions::create(std::string_view client_id, bool stored) {
  Session& session = emplace(client_id);
  if (stored) session.number = core_.numbers.take();
  happened(EventKind::session_created, session);
  return session;
}

void Sessions::happened(EventKind kind, Session& session) {
  if (!core_.wanted().wants(kind)) return;
  const ClientFacts facts = core_.facts_of(session);
  Event event;
  event.kind = kind;
  event.client = &facts;
  core_.shared.hooks.happened(event, core_.loop, core_.now);
}

void Sessions::join(Session& session, std::string_view filter, const Subscriber& subscriber) {
  const auto joined = core_.shared.groups.join(filter, core_.loop, subscriber);
  if (joined.replaced) return;
  core_.ledger.subscriptions.add(1);
  session.shared.push_back(joined.member);
  delivery_.note_readiness(session);
}

bool Sessions::unsubscribe(Session& session, std::string_view filter) {
  if (mqtt::split_shared(filter).shared) {
    SharedMember* const member = core_.shared.groups.find(filter, session.key, core_.loop);
    if (!member) return false;
    core_.shared.groups.leave(member);
    std::erase(session.shared, member);
    core_.ledger.subscriptions.subtract(1);
    return true;
  }
  const FilterId* found = core_.index.find(filter);
  if (!found) return false;
  const FilterId id = *found;
  if (!core_.index.remove(id, session.key)) return false;
  core_.shared.interest.remove(core_.loop, filter);
  std::erase(session.filters, id);
  core_.ledger.subscriptions.subtract(1);
  return true;
}

void Sessions::discard(Session& session) {
  wills_.fire(session);
  core_.ledger.sessions.subtract(1);
  core_.ledger.subscriptions.subtract(session.filters.size() + session.shared.size());
  if (session.is_connected()) core_.ledger.connected.subtract(1);
  for (const FilterId id : session.filters) {
    core_.shared.interest.remove(core_.loop, core_.index.text_of(id));
    core_.index.remove(id, session.key);
  }
  session.filters.clear();
  for (SharedMember* member : std::exchange(session.shared, {})) core_.shared.groups.leave(member);
  routing_.hand_on_all(session);
  session.inbound.clear();
  session.expiry.reset();
  if (session.is_stored()) {
    commits_.add(record::SessionErase{session.number}, core_.options.session_store);
    last_end_ = commits_.open_ordinal();
  }
  core_.directory.erase(session.client_id);
  core_.uncharge(session);
  session.ended = true;
  session.client = {};
  bury(session);
}

void Sessions::on_progress(Session& session) {
  if (session.hands_on_to) routing_.hand_on_all(session);
  bury(session);
}

void Sessions::bury(Session& session) {
  if (session.ended && session.runs.empty()) core_.sessions.erase(session.key);
}

void Sessions::leave(Session& session) {
  if (session.is_connected()) core_.ledger.connected.subtract(1);
  session.client = {};
  if (session.expiry_s == 0) return discard(session);
  wills_.start(session);
  routing_.hand_on(session);
  delivery_.on_offline(session);
  arm(session);
  happened(EventKind::session_offline, session);
  if (session.is_stored()) commits_.ride(record_of(session));
}

void Sessions::arm(Session& session) {
  session.expires = base::WallTime::max();
  if (session.expiry_s == mqtt::session_never_expires) return;
  const auto left = std::chrono::seconds{session.expiry_s};
  session.expires = core_.now.wall + left;
  session.expiry = std::make_unique<Timer>(TimerKind::session_expiry, session.key.value());
  core_.deadlines.set(*session.expiry, core_.now.monotonic + left);
}

void Sessions::expire(Session& session) {
  happened(EventKind::session_expired, session);
  discard(session);
}

void Sessions::resume(Session& session) {
  session.expiry.reset();
  session.expires = {};
  session.hands_on_to.reset();
  happened(EventKind::session_resumed, session);
}

Session& Sessions::restore(const record::Session& stored) {
  Session& session = emplace(stored.client_id);
  session.number = stored.number;
  session.username = stored.username;
  core_.charge(session);
  session.expiry_s = stored.expiry_s;
  session.sent_to = session.sent_to_asked = stored.sent_to;
  session.outbox.next_position = stored.sent_to;
  return session;
}

void Sessions::start_offline(Session& session, std::int64_t expires_unix_ms) {
  session.durable_to = session.outbox.next_position = std::max(session.outbox.next_position, session.sent_to);
  delivery_.charge(session);
  if (session.expiry_s == 0) return discard(session);
  arm(session);
  // Connected when the broker ended: it counts from this start, and from this one only.
  if (expires_unix_ms == 0) return commits_.ride(record_of(session));
  if (expires_unix_ms == INT64_MAX || !session.expiry) return;
  // Never longer than its whole interval, if store time fell back behind what was stored last.
  const base::Duration left =
      std::clamp<base::Duration>(base::from_unix_ms(expires_unix_ms) - core_.now.wall, base::Duration::zero(),
                                 std::chrono::seconds{session.expiry_s});
  session.expires = core_.now.wall + left;
  core_.deadlines.set(*session.expiry, core_.now.monotonic + left);
}

}  // namespace mortise::broker
