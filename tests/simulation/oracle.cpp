#include "simulation/oracle.hpp"

#include <algorithm>

#include "mqtt/topic.hpp"
#include "simulation/model_hooks.hpp"

namespace mortise::simulation {

namespace {
constexpr Milliseconds lag = 5000;  // how late a loop's turn may come after a timer

// Whether a message on this topic gets past the plugins.
bool is_let_in(std::string_view topic) { return may_publish(topic) && !is_dropped(topic); }
}  // namespace

void Oracle::violated(const char* what, ClientIndex client, MessageId id) const {
  std::string text = std::string{what} + ": client c" + std::to_string(client);
  if (id < messages_.size())
    text += ", message " + std::to_string(id) + " on " + messages_[id].topic + " qos " +
            std::to_string(static_cast<int>(messages_[id].qos)) + " from c" +
            std::to_string(messages_[id].publisher);
  throw Violation{text};
}

// ---- messages on their way in

MessageId Oracle::made(Sent message) {
  message.level = options_->level_of(message.topic);
  messages_.push_back(std::move(message));
  return static_cast<MessageId>(messages_.size() - 1);
}

void Oracle::sending(MessageId id) {
  if (messages_[id].first_sent != not_yet) {
    messages_[id].sent_again = true;
    if (messages_[id].first_sent < process_started_) messages_[id].sent_again_late = true;
    return;
  }
  messages_[id].first_sent = now_;
  expect(id);
  if (is_shared(messages_[id].topic)) expect_in_groups(id);
}

void Oracle::acknowledged(MessageId id) {
  if (messages_[id].acknowledged == not_yet) messages_[id].acknowledged = now_;
}

// Everybody whose subscription was confirmed before it was sent.
void Oracle::expect(MessageId id) {
  const Sent& sent = messages_[id];
  if (!is_let_in(sent.topic) || sent.qos == mqtt::Qos::at_most_once || sent.expiry_s != 0 || sent.clears)
    return;
  for (ClientIndex client = 0; client < sessions_.size(); ++client) {
    if (sessions_[client].alive != Sure::yes || !can_receive(client, sent)) continue;
    for (const Subscription& subscription : sessions_[client].subscriptions) {
      if (!subscription.confirmed || subscription.given_up || !mqtt::matches(subscription.filter, sent.topic))
        continue;
      if (subscription.options.maximum_qos == mqtt::Qos::at_most_once) continue;
      if (subscription.options.no_local && sent.publisher == client) continue;
      expected_[id].push_back({client, shed_.contains({client, id})});
      break;
    }
  }
}

bool Oracle::can_receive(ClientIndex client, const Sent& sent) const {
  return may_receive("c" + std::to_string(client), sent.topic) &&
         !(sent.large && sessions_[client].small_packets_only);
}

// An acknowledgement that waits for no batch waits for no other loop: the letter may still be on its way.
void Oracle::waive(ClientIndex client, bool acknowledged_too) {
  for (auto& [id, expectations] : expected_) {
    const bool waits_for_others = has_store_ && messages_[id].level != broker::Level::memory;
    if (!acknowledged_too && waits_for_others && messages_[id].acknowledged != not_yet) continue;
    for (Expectation& expectation : expectations)
      if (expectation.client == client && !sessions_[client].copies.contains(id)) expectation.waived = true;
  }
}

// ---- sessions

void Oracle::connecting(ClientIndex client, std::uint64_t connection, const Connecting& how) {
  Session& session = sessions_[client];
  if (session.asked) attempt_failed(client);  // an earlier CONNECT got no answer
  session.asked = how;
  session.asked_at = now_;
  session.connection = connection;
  members_changed();
  if (!how.will) return;
  WillOracle::Will will;
  will.client = client;
  will.connection = connection;
  will.id = *how.will;
  will.delay_s = std::min(how.will_delay_s, how.expiry_s);
  const broker::Level level = messages_[will.id].level;
  will.stored = how.expiry_s > 0 || level != broker::Level::memory;
  will.survives_surely = how.expiry_s > 0 || level == broker::Level::synced;
  wills_.armed(will);
}

// A session that expires after a while may or must be gone.
void Oracle::judge_expiry(ClientIndex client) {
  Session& session = sessions_[client];
  if (session.online || session.alive != Sure::yes || session.expiry_s == mqtt::session_never_expires) return;
  const Milliseconds life = Milliseconds{session.expiry_s} * 1000;
  if (session.asked_at > session.counts_from + life + lag)
    session.alive = Sure::no;
  else if (now_ >= session.offline_since + life)
    doubt(client);
}

void Oracle::connected(ClientIndex client, std::uint64_t connection, bool session_present) {
  Session& session = sessions_[client];
  if (!session.asked || session.connection != connection) violated("a CONNACK nobody waits for", client, ~0U);
  judge_expiry(client);
  const Connecting asked = *std::exchange(session.asked, {});
  if (session_present && asked.clean_start) violated("session present after a clean start", client, ~0U);
  if (session_present && session.alive == Sure::no)
    violated("a session that had ended is present", client, ~0U);
  if (!session_present && !asked.clean_start && session.alive == Sure::yes)
    violated("a session that was to be kept is not present", client, ~0U);
  const bool begins = !session_present || session.alive != Sure::yes;
  if (begins) {
    weakened(session);
    ++session.count;
    session.stored = session_present ? Sure::maybe : asked.expiry_s > 0 ? Sure::yes : Sure::no;
  } else if (session.stored == Sure::no && asked.expiry_s > 0) {
    session.stored = Sure::maybe;
  }
  if (!session_present) {
    for (auto& [id, expectations] : expected_)
      std::erase_if(expectations,
                    [&](const Expectation& expectation) { return expectation.client == client; });
    session.subscriptions.clear();
    session.copies.clear();
    session.exactly_once.clear();
    session.newest.clear();
    session.started = session.asked_at;
  }
  session.alive = Sure::yes;
  session.online = true;
  session.online_by = connection;
  session.end_unconfirmed = false;
  session.expiry_s = asked.expiry_s;
  wills_.connected(client, connection, session_present, session.asked_at, now_);
  members_changed();
}

// Two sessions are possible from here on: the old one and none, or a new one.
void Oracle::doubt(ClientIndex client) {
  Session& session = sessions_[client];
  session.alive = Sure::maybe;
  waive(client, true);
  for (Subscription& subscription : session.subscriptions) subscription.given_up = true;
  weakened(session);
  members_changed();
}

// A CONNECT that no CONNACK followed: the broker may have acted upon it.
void Oracle::attempt_failed(ClientIndex client) {
  Session& session = sessions_[client];
  const Connecting asked = *std::exchange(session.asked, {});
  const bool resumed =
      session.alive == Sure::yes && !asked.clean_start && asked.expiry_s > 0 && session.expiry_s > 0;
  if (!resumed && (session.alive != Sure::no || asked.expiry_s > 0 || session.end_unconfirmed)) {
    if (session.alive == Sure::no) session.offline_since = session.asked_at;
    doubt(client);
  }
  session.expiry_s = std::max(session.expiry_s, asked.expiry_s);
  session.counts_from = now_;
  wills_.doubt(client);
}

void Oracle::ended(ClientIndex client, std::uint64_t connection, bool orderly, bool ends_session) {
  Session& session = sessions_[client];
  wills_.ended(client, connection, orderly, now_);
  for (const auto& will : wills_.wills())
    if (will.connection == connection) expect(will.id);
  if (session.connection != connection && session.asked && session.online) {
    // Taken over: its successor's CONNACK is on the way.
  } else if (session.connection != connection && session.online_by == connection) {
    // Its successor came to nothing before.
  } else if (session.connection != connection) {
    return;
  } else if (session.asked) {
    return attempt_failed(client);
  }
  if (!session.online) return;
  session.online = false;
  session.offline_since = session.counts_from = now_;
  if (session.expiry_s == 0 || (orderly && ends_session)) {
    session.alive = Sure::no;
    session.end_unconfirmed = true;
    weakened(session);
    members_changed();
  }
}

void Oracle::crashed(Crash kind) {
  for (ClientIndex client = 0; client < sessions_.size(); ++client) {
    Session& session = sessions_[client];
    if (session.asked) attempt_failed(client);
    if (session.online) {
      session.online = false;
      session.offline_since = now_;
      if (session.expiry_s == 0) session.alive = Sure::no;
    } else if (session.end_unconfirmed) {
      doubt(client);
    }
  }
  for (Sent& sent : messages_) {
    const bool weak = sent.level == broker::Level::memory ||
                      (sent.level == broker::Level::written && kind == Crash::power_cut);
    if (!weak || (sent.first_sent == not_yet && !sent.is_will)) continue;
    sent.repeated_by_crash = true;
    if (sent.acknowledged != not_yet || sent.is_will) sent.lost_by_crash = true;
  }
  for (const auto& will : wills_.wills())
    if (will.state == WillOracle::Will::State::armed) expect(will.id);
  wills_.crashed();
  members_lost_memory();
}

void Oracle::crashed_unkept() {
  for (ClientIndex client = 0; client < sessions_.size(); ++client) {
    doubt(client);
    wills_.doubt(client);
  }
  for (Sent& sent : messages_) sent.lost_by_crash = sent.repeated_by_crash = true;
  for (auto& [id, expectations] : expected_)
    for (Expectation& expectation : expectations) expectation.waived = true;
  for (GroupIndex group = 0; group < groups.size(); ++group)
    book_.waive_if(group, [](MessageId) { return true; });
}

void Oracle::restarted(bool clock_jumped_forward) {
  process_started_ = now_;
  wills_.restarted(now_);
  for (ClientIndex client = 0; client < sessions_.size(); ++client) {
    Session& session = sessions_[client];
    session.counts_from = now_;
    const bool expires = session.expiry_s != mqtt::session_never_expires;
    if (clock_jumped_forward && expires && session.alive == Sure::yes) doubt(client);
  }
}

// ---- subscriptions

void Oracle::give_up(ClientIndex client, std::string_view filter, std::uint32_t ended_by) {
  bool any = false;
  for (Subscription& subscription : sessions_[client].subscriptions) {
    if (subscription.filter != filter) continue;
    any = subscription.given_up = true;
    if (subscription.ended_by == 0) subscription.ended_by = ended_by;
  }
  if (!any) return;
  waive(client, false);
  members_changed();
}

std::uint32_t Oracle::subscribing(ClientIndex client, Subscription subscription) {
  give_up(client, subscription.filter, 0);
  subscription.asked = ++requests_;
  sessions_[client].subscriptions.push_back(std::move(subscription));
  return requests_;
}

std::uint32_t Oracle::unsubscribing(ClientIndex client, std::string_view filter) {
  give_up(client, filter, ++requests_);
  return requests_;
}

void Oracle::subscribed(ClientIndex client, std::uint32_t request, bool granted) {
  auto& subscriptions = sessions_[client].subscriptions;
  if (!granted) std::erase_if(subscriptions, [&](const Subscription& one) { return one.asked == request; });
  for (Subscription& subscription : subscriptions)
    if (subscription.asked == request) subscription.confirmed = true;
}

void Oracle::unsubscribed(ClientIndex client, std::uint32_t request) {
  for (Subscription& subscription : sessions_[client].subscriptions)
    if (subscription.ended_by == request) subscription.gone = now_;
}

bool Oracle::is_expected(ClientIndex client, MessageId id) const {
  const auto found = expected_.find(id);
  return found != expected_.end() &&
         std::any_of(found->second.begin(), found->second.end(), [&](const Expectation& expectation) {
           return expectation.client == client && !expectation.waived;
         });
}

// ---- messages on their way out

Oracle::Matching Oracle::matching(const Session& session, const Sent& sent) const {
  Matching found;
  for (const Subscription& subscription : session.subscriptions) {
    if (!mqtt::matches(subscription.filter, sent.topic)) continue;
    if (subscription.gone != not_yet && sent.first_sent > subscription.gone) continue;
    found.any = true;
    found.qos = std::max(found.qos, std::min(subscription.options.maximum_qos, sent.qos));
    found.retain_as_published = found.retain_as_published || subscription.options.retain_as_published;
    if (subscription.identifier != 0) found.identifiers.push_back(subscription.identifier);
  }
  return found;
}

// Neither from before its session nor after its time.
void Oracle::check_age(ClientIndex client, const Received& packet) const {
  const Sent& sent = messages_[packet.id];
  if (!packet.retain && sent.acknowledged != not_yet && sent.acknowledged < sessions_[client].started)
    violated("a message from before the session", client, packet.id);
  if (sent.expiry_s == 0 || packet.dup || sent.acknowledged == not_yet) return;
  const Milliseconds known = std::max(sent.acknowledged, process_started_);
  if (now_ > known + Milliseconds{sent.expiry_s} * 1000 + lag)
    violated("a message that had expired", client, packet.id);
}

void Oracle::received(ClientIndex client, const Received& packet) {
  Session& session = sessions_[client];
  if (!knows(packet.id)) violated("a message nobody sent", client, packet.id);
  const Sent& sent = messages_[packet.id];
  if (sent.topic != packet.topic) violated("a message on another topic", client, packet.id);
  if (!is_let_in(sent.topic)) violated("a message that was denied or dropped", client, packet.id);
  if (!can_receive(client, sent)) violated("a message this client may not or cannot get", client, packet.id);
  if (is_shared(sent.topic)) return received_by_member(client, packet);
  if (is_changed(sent.topic) != packet.is_marked) violated("not as a plugin left it", client, packet.id);
  const Matching match = matching(session, sent);
  if (!match.any) violated("a message without a subscription", client, packet.id);
  if (packet.qos > match.qos) violated("a QoS above what was granted", client, packet.id);
  for (const std::uint32_t identifier : packet.identifiers)
    if (std::find(match.identifiers.begin(), match.identifiers.end(), identifier) == match.identifiers.end())
      violated("a subscription identifier of no matching subscription", client, packet.id);
  check_age(client, packet);
  ++ever_received_[packet.id];
  if (packet.retain && !match.retain_as_published)
    return;  // a retained value at SUBSCRIBE: a copy of its own
  const std::uint32_t copies = ++session.copies[packet.id];
  if (packet.retain) return;  // one or the other
  const bool is_repeat =
      packet.qos == mqtt::Qos::exactly_once && !session.exactly_once.insert(packet.id).second;
  if (is_repeat && !sent.repeated_by_crash) violated("QoS 2 delivered twice", client, packet.id);
  if (copies > 1 || sent.is_will || sent.sent_again_late) return;
  auto& newest = session.newest.try_emplace({sent.publisher, sent.topic, sent.qos}, packet.id).first->second;
  // One that was first sent before the subscription stood may come late, when its publisher sends it again.
  if (packet.id < newest && (sent.qos == mqtt::Qos::at_most_once || is_expected(client, packet.id)))
    violated("out of order", client, packet.id);
  newest = std::max(newest, packet.id);
}

void Oracle::dropped(ClientIndex client, MessageId id, std::string_view reason) {
  if (!knows(id)) return;
  const Sent& sent = messages_[id];
  const bool limited = options_->queue_messages_max < 1000;
  const bool right =
      reason == "session_ended" || reason == "offline_qos_0" || reason == "connection_lost" ||
      (reason == "expired" && sent.expiry_s != 0) || (reason == "queue_full" && limited) ||
      (reason == "handed_on" && is_shared(sent.topic)) ||
      ((reason == "packet_too_large" || reason == "not_authorized") && !can_receive(client, sent));
  if (!right) violated("dropped for a reason that does not hold", client, id);
  if (is_shared(sent.topic)) return dropped_by_member(client, id, reason);
  if (reason != "queue_full") return;
  shed_.emplace(client, id);  // a will may be shed before its sending is seen
  const auto found = expected_.find(id);
  if (found == expected_.end()) return;
  for (Expectation& expectation : found->second)
    if (expectation.client == client) expectation.waived = true;
}

// ---- at the end

void Oracle::check_deliveries() const {
  WillOracle wills = wills_;
  wills.closed(now_);
  std::map<MessageId, Sure> fates;
  for (const auto& will : wills.wills())
    fates[will.id] = will.state == WillOracle::Will::State::over ? will.fate : Sure::maybe;
  for (const auto& [id, fate] : fates)
    if (fate == Sure::no && ever_received_.contains(id))
      violated("a will that was taken back was sent", messages_[id].publisher, id);
  for (const auto& [id, expectations] : expected_) {
    const Sent& sent = messages_[id];
    if (sent.is_will ? fates.at(id) != Sure::yes || sent.lost_by_crash : !stands(sent)) continue;
    for (const Expectation& expectation : expectations)
      if (!expectation.waived && !sessions_[expectation.client].copies.contains(id))
        violated(sent.is_will ? "a will was not sent" : "acknowledged and lost", expectation.client, id);
  }
  book_.each_missing([&](MessageId id) {
    if (stands(messages_[id])) violated("acknowledged and lost by a group", messages_[id].publisher, id);
  });
}

// Whether a later value of the same topic was acknowledged for good.
bool Oracle::is_superseded(MessageId older) const {
  const Sent& value = messages_[older];
  if (value.is_will) return false;
  if (value.replaced && (*value.replaced == nothing || !messages_[*value.replaced].repeated_by_crash))
    return true;
  for (MessageId id = older + 1; id < messages_.size(); ++id) {
    const Sent& later = messages_[id];
    if (!later.retain || later.is_will || later.topic != value.topic || !stands(later)) continue;
    // What has one QoS keeps its order; beyond that the acknowledgements tell.  [MQTT-4.6.0-6]
    if (later.publisher == value.publisher && later.qos == value.qos) return true;
    if (value.acknowledged != not_yet && value.acknowledged < later.first_sent) return true;
  }
  return false;
}

// Whatever was acknowledged by now has been replaced by what is seen.
void Oracle::saw_retained(const std::map<std::string, MessageId>& values) {
  check_retained(values);
  for (MessageId id = 0; id < messages_.size(); ++id) {
    Sent& sent = messages_[id];
    if (!sent.retain || sent.acknowledged == not_yet) continue;
    const auto seen = values.find(sent.topic);
    if (seen == values.end()) {
      if (!sent.clears && sent.expiry_s == 0) sent.replaced = nothing;
    } else if (seen->second != id) {
      sent.replaced = seen->second;
    } else {
      sent.replaced.reset();
    }
  }
}

void Oracle::check_retained(const std::map<std::string, MessageId>& values) const {
  for (const auto& [topic, id] : values) {
    const Sent& sent = messages_[id];
    if (!sent.retain || sent.clears) violated("a retained value that was not retained", sent.publisher, id);
    if (is_superseded(id)) violated("a retained value that was replaced", sent.publisher, id);
  }
  std::map<std::string, std::pair<MessageId, bool>>
      absent;  // a value that stands; whether none is right, too
  for (MessageId id = 0; id < messages_.size(); ++id) {
    const Sent& sent = messages_[id];
    if (!sent.retain || !is_let_in(sent.topic) || values.contains(sent.topic)) continue;
    auto& [value, right] = absent.try_emplace(sent.topic, ~0U, false).first->second;
    if ((sent.clears || sent.expiry_s != 0) && !is_superseded(id)) right = true;
    if (!sent.clears && !sent.is_will && stands(sent) && !is_superseded(id)) value = id;
  }
  for (const auto& [topic, found] : absent)
    if (found.first != ~0U && !found.second)
      violated("a retained value is missing", messages_[found.first].publisher, found.first);
}

}  // namespace mortise::simulation
