// The part of Broker that answers operators.
#include "broker/directory.hpp"

#include "broker/interior.hpp"

namespace mortise::broker {

namespace {

base::WallTime oldest_of(const Outbox& outbox) {
  for (std::size_t i = 0; i < outbox.in_flight.size(); ++i)
    if (outbox.in_flight[i].message) return outbox.in_flight[i].message->received();
  return outbox.queued.empty() ? base::WallTime{} : outbox.queued.front().message->received();
}

SessionFacts facts_of(Core& core, const Session& session) {
  SessionFacts facts;
  facts.client = core.facts_of(session);
  facts.expires = session.is_connected() ? base::WallTime::max() : session.expires;
  facts.subscriptions = static_cast<std::uint32_t>(session.filters.size() + session.shared.size());
  facts.queued = session.outbox.size();
  facts.queued_bytes = session.queued_bytes;
  facts.oldest = oldest_of(session.outbox);
  facts.inbound = session.inbound.size();
  facts.is_stored = session.is_stored();
  facts.has_will = session.will != nullptr;
  return facts;
}

}  // namespace

std::uint32_t Broker::list_sessions(std::uint32_t from, std::uint32_t most,
                                    const std::function<void(const SessionFacts&)>& show) {
  Core& core = interior_->core;
  return core.sessions.some(from, most, [&](SessionKey, const Session& session) {
    if (!session.ended) show(facts_of(core, session));
  });
}

bool Broker::show_session(std::string_view client_id, const std::function<void(const SessionFacts&)>& show) {
  const Session* const session = interior_->core.find_session(client_id);
  if (session) show(facts_of(interior_->core, *session));
  return session != nullptr;
}

bool Broker::list_subscriptions(std::string_view client_id,
                                const std::function<void(const SubscriptionFacts&)>& show) {
  Core& core = interior_->core;
  const Session* const session = core.find_session(client_id);
  if (!session) return false;
  for (const FilterId filter : session->filters)
    if (const Subscriber* const subscriber = core.index.find(filter, session->key))
      show({core.index.text_of(filter), subscriber->options, subscriber->identifier});
  for (const SharedMember* const member : session->shared)
    show({core.shared.groups.filter_of(member->group), member->as.options, member->as.identifier});
  return true;
}

bool Broker::kick(std::string_view client_id, const Kick& how, std::string_view why) {
  Core& core = interior_->core;
  Session* session = core.find_session(client_id);
  if (!session) return false;
  {
    const ClientFacts facts = core.facts_of(*session);
    core.log(LogLevel::notice, "clients", "client.kicked", why, &facts,
             {{"reason", mqtt::text_of(how.reason)},
              {"session", how.ends_session ? "ends" : "stays"},
              {"by", how.by}});
  }
  if (how.ends_session) session->expiry_s = 0;
  if (Client* const client = core.clients.find(session->client)) {
    client->will_on_close = how.sends_will;
    interior_->handshake.close(*client, how.reason, why, LogLevel::notice);
    return true;
  }
  if (!how.ends_session) return true;
  if (!how.sends_will) interior_->wills.cancel(*session, core.options.session_store);
  interior_->sessions.discard(*session);
  return true;
}

}  // namespace mortise::broker
