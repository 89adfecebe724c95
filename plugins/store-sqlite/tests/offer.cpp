#include "offer.hpp"

namespace mortise::store_sqlite::test {

Offer::Offer(std::uint64_t sequence, std::uint32_t level) {
  batch_.size = sizeof batch_;
  batch_.sequence = sequence;
  batch_.level = level;
}

mortise_record_t& Offer::add(std::uint8_t kind, std::uint8_t op) {
  mortise_record_t& out = records_.emplace_back();
  out.size = sizeof out;
  out.kind = kind;
  out.op = op;
  return out;
}

mortise_str_t Offer::keep(std::string_view text) {
  const std::string& kept = texts_.emplace_back(text);
  return {kept.data(), kept.size()};
}

mortise_bytes_t Offer::keep_bytes(std::string_view text) {
  const std::string& kept = texts_.emplace_back(text);
  return {reinterpret_cast<const std::uint8_t*>(kept.data()), kept.size()};
}

const mortise_message_view_t* Offer::keep(const Body& body) {
  mortise_message_view_t& out = bodies_.emplace_back();
  out.size = sizeof out;
  out.qos = body.qos;
  out.retain = body.retain;
  out.expiry_s = MORTISE_NO_EXPIRY;
  out.topic = keep(body.topic);
  out.payload = keep_bytes(body.payload);
  if (!body.properties.empty()) out.properties = keep_bytes(body.properties);
  out.publisher = keep(body.publisher);
  if (body.has_username) out.username = keep("pumps");
  out.received_unix_ms = 1'764'000'000'123;
  return &out;
}

Offer& Offer::numbers(std::uint64_t reserved, std::uint64_t unix_ms) {
  auto& record = add(MORTISE_REC_NUMBERS, MORTISE_PUT);
  record.number = reserved;
  record.unix_ms = unix_ms;
  return *this;
}

Offer& Offer::session(std::uint64_t session, std::string_view client_id, std::uint64_t sent_to) {
  auto& record = add(MORTISE_REC_SESSION, MORTISE_PUT);
  record.session = session;
  record.key = keep(client_id);
  if (session % 2 == 0) record.owner = keep("panels");
  record.unix_ms = session * 1000;
  record.seconds = UINT32_MAX;
  record.position = sent_to;
  record.data = keep_bytes("session data");
  return *this;
}

Offer& Offer::end_session(std::uint64_t session) {
  add(MORTISE_REC_SESSION, MORTISE_ERASE).session = session;
  return *this;
}

Offer& Offer::subscription(std::uint64_t session, std::string_view filter, std::string_view share,
                           std::uint8_t op) {
  mortise_subscription_t& of = subscriptions_.emplace_back();
  of.size = sizeof of;
  of.filter = keep(filter);
  if (!share.empty()) of.share = keep(share);
  of.qos = 2;
  of.no_local = 1;
  of.retain_as_published = 1;
  of.retain_handling = 2;
  of.identifier = 268'435'455;
  auto& record = add(MORTISE_REC_SUBSCRIPTION, op);
  record.session = session;
  record.subscription = &of;
  return *this;
}

Offer& Offer::subscribe(std::uint64_t session, std::string_view filter, std::string_view share) {
  return subscription(session, filter, share, MORTISE_PUT);
}

Offer& Offer::unsubscribe(std::uint64_t session, std::string_view filter, std::string_view share) {
  return subscription(session, filter, share, MORTISE_ERASE);
}

Offer& Offer::message(std::uint64_t number, std::uint32_t deliveries, const Body& body) {
  auto& record = add(MORTISE_REC_MESSAGE, MORTISE_PUT);
  record.number = number;
  record.deliveries = deliveries;
  record.body = keep(body);
  record.unix_ms = number % 3 == 0 ? 0 : 1'764'000'100'000;
  record.data = keep_bytes("m");
  return *this;
}

Offer& Offer::erase_message(std::uint64_t number) {
  add(MORTISE_REC_MESSAGE, MORTISE_ERASE).number = number;
  return *this;
}

Offer& Offer::identifiers(std::uint64_t delivery, std::string_view data) {
  auto& record = add(MORTISE_REC_IDENTIFIERS, MORTISE_PUT);
  record.number = delivery;
  record.data = keep_bytes(data);
  return *this;
}

Offer& Offer::inbound(std::uint64_t session, std::uint32_t identifier, std::uint8_t op) {
  auto& record = add(MORTISE_REC_INBOUND, op);
  record.session = session;
  record.identifier = identifier;
  return *this;
}

Offer& Offer::retain(std::string_view topic, std::uint64_t version, std::uint64_t number, const Body& body) {
  Body same = body;
  same.topic = topic;
  auto& record = add(MORTISE_REC_RETAINED, MORTISE_PUT);
  record.key = keep(topic);
  record.position = version;
  record.number = number;
  record.body = keep(same);
  return *this;
}

Offer& Offer::clear_retained(std::string_view topic, std::uint64_t version) {
  auto& record = add(MORTISE_REC_RETAINED, MORTISE_ERASE);
  record.key = keep(topic);
  record.position = version;
  return *this;
}

Offer& Offer::will(std::uint64_t session, std::string_view client_id, std::uint64_t due_ms) {
  auto& record = add(MORTISE_REC_WILL, MORTISE_PUT);
  record.session = session;
  record.key = keep(client_id);
  record.body = keep({.topic = "wills/" + std::string{client_id}, .payload = "gone"});
  bodies_.back().expiry_s = 60;
  record.seconds = 30;
  record.unix_ms = due_ms;
  record.data = keep_bytes("w");
  return *this;
}

Offer& Offer::erase_will(std::uint64_t session) {
  add(MORTISE_REC_WILL, MORTISE_ERASE).session = session;
  return *this;
}

Offer& Offer::deliver(std::uint64_t number, std::uint64_t message, std::uint64_t session,
                      std::uint64_t position, std::uint8_t state) {
  deliveries_.push_back({number, message, session, position, number % 4,
                         static_cast<std::uint32_t>(number % 5), MORTISE_PUT, 1, state,
                         MORTISE_DELIVERY_RETAIN});
  return *this;
}

Offer& Offer::erase_delivery(std::uint64_t number) {
  mortise_delivery_record_t out{};
  out.number = number;
  out.op = MORTISE_ERASE;
  deliveries_.push_back(out);
  return *this;
}

const mortise_batch_t* Offer::batch() {
  list_.clear();
  for (const mortise_record_t& record : records_) list_.push_back(&record);
  batch_.records = list_.data();
  batch_.record_count = list_.size();
  batch_.deliveries = deliveries_.data();
  batch_.delivery_count = deliveries_.size();
  return &batch_;
}

}  // namespace mortise::store_sqlite::test
