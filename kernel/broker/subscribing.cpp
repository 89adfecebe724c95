#include "broker/subscribing.hpp"

#include "broker/mount_point.hpp"
#include "broker/rules.hpp"
#include "broker/telling.hpp"
#include "mqtt/topic.hpp"

namespace mortise::broker {

namespace {

constexpr std::string_view bad_filter =
    "a topic filter is not well-formed: '+' stands for a whole level, '#' for the last one";

// Whether the client takes a packet as large as the answer, which has one code for each filter.
// [MQTT-3.1.2-24]
bool takes_answer(const Client& client, std::size_t filters, Fault& fault) {
  const std::size_t body = sizeof(mqtt::PacketId) + 1 + filters;  // and an empty list of properties
  const std::size_t header = body < 128 ? 2 : body < 16'384 ? 3 : body < 2'097'152 ? 4 : 5;
  if (client.takes(header + body)) return true;
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
    return encode_telling(client, packet, core_.output(client));
  auto bytes = std::make_unique<mqtt::Buffer>();
  encode_telling(client, packet, *bytes);
  commits_.gate(client, {ordinal, level, Packet::type, {}, 0, std::move(bytes)});
}

bool Subscribing::has_subscription(const Session& session, std::string_view filter) const {
  if (mqtt::split_shared(filter).shared)
    return core_.shared.groups.find(filter, session.key, core_.loop) != nullptr;
  const FilterId* found = core_.index.find(filter);
  return found && core_.index.find(*found, session.key);
}

bool Subscribing::store_refuses(const Session& session) const {
  return session.is_stored() && core_.shared.refuses_new();
}

// What the listener does not offer, and has said so in CONNACK, is an error to ask for; 3.x was told nothing
// and is refused filter by filter.  (MQTT 5.0 §3.2.2.3.11 to §3.2.2.3.13)
bool Subscribing::is_offered(const Client& client, const mqtt::Subscribe& packet, Fault& fault) const {
  const Listener& listener = *client.listener;
  if (!client.is_v5() || listener.offers_all_subscriptions()) return true;
  if (packet.subscription_identifier && !listener.subscription_identifiers)
    fault = {mqtt::ReasonCode::subscription_identifiers_not_supported,
             "this listener offers no subscription identifiers"};
  for (const auto& entry : packet.entries) {
    const bool shared = mqtt::split_shared(entry.filter).shared;
    if (shared && !listener.shared_subscriptions)
      fault = {mqtt::ReasonCode::shared_subscriptions_not_supported,
               "this listener offers no shared subscriptions"};
    if (!listener.wildcard_subscriptions && mqtt::has_wildcard(entry.filter))
      fault = {mqtt::ReasonCode::wildcard_subscriptions_not_supported,
               "this listener offers no wildcard subscriptions"};
  }
  return fault.reason == mqtt::ReasonCode::success;
}

Progress Subscribing::on_subscribe(Client& client, const mqtt::Subscribe& packet, Fault& fault) {
  Session& session = core_.sessions.at(client.session);
  if (!takes_answer(client, packet.entries.size(), fault) || !is_offered(client, packet, fault))
    return Progress::fault;
  if (!client.is_v5())  // 3.x has no code for a bad filter: it ends the connection
    for (const auto& entry : packet.entries)
      if (!mqtt::split_shared(entry.filter).valid || !mqtt::is_topic_filter(entry.filter)) {
        fault = {mqtt::ReasonCode::topic_filter_invalid, "SUBSCRIBE: a topic filter that is not well-formed"};
        return Progress::fault;
      }
  if (!client.is_mounted) return take(client, session, packet, fault);

  std::vector<std::string> filters;
  filters.reserve(packet.entries.size());  // they are viewed
  mqtt::Subscribe mounted = packet;
  for (auto& entry : std::span{mounted.entries}.first(
           std::min<std::size_t>(packet.entries.size(), core_.options.filters_max)))  // the rest is refused
    entry.filter = filters.emplace_back(mounted_filter(client.mount_point(), entry.filter));
  return take(client, session, mounted, fault);
}

// Its filters are whole now.
Progress Subscribing::take(Client& client, Session& session, const mqtt::Subscribe& packet, Fault& fault) {
  FilterAnswers answers;
  if (client.partial) answers = *std::exchange(client.partial, nullptr);
  while (answers.codes.size() < packet.entries.size()) {
    const auto progress = decide(client, session, packet.entries[answers.codes.size()], answers, fault);
    if (progress == Progress::fault) return progress;
    if (progress == Progress::waits) {
      client.partial = std::make_unique<FilterAnswers>(std::move(answers));
      core_.pause(client, Client::for_answer);
      return Progress::waits;
    }
  }

  bool changed = false;
  for (std::size_t i = 0; i < answers.codes.size(); ++i)
    if (!mqtt::is_error(answers.codes[i])) {
      subscribe(client, session, packet.entries[i], packet.subscription_identifier.value_or(0));
      changed = true;
    }
  acknowledge(client, session, changed,
              mqtt::Suback{packet.packet_id, std::move(answers.codes), told(answers.why), {}});
  return Progress::done;
}

Progress Subscribing::decide(Client& client, Session& session, const mqtt::Subscribe::Entry& entry,
                             FilterAnswers& answers, Fault& fault) {
  if (client.answer)
    return follow(client, session, entry, std::move(*std::exchange(client.answer, nullptr)), answers, fault);
  const auto refuse = [&](mqtt::ReasonCode reason, std::string_view why) {
    answers.refuse(reason, why);
    return Progress::done;
  };
  const auto limited = [&](Limit limit, mqtt::ReasonCode reason, std::string_view why) {
    core_.ledger.hit(limit);
    return refuse(reason, why);
  };
  const Options& options = core_.options;
  if (answers.codes.size() >= options.filters_max)
    return limited(Limit::filters, mqtt::ReasonCode::quota_exceeded,
                   "more topic filters in a SUBSCRIBE than limits.filters allows");
  if (entry.filter.size() > mqtt::topic_size_max)
    return refuse(mqtt::ReasonCode::topic_filter_invalid,
                  "a topic filter is over 65,535 bytes together with this listener's mount point");
  const mqtt::SharedFilter parts = mqtt::split_shared(entry.filter);
  const Listener& listener = *client.listener;
  if (!parts.valid || !mqtt::is_topic_filter(entry.filter))
    return refuse(mqtt::ReasonCode::topic_filter_invalid, bad_filter);
  if (mqtt::level_count(parts.filter) > options.topic_levels_max)
    return limited(Limit::topic_levels, mqtt::ReasonCode::topic_filter_invalid,
                   "a topic filter has more levels than limits.topic_levels allows");
  if (parts.filter.size() > options.topic_length_max)
    return limited(Limit::topic_length, mqtt::ReasonCode::topic_filter_invalid,
                   "a topic filter is longer than limits.topic_length allows");
  if (session.filters.size() + session.shared.size() + answers.granted() >= options.subscriptions_max &&
      !has_subscription(session, entry.filter))
    return limited(Limit::subscriptions, mqtt::ReasonCode::quota_exceeded,
                   "the session has as many subscriptions as session.subscriptions allows");
  if (!listener.offers_all_subscriptions() &&
      ((parts.shared && !listener.shared_subscriptions) ||
       (!listener.wildcard_subscriptions && mqtt::has_wildcard(entry.filter))))
    return refuse(mqtt::ReasonCode::unspecified_error, {});  // 3.x
  if (core_.pressure >= Pressure::new_sessions && !has_subscription(session, entry.filter))
    return limited(Limit::memory, mqtt::ReasonCode::quota_exceeded,
                   "limits.memory is nearly used up: no new subscriptions at present");
  if (store_refuses(session))
    return refuse(mqtt::ReasonCode::quota_exceeded, "the store cannot take a new subscription at present");
  if (!core_.wanted().wants(Action::subscribe) || !listener.asks_hooks)
    return follow(client, session, entry, {}, answers, fault);
  const Access access{Action::subscribe, entry.filter, nullptr, entry.options.maximum_qos};
  const Question question{core_.loop, client.key, ++client.question_serial};
  Answer answer = core_.shared.hooks.authorise(core_.facts_of(client, &session), access, question, core_.now);
  if (answer.decision == Decision::pending) return Progress::waits;
  return follow(client, session, entry, std::move(answer), answers, fault);
}

Progress Subscribing::follow(Client& client, Session& session, const mqtt::Subscribe::Entry& entry,
                             Answer answer, FilterAnswers& answers, Fault& fault) {
  if (answer.decision == Decision::pass || answer.decision == Decision::allow) {
    // A subscription for more than the listener has is granted, and gets what there is.  [MQTT-3.2.2-10]
    const mqtt::Qos granted = std::min(entry.options.maximum_qos, client.listener->maximum_qos);
    answers.codes.push_back(static_cast<mqtt::ReasonCode>(granted));
    return Progress::done;
  }
  const ClientFacts facts = core_.facts_of(client, &session);
  core_.log(LogLevel::warning, "auth", "client.denied", "denied subscribe", &facts,
            {{"filter", entry.filter}, {"by", answer.by}, {"rule", answer.rule}});
  happened(EventKind::denied, client, session, entry.filter, entry.options.maximum_qos);
  const auto reason = mqtt::is_error(answer.reason) ? answer.reason : mqtt::ReasonCode::not_authorized;
  if (answer.decision == Decision::disconnect) {
    fault = {reason, "a plugin ended the connection"};
    client.answer = std::make_unique<Answer>(std::move(answer));
    return Progress::fault;
  }
  answers.refuse(reason, answer.reason_string);
  return Progress::done;
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

void Subscribing::subscribe(Client& client, Session& session, mqtt::Subscribe::Entry entry,
                            std::uint32_t identifier) {
  entry.options.maximum_qos = std::min(entry.options.maximum_qos, client.listener->maximum_qos);
  const bool shared = mqtt::split_shared(entry.filter).shared;
  // 3.x cannot ask for what a bridge needs: nothing comes back, and what is retained is so there, too.
  if (client.is_bridge) {
    entry.options.no_local = !shared;
    entry.options.retain_as_published = true;
  }
  const Subscriber subscriber{session.key, identifier, entry.options, 0};
  const auto added = shared ? SubscriptionIndex::Added{} : core_.index.add(entry.filter, subscriber);
  if (shared) {
    sessions_.join(session, entry.filter, subscriber);
  } else if (!added.replaced) {
    session.filters.push_back(added.filter);
    core_.ledger.subscriptions.add(1);
    core_.shared.interest.add(core_.loop, entry.filter);
  }
  if (session.is_stored())
    commits_.add(record::Subscription{session.number, std::string{entry.filter}, entry.options, identifier},
                 core_.options.session_store);
  happened(EventKind::subscribed, client, session, entry.filter, entry.options.maximum_qos);
  const ClientFacts facts = core_.facts_of(client, &session);
  core_.log(LogLevel::debug, "clients", "client.subscribed", "subscribed", &facts,
            {{"filter", entry.filter}});

  if (shared) return;                                   // no retained messages  (MQTT 5.0 §4.8.2)
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
  FilterAnswers answers;
  bool changed = false;
  for (const std::string_view named : packet.filters) {
    const bool well_formed = mqtt::is_topic_filter(named) && mqtt::split_shared(named).valid;
    const std::string mounted = client.is_mounted ? mounted_filter(client.mount_point(), named) : "";
    const std::string_view filter = client.is_mounted ? mounted : named;
    if (!well_formed && !client.is_v5()) {
      fault = {mqtt::ReasonCode::topic_filter_invalid, "UNSUBSCRIBE: a topic filter that is not well-formed"};
      return Progress::fault;
    }
    if (!well_formed) {
      answers.refuse(mqtt::ReasonCode::topic_filter_invalid, bad_filter);
    } else if (!sessions_.unsubscribe(session, filter)) {
      answers.codes.push_back(mqtt::ReasonCode::no_subscription_existed);
    } else {
      if (session.is_stored())
        commits_.add(record::SubscriptionErase{session.number, std::string{filter}},
                     core_.options.session_store);
      happened(EventKind::unsubscribed, client, session, filter, {});
      changed = true;
      answers.codes.push_back(mqtt::ReasonCode::success);
    }
  }
  acknowledge(client, session, changed,
              mqtt::Unsuback{packet.packet_id, std::move(answers.codes), told(answers.why), {}});
  return Progress::done;
}

void Subscribing::restore(Session& session, const record::Subscription& stored) {
  const Subscriber subscriber{session.key, stored.identifier, stored.options, 0};
  if (mqtt::split_shared(stored.filter).shared) return sessions_.join(session, stored.filter, subscriber);
  const auto added = core_.index.add(stored.filter, subscriber);
  if (added.replaced) return;
  session.filters.push_back(added.filter);
  core_.ledger.subscriptions.add(1);
  core_.shared.interest.add(core_.loop, stored.filter);
}

}  // namespace mortise::broker
