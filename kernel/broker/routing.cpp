#include "broker/routing.hpp"

#include <algorithm>
#include <bit>

#include "broker/rules.hpp"

namespace mortise::broker {

namespace {

std::span<const std::uint32_t> one_or_none(const std::uint32_t& identifier) {
  return {&identifier, identifier == 0 ? 0U : 1U};
}

}  // namespace

bool Routing::others_have_room() const {
  for (std::uint32_t other = 0; other < core_.shared.loops(); ++other) {
    if (other == core_.loop) continue;
    const Mailbox& box = core_.shared.mail.box(core_.loop, other);
    if (box.publishes.room() == 0 || box.commits.room() <= outstanding_[other]) return false;
  }
  return true;
}

Routing::Published Routing::publish(const MessageRef& message, std::uint64_t retained_sequence,
                                    SessionKey publisher, std::vector<Record>&& facts) {
  core_.ledger.routed.add(1);
  const bool stores = core_.has_store() && message->qos() != mqtt::Qos::at_most_once;
  std::uint64_t interested = 0;
  if (core_.shared.loops() > 1)
    interested = core_.shared.interest.loops_for(message->topic()) & ~(std::uint64_t{1} << core_.loop);
  if (!chosen_.empty()) chosen_.clear();
  const bool shares = !core_.shared.groups.empty();
  if (shares) [[unlikely]]
    interested |= choose(*message);

  if (!stores || interested == 0) {
    identifiers_.clear();
    Fanout fanout{message, stores, commits_.open_ordinal(), {}, &commits_.deliveries(), &identifiers_,
                  nullptr, 0};
    std::size_t receivers = show_here(retained_sequence, publisher, fanout);
    if (shares) [[unlikely]]
      receivers += deliver_chosen(fanout);
    if (interested != 0) post(interested, message, {}, retained_sequence);
    if (interested == 0 && receivers == 0) core_.ledger.to_nobody.add(1);
    if (!core_.has_store()) return {};
    return {{}, commit_here(message, fanout.stored, std::move(facts), identifiers_)};
  }

  const RemoteKey here = remote_.emplace();
  const PendingKey key = pending_.emplace();
  PendingPublish& pending = pending_.at(key);
  Fanout fanout{
      message, true, unsettled, here, &pending.deliveries, &pending.identifiers, &remote_.at(here).sessions,
      0};
  show_here(retained_sequence, publisher, fanout);
  if (shares) [[unlikely]]
    deliver_chosen(fanout);
  pending.message = message;
  pending.waits_for = static_cast<std::uint32_t>(std::popcount(interested));
  pending.facts = std::move(facts);
  pending.here = here;
  post(interested, message, key, retained_sequence);
  return {key, 0};
}

void Routing::post(std::uint64_t interested, const MessageRef& message, PendingKey pending,
                   std::uint64_t retained_sequence) {
  for (std::uint64_t left = interested; left != 0; left &= left - 1) {
    const auto other = static_cast<std::uint32_t>(std::countr_zero(left));
    PublishLetter letter{message, pending, retained_sequence, nullptr, false};
    for (const Chosen& chosen : chosen_) {
      if (chosen.loop != other) continue;
      if (!letter.chosen) letter.chosen = std::make_unique<std::vector<Chosen>>();
      letter.chosen->push_back(chosen);
    }
    post(other, std::move(letter));
  }
}

void Routing::post(std::uint32_t loop, PublishLetter letter) {
  if (letter.pending) ++outstanding_[loop];
  core_.shared.mail.box(core_.loop, loop).publishes.push(std::move(letter));
  core_.ledger.letters_sent.add(1);
  core_.effects.wake |= std::uint64_t{1} << loop;
}

// ---- shared subscriptions

// Fills chosen_; returns the other loops that have members among them.
std::uint64_t Routing::choose(const Message& message) {
  core_.shared.groups.choose(message.topic(), matches_, chosen_);
  std::uint64_t loops = 0;
  for (const Chosen& chosen : chosen_) loops |= std::uint64_t{1} << chosen.loop;
  return loops & ~(std::uint64_t{1} << core_.loop);
}

void Routing::deliver_to(Session& session, const Chosen& chosen, Fanout& fanout) {
  const Receiver receiver = receiver_of(chosen.member, *fanout.message);  // [MQTT-4.8.2-3]
  fanout.group = chosen.group;
  delivery_.deliver(session, receiver.qos, receiver.retain, one_or_none(chosen.member.identifier), fanout);
  fanout.group = {};
}

// To those on this loop. Returns how many there are on all.
std::size_t Routing::deliver_chosen(Fanout& fanout) {
  for (const Chosen& one : chosen_)
    if (one.loop == core_.loop) deliver_to(core_.sessions.at(one.member.session), one, fanout);
  return chosen_.size();
}

// A member that was chosen elsewhere may have gone since: another one is chosen then, and the loop that asked
// is told of it in `returned` if it is to wait for its records.
void Routing::deliver_letter(PublishLetter& letter, Fanout& fanout, std::vector<Chosen>& returned) {
  if (!letter.is_for_chosen_only) show_here(letter.retained_sequence, {}, fanout);
  if (!letter.chosen) return;
  for (Chosen chosen : *letter.chosen) {
    Session* session = core_.sessions.find(chosen.member.session);
    if (!session || session->ended) {
      if (!choose_another(chosen)) continue;
      if (chosen.loop != core_.loop) {
        if (letter.pending)
          returned.push_back(chosen);
        else if (!give_on(chosen, letter.message, {}))
          count_lost();
        continue;
      }
      session = &core_.sessions.at(chosen.member.session);
    }
    deliver_to(*session, chosen, fanout);
  }
}

// In the place of a member that has gone.
bool Routing::choose_another(Chosen& chosen) {
  return core_.shared.groups.choose_other(chosen.group, {}, core_.loop, SharedGroups::Where::anywhere,
                                          Readiness::full, chosen);
}

// A letter to one member. False: its ring is full.
bool Routing::give_on(const Chosen& chosen, const MessageRef& message, PendingKey pending) {
  const Mailbox& box = core_.shared.mail.box(core_.loop, chosen.loop);
  if (box.publishes.room() == 0 || (pending && box.commits.room() <= outstanding_[chosen.loop])) return false;
  post(chosen.loop, {message, pending, 0, std::make_unique<std::vector<Chosen>>(1, chosen), true});
  return true;
}

// A message that was one member's, who has gone, and found no way to another.
void Routing::count_lost() {
  core_.ledger.deliveries.add(1);
  core_.ledger.drop(Dropped::queue_full);
}

void Routing::hand_on(Session& session) {
  if (!core_.is_closing_all) delivery_.hand_on(session, giving(session, Readiness::busy));
}

void Routing::hand_on_all(Session& session) {
  const bool gives = !core_.is_closing_all || session.hands_on_to;  // what waited since before goes on
  delivery_.end(session, gives ? giving(session, Readiness::offline) : Delivery::Give{});
}

// A group is not asked again once it has had nobody.
Delivery::Give Routing::giving(const Session& session, Readiness at_worst) {
  struct Nobody {
    GroupKey group;
    bool is_stored;
    bool operator==(const Nobody&) const = default;
  };
  return [this, &session, at_worst, asked = std::vector<Nobody>{}](const Waiting& waiting,
                                                                   GroupKey group) mutable {
    const Nobody nobody{group, waiting.number != 0};
    if (std::ranges::find(asked, nobody) != asked.end()) return false;
    if (give_to_other(session, at_worst, waiting, group)) return true;
    asked.push_back(nobody);
    return false;
  };
}

bool Routing::give_to_other(const Session& session, Readiness at_worst, const Waiting& waiting,
                            GroupKey group) {
  using Where = SharedGroups::Where;
  Chosen chosen;
  const Where where = waiting.number == 0 ? Where::anywhere : Where::on_this_loop;
  if (!core_.shared.groups.choose_other(group, session.key, core_.loop, where, at_worst, chosen))
    return false;
  const MessageRef message = waiting.message;
  if (chosen.loop != core_.loop) return give_on(chosen, message, {});
  identifiers_.clear();
  const bool stores = core_.has_store() && message->qos() != mqtt::Qos::at_most_once;
  Fanout fanout{message, stores, commits_.open_ordinal(), {}, &commits_.deliveries(), &identifiers_,
                nullptr, 0};
  deliver_to(core_.sessions.at(chosen.member.session), chosen, fanout);
  commit_here(message, fanout.stored, {}, identifiers_);
  return true;
}

// ---- subscriptions

Receiver Routing::receiver_of(const Subscriber& match, const Message& message) {
  return {&core_.sessions.at(match.session),
          std::min(match.options.maximum_qos, message.qos()),  // [MQTT-3.8.4-8]
          match.options.retain_as_published && message.retain(), match.identifier, 0};
}

// One more subscription that matched: its session gets the message once, at the highest QoS of all that
// match.
void Routing::merge(const Receiver& match) {
  Session& session = *match.session;
  if (session.route != routing_) {
    session.route = routing_;
    session.route_index = static_cast<std::uint32_t>(receivers_.size());
    receivers_.push_back(match);
    return;
  }
  Receiver& receiver = receivers_[session.route_index];
  receiver.qos = std::max(receiver.qos, match.qos);
  receiver.retain = receiver.retain || match.retain;
  if (match.identifier == 0) return;
  if (receiver.identifier == 0) {
    receiver.identifier = match.identifier;
    return;
  }
  if (receiver.more == 0) {  // several identifiers are rare: only they pay for a list  [MQTT-3.3.4-5]
    if (several_used_ == several_.size()) several_.emplace_back();
    several_[several_used_].assign(1, receiver.identifier);
    receiver.more = static_cast<std::uint32_t>(++several_used_);
  }
  several_[receiver.more - 1].push_back(match.identifier);
}

// Returns how many sessions it is for.
std::size_t Routing::show_here(std::uint64_t retained_sequence, SessionKey publisher, Fanout& fanout) {
  const Message& message = *fanout.message;
  const auto is_for = [&](const Subscriber& match) {
    if (match.options.no_local && match.session == publisher) return false;  // [MQTT-3.8.3-3]
    return retained_sequence == 0 || retained_sequence > match.retained_read;
  };
  matches_.clear();
  core_.index.match(message.topic(), matches_);
  std::size_t count = 0;
  if (matches_.size() == 1) {  // one filter has each session once: there is nothing to merge
    for (const Subscriber& match : matches_.front()) {
      if (!is_for(match)) continue;
      ++count;
      const Receiver receiver = receiver_of(match, message);
      delivery_.deliver(*receiver.session, receiver.qos, receiver.retain, one_or_none(match.identifier),
                        fanout);
    }
    return count;
  }
  ++routing_;
  receivers_.clear();
  several_used_ = 0;
  for (const auto& subscribers : matches_)
    for (const Subscriber& match : subscribers)
      if (is_for(match)) merge(receiver_of(match, message));
  for (const Receiver& receiver : receivers_) {
    std::span<const std::uint32_t> identifiers = one_or_none(receiver.identifier);
    if (receiver.more != 0) identifiers = several_[receiver.more - 1];
    delivery_.deliver(*receiver.session, receiver.qos, receiver.retain, identifiers, fanout);
  }
  return receivers_.size();
}

// Puts a message's facts into the open batch; its delivery records are in there already.
Ordinal Routing::commit_here(const MessageRef& message, std::uint32_t stored, std::vector<Record>&& facts,
                             std::vector<record::DeliveryIdentifiers>& identifiers) {
  if (!core_.has_store() || (stored == 0 && facts.empty())) return 0;
  if (stored != 0) commits_.add(record::MessagePut{message, stored}, message->level());
  for (auto& several : identifiers) commits_.add(std::move(several), message->level());
  for (Record& fact : facts) commits_.add(std::move(fact), message->level());
  return commits_.open_ordinal();
}

void Routing::attach(PendingKey key, SessionKey publisher, mqtt::PacketId packet_id, const Client& client,
                     std::uint64_t ticket) {
  PendingPublish& pending = pending_.at(key);
  pending.publisher = publisher;
  pending.packet_id = packet_id;
  pending.client = client.key;
  pending.ticket = ticket;
}

void Routing::await(const Published& published, Awaited awaited) {
  if (published.pending)
    pending_.at(published.pending).awaited = awaited;
  else
    commits_.await(published.ordinal, awaited);
}

void Routing::deliver_retained(Session& session, const MessageRef& message, mqtt::Qos qos,
                               std::span<const std::uint32_t> identifiers) {
  const mqtt::Qos effective = std::min(qos, message->qos());
  const bool stores = core_.has_store() && effective != mqtt::Qos::at_most_once;
  identifiers_.clear();
  Fanout fanout{message, stores, commits_.open_ordinal(), {}, &commits_.deliveries(), &identifiers_,
                nullptr, 0};
  delivery_.deliver(session, effective, true, identifiers, fanout);
  commit_here(message, fanout.stored, {}, identifiers_);
}

// ---- letters

bool Routing::drain(std::uint32_t from, std::size_t budget) {
  Mailbox& box = core_.shared.mail.box(from, core_.loop);
  bool any = false;
  for (std::size_t i = 0; i < budget && !box.commits.empty(); ++i, any = true)
    settle(box.commits.pop().remote, 0);
  for (std::size_t i = 0; i < budget && !box.answers.empty(); ++i, any = true)
    on_answer(from, box.answers.pop());
  for (std::size_t i = 0; i < budget && !box.publishes.empty(); ++i, any = true)
    on_publish(from, box.publishes.pop());
  return any;
}

void Routing::on_publish(std::uint32_t from, PublishLetter letter) {
  AnswerLetter answer{letter.pending, {}, {}, {}, {}};
  if (!letter.pending || !holds(Rule::one_publish_one_batch)) {
    identifiers_.clear();
    const bool stores = core_.has_store() && letter.message->qos() != mqtt::Qos::at_most_once;
    Fanout fanout{letter.message, stores, commits_.open_ordinal(), {}, &commits_.deliveries(), &identifiers_,
                  nullptr,        0};
    deliver_letter(letter, fanout, answer.returned);
    commit_here(letter.message, fanout.stored, {}, identifiers_);
  } else {
    const RemoteKey remote = remote_.emplace();
    Fanout fanout{letter.message,
                  true,
                  unsettled,
                  remote,
                  &answer.deliveries,
                  &answer.identifiers,
                  &remote_.at(remote).sessions,
                  0};
    deliver_letter(letter, fanout, answer.returned);
    if (remote_.at(remote).sessions.empty())
      remote_.erase(remote);
    else
      answer.remote = remote;
  }
  if (!letter.pending) return;
  core_.shared.mail.box(core_.loop, from).answers.push(std::move(answer));
  core_.effects.wake |= std::uint64_t{1} << from;
}

void Routing::on_answer(std::uint32_t from, AnswerLetter letter) {
  PendingPublish& pending = pending_.at(letter.pending);
  pending.deliveries.insert(pending.deliveries.end(), letter.deliveries.begin(), letter.deliveries.end());
  std::move(letter.identifiers.begin(), letter.identifiers.end(), std::back_inserter(pending.identifiers));
  if (letter.remote)
    pending.remotes.emplace_back(from, letter.remote);
  else
    --outstanding_[from];
  for (const Chosen& chosen : letter.returned) take_back(letter.pending, pending, chosen);
  if (--pending.waits_for == 0) commit(letter.pending, pending);
}

// A member that another loop proposes in the place of one that has gone.
void Routing::take_back(PendingKey key, PendingPublish& pending, Chosen chosen) {
  Session* session = chosen.loop == core_.loop ? core_.sessions.find(chosen.member.session) : nullptr;
  if (chosen.loop == core_.loop && (!session || session->ended)) {
    if (!choose_another(chosen)) return;
    if (chosen.loop == core_.loop) session = &core_.sessions.at(chosen.member.session);
  }
  if (!session) {
    if (give_on(chosen, pending.message, key))
      ++pending.waits_for;
    else
      count_lost();
    return;
  }
  Fanout fanout{pending.message,
                true,
                unsettled,
                pending.here,
                &pending.deliveries,
                &pending.identifiers,
                &remote_.at(pending.here).sessions,
                0};
  deliver_to(*session, chosen, fanout);
}

// Every loop has answered: now there is one batch.
void Routing::commit(PendingKey key, PendingPublish& pending) {
  const Level level = pending.message->level();
  InboundPublish* inbound = nullptr;
  Session* publisher = core_.sessions.find(pending.publisher);
  if (publisher) {
    const auto found = publisher->inbound.find(pending.packet_id);
    if (found != publisher->inbound.end() && found->second.pending == key) {
      inbound = &found->second;
      if (publisher->is_stored())
        pending.facts.push_back(record::Inbound{publisher->number, pending.packet_id});
    }
  }
  auto& open = commits_.deliveries();
  open.insert(open.end(), pending.deliveries.begin(), pending.deliveries.end());
  const Ordinal ordinal = commit_here(pending.message, static_cast<std::uint32_t>(pending.deliveries.size()),
                                      std::move(pending.facts), pending.identifiers);
  if (inbound) {
    *inbound = {
        ordinal, {}, level};  // ordinal 0: nobody's session is stored, so there is nothing to wait for
    if (ordinal != 0) publisher->last_ordinal = ordinal;
  }
  settle(pending.here, ordinal);
  commits_.await(ordinal, pending.awaited);
  if (pending.client) commits_.settle_gate(pending.client, pending.ticket, ordinal, level);
  if (!holds(Rule::connection_generation) && publisher && publisher->client != pending.client)
    if (Client* heir = core_.clients.find(publisher->client))
      commits_.gate(*heir, {ordinal, level,
                            pending.message->qos() == mqtt::Qos::at_least_once ? mqtt::PacketType::puback
                                                                               : mqtt::PacketType::pubrec,
                            mqtt::ReasonCode::success, pending.packet_id, nullptr});
  if (pending.remotes.empty())
    pending_.erase(key);
  else if (ordinal == 0)
    commits_.committed.push_back(key);
  else
    commits_.when_durable(std::max(level, Level::written), key);
}

void Routing::settle(RemoteKey key, Ordinal ordinal) {
  const std::vector<SessionKey> sessions = std::move(remote_.at(key).sessions);
  remote_.erase(key);
  for (const SessionKey session_key : sessions)
    if (Session* session = core_.sessions.find(session_key)) commits_.settle_run(*session, key, ordinal);
}

void Routing::tell_committed() {
  for (const PendingKey key : std::exchange(commits_.committed, {})) {
    for (const auto& [loop, remote] : pending_.at(key).remotes) {
      core_.shared.mail.box(core_.loop, loop).commits.push({remote});
      core_.effects.wake |= std::uint64_t{1} << loop;
      --outstanding_[loop];
    }
    pending_.erase(key);
  }
}

}  // namespace mortise::broker
