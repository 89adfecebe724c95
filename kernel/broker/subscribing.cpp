#include "broker/subscribing.hpp"

#include "broker/rules.hpp"
#include "mqtt/topic.hpp"

namespace mortise::broker {

namespace {

bool is_v5(const Client& client) { return client.version == mqtt::Version::v5_0; }

// Whether the client takes a packet as large as the answer, which has one code for each filter.
// [MQTT-3.1.2-24]
bool takes_answer(const Client& client, std::size_t filters, Fault& fault) {
  const std::size_t body = sizeof(mqtt::PacketId) + 1 + filters;  // and an empty list of properties
  const std::size_t header = body < 128 ? 2 : body < 16'384 ? 3 : body < 2'097'152 ? 4 : 5;
  if (client.packet_size_max == 0 || header + body <= client.packet_size_max) return true;
  fault = {mqtt::ReasonCode::packet_too_large, "the answer would be over the client's maximum packet size"};
  return false;
}

}  // namespace

// Its packet may leave once the change is durable; without a change at once, but in its turn.
template <class Packet>
void Subscribing::acknowledge(Client& client, Session& session, bool changed, const Packet& packet) {
  const bool waits = changed && session.is_stored() && holds(Rule::suback_after_subscription);
  if (waits) session.last_ordinal = commits_.open_ordinal();
  const Ordinal ordinal = waits ? commits_.open_ordinal() : 0;
  const Level level = waits ? core_.options.session_store : Level::memory;
  if (commits_.lets_through(client, ordinal, level))
    return mqtt::encode(packet, client.version, core_.output(client));
  auto bytes = std::make_unique<mqtt::Buffer>();
  mqtt::encode(packet, client.version, *bytes);
  commits_.gate(client, {ordinal, level, Packet::type, {}, 0, std::move(bytes)});
}

bool Subscribing::store_refuses(const Session& session) const {
  return session.is_stored() && core_.shared.refuses_new();
}

Progress Subscribing::on_subscribe(Client& client, const mqtt::Subscribe& packet, Fault& fault) {
  Session& session = core_.sessions.at(client.session);
  if (!takes_answer(client, packet.entries.size(), fault)) return Progress::fault;
  if (!is_v5(client))  // 3.1.1 has no code for a bad filter: it ends the connection
    for (const auto& entry : packet.entries)
      if (!mqtt::split_shared(entry.filter).shared && !mqtt::is_topic_filter(entry.filter)) {
        fault = {mqtt::ReasonCode::topic_filter_invalid, "SUBSCRIBE: a topic filter that is not well-formed"};
        return Progress::fault;
      }

  std::vector<mqtt::ReasonCode> codes;
  if (client.partial) codes = *std::exchange(client.partial, nullptr);
  while (codes.size() < packet.entries.size()) {
    const auto code = decide(client, session, packet.entries[codes.size()], fault);
    if (fault.reason != mqtt::ReasonCode::success) return Progress::fault;
    if (!code) {
      client.partial = std::make_unique<std::vector<mqtt::ReasonCode>>(std::move(codes));
      core_.pause(client, Client::for_answer);
      return Progress::waits;
    }
    codes.push_back(*code);
  }

  bool changed = false;
  for (std::size_t i = 0; i < codes.size(); ++i)
    if (!mqtt::is_error(codes[i])) {
      subscribe(client, session, packet.entries[i], packet.subscription_identifier.value_or(0));
      changed = true;
    }
  acknowledge(client, session, changed, mqtt::Suback{packet.packet_id, std::move(codes), {}, {}});
  return Progress::done;
}

std::optional<mqtt::ReasonCode> Subscribing::decide(Client& client, Session& session,
                                                    const mqtt::Subscribe::Entry& entry, Fault& fault) {
  if (client.answer) return follow(client, session, entry, *std::exchange(client.answer, nullptr), fault);
  if (mqtt::split_shared(entry.filter).shared) return mqtt::ReasonCode::shared_subscriptions_not_supported;
  if (!mqtt::is_topic_filter(entry.filter) ||
      mqtt::level_count(entry.filter) > core_.options.topic_levels_max)
    return mqtt::ReasonCode::topic_filter_invalid;
  if (store_refuses(session)) return mqtt::ReasonCode::quota_exceeded;
  if (!core_.wanted().wants(Action::subscribe)) return follow(client, session, entry, {}, fault);
  const Access access{Action::subscribe, entry.filter, nullptr, entry.options.maximum_qos};
  const Question question{core_.loop, client.key, ++client.question_serial};
  Answer answer = core_.shared.hooks.authorise(core_.facts_of(client, &session), access, question, core_.now);
  if (answer.decision == Decision::pending) return {};
  return follow(client, session, entry, answer, fault);
}

mqtt::ReasonCode Subscribing::follow(Client& client, Session& session, const mqtt::Subscribe::Entry& entry,
                                     const Answer& answer, Fault& fault) {
  if (answer.decision == Decision::pass || answer.decision == Decision::allow)
    return static_cast<mqtt::ReasonCode>(entry.options.maximum_qos);
  const ClientFacts facts = core_.facts_of(client, &session);
  core_.log(LogLevel::warning, "auth", "client.denied", "denied subscribe", &facts,
            {{"filter", entry.filter}, {"by", answer.by}, {"rule", answer.rule}});
  happened(EventKind::denied, client, session, entry.filter, entry.options.maximum_qos);
  const auto reason = mqtt::is_error(answer.reason) ? answer.reason : mqtt::ReasonCode::not_authorized;
  if (answer.decision == Decision::disconnect) fault = {reason, "a plugin ended the connection"};
  return reason;
}

void Subscribing::happened(EventKind kind, Client& client, Session& session, std::string_view filter,
                           mqtt::Qos qos) {
  if (!core_.wanted().wants(kind)) return;
  const ClientFacts facts = core_.facts_of(client, &session);
  Event event;
  event.kind = kind;
  event.client = &facts;
  event.name = filter;
  event.qos = qos;
  core_.shared.hooks.happened(event, core_.loop, core_.now);
}

void Subscribing::subscribe(Client& client, Session& session, const mqtt::Subscribe::Entry& entry,
                            std::uint32_t identifier) {
  const auto added = core_.index.add(entry.filter, {session.key, identifier, entry.options, 0});
  if (!added.replaced) {
    session.filters.push_back(added.filter);
    core_.shared.interest.add(core_.loop, entry.filter);
  }
  if (session.is_stored())
    commits_.add(record::Subscription{session.number, std::string{entry.filter}, entry.options, identifier},
                 core_.options.session_store);
  happened(EventKind::subscribed, client, session, entry.filter, entry.options.maximum_qos);
  const ClientFacts facts = core_.facts_of(client, &session);
  core_.log(LogLevel::debug, "clients", "client.subscribed", "subscribed", &facts,
            {{"filter", entry.filter}});

  const auto handling = entry.options.retain_handling;  // [MQTT-3.3.1-9] to [MQTT-3.3.1-11]
  if (handling == mqtt::RetainHandling::do_not_send) return;
  if (handling == mqtt::RetainHandling::send_if_new && added.replaced) return;
  retained_.clear();
  // Interest is registered above, before this read: whoever publishes after it sends a letter here.
  const std::uint64_t sequence = core_.shared.retained.read(entry.filter, core_.now.wall, retained_);
  // A new subscription ignores letters older than this reading. One that was there before does not:
  // they are its messages.
  if (!added.replaced) core_.index.find(added.filter, session.key)->retained_read = sequence;
  const std::span<const std::uint32_t> identifiers{&identifier, identifier == 0 ? 0U : 1U};
  for (const MessageRef& message : retained_)
    routing_.deliver_retained(session, message, entry.options.maximum_qos, identifiers);
  retained_.clear();
}

Progress Subscribing::on_unsubscribe(Client& client, const mqtt::Unsubscribe& packet, Fault& fault) {
  Session& session = core_.sessions.at(client.session);
  if (!takes_answer(client, packet.filters.size(), fault)) return Progress::fault;
  std::vector<mqtt::ReasonCode> codes;
  bool changed = false;
  for (const std::string_view filter : packet.filters) {
    if (!mqtt::is_topic_filter(filter) && !is_v5(client)) {
      fault = {mqtt::ReasonCode::topic_filter_invalid, "UNSUBSCRIBE: a topic filter that is not well-formed"};
      return Progress::fault;
    }
    if (!mqtt::is_topic_filter(filter)) {
      codes.push_back(mqtt::ReasonCode::topic_filter_invalid);
    } else if (!sessions_.unsubscribe(session, filter)) {
      codes.push_back(mqtt::ReasonCode::no_subscription_existed);
    } else {
      if (session.is_stored())
        commits_.add(record::SubscriptionErase{session.number, std::string{filter}},
                     core_.options.session_store);
      happened(EventKind::unsubscribed, client, session, filter, {});
      changed = true;
      codes.push_back(mqtt::ReasonCode::success);
    }
  }
  acknowledge(client, session, changed, mqtt::Unsuback{packet.packet_id, std::move(codes), {}, {}});
  return Progress::done;
}

void Subscribing::restore(Session& session, const record::Subscription& stored) {
  const auto added = core_.index.add(stored.filter, {session.key, stored.identifier, stored.options, 0});
  if (added.replaced) return;
  session.filters.push_back(added.filter);
  core_.shared.interest.add(core_.loop, stored.filter);
}

}  // namespace mortise::broker
