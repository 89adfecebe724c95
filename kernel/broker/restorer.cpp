#include "broker/restorer.hpp"

#include <algorithm>

#include "broker/interior.hpp"

namespace mortise::broker {

void Restorer::on_record(Record entry) {
  if (auto* numbers = std::get_if<record::Numbers>(&entry)) {
    reserved_ = numbers->reserved;
    see(base::from_unix_ms(numbers->unix_ms));
  } else if (auto* session = std::get_if<record::Session>(&entry)) {
    see(session->number);
    sessions_[session->number].session = std::move(*session);
  } else if (auto* subscription = std::get_if<record::Subscription>(&entry)) {
    const auto owner = sessions_.find(subscription->session);
    if (owner != sessions_.end()) owner->second.subscriptions.push_back(std::move(*subscription));
  } else if (auto* put = std::get_if<record::MessagePut>(&entry)) {
    const std::uint64_t number = put->message->number();
    see(number);
    see(put->message->received());
    // What is more than memory should hold stays in the store.
    const bool fits = shared_.message_bytes() <= static_cast<std::int64_t>(shared_.options()->resident_max);
    messages_[number] = fits ? std::move(put->message) : Message::make_stub(*put->message);
  } else if (auto* several = std::get_if<record::DeliveryIdentifiers>(&entry)) {
    identifiers_[several->delivery] = std::move(several->identifiers);
  } else if (auto* inbound = std::get_if<record::Inbound>(&entry)) {
    const auto owner = sessions_.find(inbound->session);
    if (owner != sessions_.end()) owner->second.inbound.push_back(inbound->packet_id);
  } else if (auto* kept = std::get_if<record::Retained>(&entry)) {
    see(kept->message->number());
    see(kept->message->received());
    // One message, one count of its stored deliveries, whether it is queued, retained or both.
    const auto queued = messages_.find(kept->message->number());
    if (queued != messages_.end()) {
      if (queued->second->is_stub())
        kept->message->set_stub(queued->second);
      else
        kept->message = queued->second;
    }
    retained_.push_back(std::move(*kept));
  } else if (auto* will = std::get_if<record::Will>(&entry)) {
    see(will->session);
    lone_wills_.push_back(std::move(*will));
  }
}

void Restorer::on_delivery(const DeliveryRecord& delivery) {
  see(delivery.number);
  const auto owner = sessions_.find(delivery.session);
  const auto message = messages_.find(delivery.message);
  if (message != messages_.end()) Journal::count_restored(*message->second);
  if (owner != sessions_.end() && message != messages_.end())
    owner->second.deliveries.push_back(delivery);
  else
    orphans_.push_back(delivery);
}

// The latest will of a session is its own. One from before, or without a session, was on its way out already.
void Restorer::assign_wills() {
  std::unordered_map<std::string_view, Found*> owners;
  for (auto& [number, found] : sessions_) owners[found.session.client_id] = &found;
  std::vector<record::Will> lone;
  std::sort(lone_wills_.begin(), lone_wills_.end(),
            [](const record::Will& a, const record::Will& b) { return a.session < b.session; });
  for (record::Will& will : lone_wills_) {
    const auto owner = owners.find(will.client_id);
    if (owner == owners.end() || will.session < owner->second->session.number) {
      lone.push_back(std::move(will));
      continue;
    }
    std::unique_ptr<record::Will>& own = owner->second->will;
    if (own) lone.push_back(std::move(*own));
    own = std::make_unique<record::Will>(std::move(will));
  }
  lone_wills_ = std::move(lone);
}

void Restorer::put_back(Found& found, Broker& home) {
  Broker::Interior& in = home.interior();
  Session& session = in.sessions.restore(found.session);
  for (const auto& subscription : found.subscriptions) in.subscribing.restore(session, subscription);
  std::sort(found.deliveries.begin(), found.deliveries.end(),
            [](const DeliveryRecord& a, const DeliveryRecord& b) { return a.position < b.position; });
  for (const DeliveryRecord& delivery : found.deliveries) {
    Waiting waiting;
    waiting.message = messages_.at(delivery.message);
    waiting.number = delivery.number;
    waiting.qos = delivery.qos;
    waiting.retain = delivery.retain;
    waiting.state =
        delivery.state == DeliveryRecord::State::received ? Waiting::State::received : Waiting::State::queued;
    const auto several = identifiers_.find(delivery.number);
    waiting.origin =
        several != identifiers_.end()
            ? session.origins.intern(several->second, {})
            : session.origins.intern({&delivery.identifier, delivery.identifier == 0 ? 0U : 1U}, {});
    in.delivery.restore(session, std::move(waiting), delivery.position);
  }
  for (const mqtt::PacketId packet_id : found.inbound) session.inbound[packet_id] = {};
  in.core.charge(session);
  if (found.will) in.wills.restore(session, *found.will);
  outcome_.sessions += 1;
  outcome_.subscriptions += found.subscriptions.size();
  outcome_.deliveries += found.deliveries.size();
  in.sessions.start_offline(session, found.session.expires_unix_ms);
}

Restorer::Outcome Restorer::finish(const std::vector<Broker*>& brokers, base::Now now) {
  shared_.numbers.start(reserved_, highest_);
  for (Broker* broker : brokers) broker->interior().core.begin_turn(now);
  Broker::Interior& first = brokers[0]->interior();
  // Numbers are needed by what follows (wills that are due), so their reservation comes first.
  first.commits.end_turn();
  assign_wills();
  for (auto& [number, found] : sessions_) put_back(found, *brokers[shared_.home_of(found.session.client_id)]);
  for (record::Retained& kept : retained_) shared_.retained.restore(kept.version, std::move(kept.message));
  for (const record::Will& will : lone_wills_) first.wills.restore_alone(will);
  outcome_.retained = retained_.size();
  outcome_.wills = lone_wills_.size();

  Session nobody{""};
  for (const DeliveryRecord& orphan : orphans_) {
    const auto message = messages_.find(orphan.message);
    nobody.number = orphan.session;
    nobody.durable_to = UINT64_MAX;
    first.commits.erase(nobody, 0, orphan.number,
                        message == messages_.end() ? MessageRef{} : message->second);
  }
  for (const auto& [number, message] : messages_)
    if (message->stored_deliveries() == 0) first.commits.ride(record::MessageErase{number});
  outcome_.orphans = orphans_.size();
  return outcome_;
}

}  // namespace mortise::broker
