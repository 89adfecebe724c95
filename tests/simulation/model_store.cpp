#include "simulation/model_store.hpp"

#include "broker/rules.hpp"
#include "simulation/group_book.hpp"

namespace mortise::simulation {

namespace record = broker::record;

StoredMessage StoredMessage::of(const broker::Message& message) {
  const auto text = [](mqtt::Bytes bytes) { return std::string{bytes.begin(), bytes.end()}; };
  return {std::string{message.topic()},
          text(message.payload()),
          text(message.properties()),
          std::string{message.publisher()},
          std::string{message.username()},
          message.qos(),
          message.retain(),
          message.payload_is_utf8(),
          message.received(),
          message.expires(),
          message.number()};
}

broker::MessageRef StoredMessage::make(broker::Accounts& accounts, const broker::Options& options) const {
  const auto bytes = [](const std::string& text) {
    return mqtt::Bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  };
  broker::MessageParts parts;
  parts.topic = topic;
  parts.payload = bytes(payload);
  parts.raw_properties = bytes(properties);
  parts.publisher = publisher;
  parts.username = username;
  parts.qos = qos;
  parts.retain = retain;
  parts.payload_is_utf8 = payload_is_utf8;
  parts.received = received;
  parts.expires = expires;
  parts.level = options.level_of(topic);
  parts.number = number;
  return broker::Message::make(parts, accounts);
}

void ModelStore::hand_over(broker::Batch batch) {
  if (batch.sequence != last_ + 1) throw Violation{"a batch out of sequence"};
  last_ = batch.sequence;
  trace_->note("store    batch %llu handed over: %zu records, %zu deliveries",
               static_cast<unsigned long long>(last_), batch.records.size(), batch.deliveries.size());
  check_whole(batch);
  unsynced_.push_back(std::move(batch));
}

void ModelStore::begin() {
  last_ = written_ = synced_ = 0;
  delivered_.clear();
  delivered_in_.clear();
  reads_.clear();
}

std::optional<StoredMessage> ModelStore::find(std::uint64_t message, std::uint64_t up_to) const {
  for (auto batch = unsynced_.rbegin(); batch != unsynced_.rend(); ++batch) {
    if (batch->sequence > up_to) continue;
    for (auto entry = batch->records.rbegin(); entry != batch->records.rend(); ++entry) {
      const auto* put = std::get_if<record::MessagePut>(&*entry);
      if (put && put->message->number() == message) return StoredMessage::of(*put->message);
      const auto* erase = std::get_if<record::MessageErase>(&*entry);
      if (erase && erase->number == message) return {};
    }
  }
  const auto found = tables_.messages.find(message);
  return found == tables_.messages.end() ? std::nullopt : std::optional{found->second};
}

std::optional<broker::Page> ModelStore::answer_read(std::uint32_t loop, broker::Shared& shared) {
  for (auto asked = reads_.begin(); asked != reads_.end(); ++asked) {
    if (asked->loop != loop) continue;
    broker::Page page{std::move(*asked), {}};
    reads_.erase(asked);
    for (const auto& wanted : page.read.wanted)
      if (const auto message = find(wanted.message, written_))
        page.messages.push_back(message->make(shared.ledgers[loop]->accounts, *shared.options()));
    trace_->note("store    loop %u reads %zu messages of %zu", loop, page.messages.size(),
                 page.read.wanted.size());
    return page;
  }
  return {};
}

// A crash leaves all deliveries of a message or none: they are in one batch, on whatever loops their sessions
// live. A retained value at SUBSCRIBE is a delivery of its own.
// Whether one member of a group may leave it to another: then its deliveries are not all of one moment.
bool ModelStore::is_given_on(const broker::Batch& batch, std::uint64_t message) {
  for (const broker::Record& entry : batch.records)
    if (const auto* put = std::get_if<record::MessagePut>(&entry))
      if (put->message->number() == message) return is_shared(put->message->topic());
  return false;
}

void ModelStore::check_whole(const broker::Batch& batch) {
  for (const broker::DeliveryRecord& delivery : batch.deliveries) {
    const bool is_put = delivery.op == broker::DeliveryRecord::Op::put &&
                        delivery.state == broker::DeliveryRecord::State::queued && !delivery.retain;
    const bool is_new = is_put && delivered_.insert(delivery.number).second;
    if (is_new &&
        delivered_in_.try_emplace(delivery.message, batch.sequence).first->second != batch.sequence &&
        !is_given_on(batch, delivery.message))
      throw Violation{"a crash between two batches would leave only some deliveries of a message"};
  }
}

void ModelStore::write(std::uint64_t batches, broker::Journal& journal) {
  std::size_t bytes = 0;
  const std::uint64_t to = std::min(last_, written_ + batches);
  if (to == written_) return;
  for (const broker::Batch& batch : unsynced_)
    if (batch.sequence > written_ && batch.sequence <= to) bytes += batch.memory();
  written_ = to;
  trace_->note("store    written to %llu", static_cast<unsigned long long>(written_));
  journal.durable(written_, broker::Level::written, bytes);
}

void ModelStore::sync(broker::Journal& journal) {
  if (synced_ == written_) return;
  while (!unsynced_.empty() && unsynced_.front().sequence <= written_) {
    apply(unsynced_.front());
    unsynced_.pop_front();
  }
  synced_ = written_;
  trace_->note("store    synced to %llu", static_cast<unsigned long long>(synced_));
  journal.durable(synced_, broker::Level::synced, 0);
}

bool ModelStore::sweep() {
  if (tables_.ended.empty()) return false;
  const std::uint64_t session = *tables_.ended.begin();
  tables_.ended.erase(tables_.ended.begin());
  trace_->note("store    swept session %llu", static_cast<unsigned long long>(session));
  std::erase_if(tables_.subscriptions, [&](const auto& row) { return row.first.first == session; });
  std::erase_if(tables_.inbound, [&](const auto& row) { return row.first == session; });
  std::erase_if(tables_.deliveries, [&](const auto& row) {
    if (row.second.session == session) tables_.identifiers.erase(row.first);
    return row.second.session == session;
  });
  return true;
}

void ModelStore::crash(Crash kind, std::uint64_t keep) {
  const std::uint64_t line = kind == Crash::kill ? written_ : std::min(written_, synced_ + keep);
  trace_->note("store    keeps batches to %llu of %llu", static_cast<unsigned long long>(line),
               static_cast<unsigned long long>(last_));
  for (const broker::Batch& batch : unsynced_)
    if (batch.sequence <= line) apply(batch);
  unsynced_.clear();
  // A tombstone is needed only while earlier batches may follow.
  std::erase_if(tables_.retained, [](const auto& row) { return !row.second.message; });
}

// ---- what a batch does to the tables

void ModelStore::apply(const broker::Batch& batch) {
  for (const broker::Record& entry : batch.records) apply(entry);
  for (const broker::DeliveryRecord& delivery : batch.deliveries) apply(delivery);
}

void ModelStore::apply(const broker::DeliveryRecord& delivery) {
  if (delivery.op == broker::DeliveryRecord::Op::erase) {
    tables_.deliveries.erase(delivery.number);
    tables_.identifiers.erase(delivery.number);
  } else {
    tables_.deliveries[delivery.number] = delivery;
  }
}

void ModelStore::keep_value(const std::string& topic, std::uint64_t version,
                            std::optional<StoredMessage> message) {
  Value& value = tables_.retained[topic];
  if (broker::holds(broker::Rule::retained_versions) && version < value.version) return;
  value = {version, std::move(message)};
}

void ModelStore::apply(const broker::Record& entry) {
  if (const auto* numbers = std::get_if<record::Numbers>(&entry)) {
    tables_.numbers.reserved = std::max(tables_.numbers.reserved, numbers->reserved);
    tables_.numbers.unix_ms = std::max(tables_.numbers.unix_ms, numbers->unix_ms);
  } else if (const auto* session = std::get_if<record::Session>(&entry)) {
    tables_.sessions[session->number] = *session;
  } else if (const auto* end = std::get_if<record::SessionErase>(&entry)) {
    tables_.sessions.erase(end->number);
    tables_.ended.insert(end->number);
  } else if (const auto* subscription = std::get_if<record::Subscription>(&entry)) {
    tables_.subscriptions[{subscription->session, subscription->filter}] = *subscription;
  } else if (const auto* gone = std::get_if<record::SubscriptionErase>(&entry)) {
    tables_.subscriptions.erase({gone->session, gone->filter});
  } else if (const auto* put = std::get_if<record::MessagePut>(&entry)) {
    tables_.messages[put->message->number()] = StoredMessage::of(*put->message);
  } else if (const auto* erase = std::get_if<record::MessageErase>(&entry)) {
    tables_.messages.erase(erase->number);
  } else if (const auto* inbound = std::get_if<record::Inbound>(&entry)) {
    tables_.inbound.emplace(inbound->session, inbound->packet_id);
  } else if (const auto* released = std::get_if<record::InboundErase>(&entry)) {
    tables_.inbound.erase({released->session, released->packet_id});
  } else if (const auto* kept = std::get_if<record::Retained>(&entry)) {
    keep_value(std::string{kept->message->topic()}, kept->version, StoredMessage::of(*kept->message));
  } else if (const auto* cleared = std::get_if<record::RetainedErase>(&entry)) {
    keep_value(cleared->topic, cleared->version, {});
  } else if (const auto* will = std::get_if<record::Will>(&entry)) {
    Will& stored = tables_.wills[will->session];
    stored = {*will, StoredMessage::of(*will->message)};
    stored.record.message.reset();
  } else if (const auto* over = std::get_if<record::WillErase>(&entry)) {
    tables_.wills.erase(over->session);
  } else if (const auto* several = std::get_if<record::DeliveryIdentifiers>(&entry)) {
    tables_.identifiers[several->delivery] = several->identifiers;
  }
}

// ---- at start

// What belonged to an ended session is not shown, though it may not have been swept yet. Its will is: it ends
// when it has been sent.
void ModelStore::restore(broker::Restorer& restorer, const broker::Options& options) const {
  const auto ended = [&](std::uint64_t session) { return tables_.ended.contains(session); };
  restorer.on_record(tables_.numbers);
  for (const auto& [number, session] : tables_.sessions)
    if (!ended(number)) restorer.on_record(session);
  for (const auto& [key, subscription] : tables_.subscriptions)
    if (!ended(key.first)) restorer.on_record(subscription);
  for (const auto& [number, message] : tables_.messages)
    restorer.on_record(record::MessagePut{message.make(restorer.accounts(), options), 0});
  for (const auto& [delivery, identifiers] : tables_.identifiers)
    restorer.on_record(record::DeliveryIdentifiers{delivery, identifiers});
  for (const auto& [number, delivery] : tables_.deliveries)
    if (!ended(delivery.session)) restorer.on_delivery(delivery);
  for (const auto& [session, packet_id] : tables_.inbound)
    if (!ended(session)) restorer.on_record(record::Inbound{session, packet_id});
  for (const auto& [topic, value] : tables_.retained)
    if (value.message)
      restorer.on_record(record::Retained{value.version, value.message->make(restorer.accounts(), options)});
  for (const auto& [session, will] : tables_.wills) {
    record::Will found = will.record;
    found.message = will.message.make(restorer.accounts(), options);
    restorer.on_record(std::move(found));
  }
}

std::string ModelStore::leftovers() const {
  std::string found;
  const auto say = [&](const char* what, std::size_t count) {
    if (count != 0) found += " " + std::to_string(count) + " " + what;
  };
  say("sessions", tables_.sessions.size());
  say("subscriptions", tables_.subscriptions.size());
  say("messages", tables_.messages.size());
  say("deliveries", tables_.deliveries.size());
  say("sets of identifiers", tables_.identifiers.size());
  say("inbound identifiers", tables_.inbound.size());
  say("wills", tables_.wills.size());
  for (const auto& [topic, value] : tables_.retained)
    if (value.message) found += " retained " + topic;
  return found;
}

}  // namespace mortise::simulation
