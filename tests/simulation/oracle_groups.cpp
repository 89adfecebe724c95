// The part of the oracle for shared subscriptions: one member of a group gets a message, no two of them do
// while the first may still have it, and it is lost only with the session that had it.
#include <algorithm>

#include "mqtt/topic.hpp"
#include "simulation/oracle.hpp"

namespace mortise::simulation {

namespace {
bool is_for(const Sent& sent, GroupIndex group) { return mqtt::matches(groups[group].topics, sent.topic); }
}  // namespace

const Oracle::Subscription* Oracle::membership(const Session& session, GroupIndex group) const {
  if (!surely_lives(session)) return nullptr;
  for (const Subscription& subscription : session.subscriptions)
    if (subscription.filter == groups[group].filter && subscription.confirmed && !subscription.given_up)
      return &subscription;
  return nullptr;
}

bool Oracle::may_be_member(const Session& session, GroupIndex group) const {
  return std::ranges::any_of(session.subscriptions, [&](const Subscription& subscription) {
    return subscription.filter == groups[group].filter;
  });
}

bool Oracle::may_have_ended(const GroupBook::Member& member) const {
  const Session& session = sessions_[member.client];
  return session.count != member.session || !surely_lives(session);
}

bool Oracle::surely_lives(const Session& session) const {
  const bool may_begin_anew = session.asked && (session.asked->clean_start || session.expiry_s == 0);
  const bool may_be_over = !session.online && session.expiry_s != mqtt::session_never_expires &&
                           now_ >= session.offline_since + Milliseconds{session.expiry_s} * 1000;
  return session.alive == Sure::yes && !may_begin_anew && !may_be_over;
}

void Oracle::expect_in_groups(MessageId id) {
  const Sent& sent = messages_[id];
  if (sent.qos == mqtt::Qos::at_most_once || sent.expiry_s != 0 || sent.clears) return;
  for (GroupIndex group = 0; group < groups.size(); ++group) {
    if (!is_for(sent, group)) continue;
    const auto gets_it = [&](const Session& session) { return membership(session, group) != nullptr; };
    if (std::ranges::any_of(sessions_, gets_it)) book_.expect(id, group);
  }
}

void Oracle::received_by_member(ClientIndex client, const Received& packet) {
  Session& session = sessions_[client];
  const Sent& sent = messages_[packet.id];
  if (packet.identifiers.size() != 1) violated("not by exactly one shared subscription", client, packet.id);
  const auto group = std::ranges::find(groups, packet.identifiers.front(), &Group::identifier);
  if (group == groups.end()) violated("not by a shared subscription", client, packet.id);
  const auto index = static_cast<GroupIndex>(group - groups.begin());
  auto granted = mqtt::Qos::at_most_once;
  bool is_subscribed = false;
  for (const Subscription& subscription : session.subscriptions) {
    if (subscription.filter != group->filter) continue;
    granted = std::max(granted, subscription.options.maximum_qos);
    is_subscribed = true;
  }
  if (!is_subscribed || !is_for(sent, index)) violated("a message without a subscription", client, packet.id);
  if (packet.qos > std::min(granted, sent.qos)) violated("a QoS above what was granted", client, packet.id);
  if (packet.retain && !sent.retain)
    violated("a retained message by a shared subscription", client, packet.id);
  ++ever_received_[packet.id];

  const GroupBook::Member member{client, session.count, session.stored == Sure::yes};
  for (const GroupBook::Receipt& earlier : book_.receipts(packet.id, index))
    check_repeat(member, packet, earlier);
  book_.received(packet.id, index, member, packet.qos);
}

// A message came to a group again.
void Oracle::check_repeat(const GroupBook::Member& member, const Received& packet,
                          const GroupBook::Receipt& earlier) const {
  const Sent& sent = messages_[packet.id];
  if (sent.repeated_by_crash) return;
  const bool is_same = earlier.member.client == member.client && earlier.member.session == member.session;
  const bool crashed = book_.is_of_earlier_process(earlier);
  if (earlier.qos == mqtt::Qos::exactly_once && packet.qos == mqtt::Qos::exactly_once) {
    if (crashed && !earlier.member.is_stored) return;  // nothing is left of what it had
    violated(is_same ? "QoS 2 delivered twice" : "QoS 2 delivered to two members of a group", member.client,
             packet.id);
  }
  // What came or comes with QoS 1 is sent again where its fate is not known.
  if (!is_same && !crashed && !sent.sent_again && !may_have_ended(earlier.member))
    violated("delivered to two members of a group", member.client, packet.id);
}

// A session that ends gives what has QoS 1 to another member of its loop, if there is one that stays as it
// is.
bool Oracle::had_to_hand_on(ClientIndex client, MessageId id, GroupIndex group) const {
  const Sent& sent = messages_[id];
  const bool limited = options_->queue_messages_max < 1000 || options_->resident_max < 1'000'000;
  if (limited || sent.qos != mqtt::Qos::at_least_once || sent.first_sent < process_started_) return false;
  const auto subscriptions_to = [&](const Session& session) {
    return std::ranges::count(session.subscriptions, groups[group].filter, &Subscription::filter);
  };
  const Session& had = sessions_[client];
  if (subscriptions_to(had) != 1) return false;
  const auto own = std::ranges::find(had.subscriptions, groups[group].filter, &Subscription::filter);
  if (!own->confirmed || own->given_up) return false;
  for (ClientIndex other = 0; other < sessions_.size(); ++other) {
    const Session& heir = sessions_[other];
    if (other == client || heir.asked || heir.online || heir.expiry_s != mqtt::session_never_expires)
      continue;
    if (membership(heir, group) && subscriptions_to(heir) == 1 && home_of_(other) == home_of_(client))
      return true;
  }
  return false;
}

void Oracle::dropped_by_member(ClientIndex client, MessageId id, std::string_view reason) {
  if (reason == "handed_on") return;
  std::vector<GroupIndex> its;
  for (GroupIndex group = 0; group < groups.size(); ++group)
    if (is_for(messages_[id], group) && may_be_member(sessions_[client], group)) its.push_back(group);
  if (its.empty()) its = {0, 1};  // the session is over, and what it left was kept for an heir until now
  if (reason == "session_ended" && its.size() == 1 && had_to_hand_on(client, id, its.front()))
    violated("not handed on to another member of its group", client, id);
  for (const GroupIndex group : its) book_.waive(id, group);
}

// A message that was not acknowledged may come when nobody is there any more.
void Oracle::members_changed() {
  for (GroupIndex group = 0; group < groups.size(); ++group) {
    const auto is_member = [&](const Session& session) { return membership(session, group) != nullptr; };
    if (std::ranges::any_of(sessions_, is_member)) continue;
    book_.waive_if(group, [&](MessageId id) { return !has_store_ || messages_[id].acknowledged == not_yet; });
  }
}

void Oracle::weakened(const Session& session) {
  for (GroupIndex group = 0; group < groups.size(); ++group)
    if (may_be_member(session, group)) weak_[group] = true;
}

void Oracle::members_lost_memory() {
  book_.crashed();
  for (GroupIndex group = 0; group < groups.size(); ++group) {
    const auto is_weak = [&](const Session& session) {
      return session.stored != Sure::yes && may_be_member(session, group);
    };
    if (weak_[group] || std::ranges::any_of(sessions_, is_weak))
      book_.waive_if(group, [](MessageId) { return true; });
  }
  weak_ = {};
}

}  // namespace mortise::simulation
