#include "host/records.hpp"

#include "host/abi_text.hpp"
#include "host/message_handle.hpp"
#include "mqtt/topic.hpp"

namespace mortise::host {

namespace {

using broker::Record;
namespace record = broker::record;

// The kernel's own byte of a message: its durability class, and whether the payload was said to be UTF-8.
std::string message_byte(const broker::Message& message) {
  return {static_cast<char>(static_cast<unsigned>(message.level()) | (message.payload_is_utf8() ? 4u : 0u))};
}

std::uint64_t unix_ms(base::WallTime time) {
  return time == base::WallTime::max() ? 0 : static_cast<std::uint64_t>(base::to_unix_ms(time));
}

std::uint64_t as_unsigned(std::int64_t ms) { return ms < 0 ? 0 : static_cast<std::uint64_t>(ms); }

}  // namespace

// Fills one struct from one record.
struct Fill {
  StoredBatch& to;
  mortise_record_t& out;

  void put(std::uint8_t kind) {
    out.kind = kind;
    out.op = MORTISE_PUT;
  }
  void erase(std::uint8_t kind) {
    out.kind = kind;
    out.op = MORTISE_ERASE;
  }
  void data(std::string bytes) {
    const std::string& kept = to.bytes_.emplace_back(std::move(bytes));
    out.data = {reinterpret_cast<const std::uint8_t*>(kept.data()), kept.size()};
  }
  mortise_message_view_t& body(const broker::Message& message) {
    mortise_message_view_t& view = to.bodies_.emplace_back(view_of(message, message.received()));
    view.context = nullptr;
    view.expiry_s = MORTISE_NO_EXPIRY;
    out.body = &view;
    out.number = message.number();
    data(message_byte(message));
    return view;
  }
  void filter(std::uint64_t session, const std::string& written, const mqtt::SubscriptionOptions& options,
              std::uint32_t identifier) {
    const mqtt::SharedFilter parts = mqtt::split_shared(written);
    mortise_subscription_t view{};
    view.size = sizeof view;
    view.identifier = identifier;
    view.qos = static_cast<std::uint8_t>(options.maximum_qos);
    view.no_local = options.no_local;
    view.retain_as_published = options.retain_as_published;
    view.retain_handling = static_cast<std::uint8_t>(options.retain_handling);
    view.filter = abi_str(parts.shared ? parts.filter : std::string_view{written});
    if (parts.shared) view.share = abi_str(parts.share);
    out.session = session;
    out.subscription = &to.subscriptions_.emplace_back(view);
  }

  void operator()(const record::Numbers& from) {
    put(MORTISE_REC_NUMBERS);
    out.number = from.reserved;
    out.unix_ms = as_unsigned(from.unix_ms);
  }
  void operator()(const record::Session& from) {
    put(MORTISE_REC_SESSION);
    out.session = from.number;
    out.key = abi_str(from.client_id);
    out.owner = abi_optional(from.username);
    out.seconds = from.expiry_s;
    out.unix_ms = as_unsigned(from.expires_unix_ms);
    out.position = from.sent_to;
  }
  void operator()(const record::SessionErase& from) {
    erase(MORTISE_REC_SESSION);
    out.session = from.number;
  }
  void operator()(const record::Subscription& from) {
    put(MORTISE_REC_SUBSCRIPTION);
    filter(from.session, from.filter, from.options, from.identifier);
  }
  void operator()(const record::SubscriptionErase& from) {
    erase(MORTISE_REC_SUBSCRIPTION);
    filter(from.session, from.filter, {}, 0);
  }
  void operator()(const record::MessagePut& from) {
    put(MORTISE_REC_MESSAGE);
    body(*from.message);
    out.unix_ms = unix_ms(from.message->expires());
    out.deliveries = from.deliveries;
  }
  void operator()(const record::MessageErase& from) {
    erase(MORTISE_REC_MESSAGE);
    out.number = from.number;
  }
  void operator()(const record::Inbound& from) {
    put(MORTISE_REC_INBOUND);
    out.session = from.session;
    out.identifier = from.packet_id;
  }
  void operator()(const record::InboundErase& from) {
    erase(MORTISE_REC_INBOUND);
    out.session = from.session;
    out.identifier = from.packet_id;
  }
  void operator()(const record::Retained& from) {
    put(MORTISE_REC_RETAINED);
    body(*from.message);
    out.position = from.version;
    out.key = abi_str(from.message->topic());
    out.unix_ms = unix_ms(from.message->expires());
  }
  void operator()(const record::RetainedErase& from) {
    erase(MORTISE_REC_RETAINED);
    out.position = from.version;
    out.key = abi_str(from.topic);
  }
  void operator()(const record::Will& from) {
    put(MORTISE_REC_WILL);
    body(*from.message).expiry_s = from.expiry_s.value_or(MORTISE_NO_EXPIRY);
    out.session = from.session;
    out.key = abi_str(from.client_id);
    out.seconds = from.delay_s;
    out.unix_ms = as_unsigned(from.due_unix_ms);
  }
  void operator()(const record::WillErase& from) {
    erase(MORTISE_REC_WILL);
    out.session = from.session;
  }
  void operator()(const record::DeliveryIdentifiers& from) {
    put(MORTISE_REC_IDENTIFIERS);
    out.number = from.delivery;
    std::string bytes;
    for (const std::uint32_t identifier : from.identifiers)
      for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(identifier >> shift & 0xFF);
    data(std::move(bytes));
  }
};

StoredBatch::StoredBatch(broker::Batch batch, base::TimePoint since)
    : batch_{std::move(batch)}, since_{since}, memory_{batch_.memory()} {
  const std::size_t count = batch_.records.size();
  // Everything below is pointed into: no vector may grow later.
  records_.reserve(count);
  pointers_.reserve(count);
  bodies_.reserve(count);
  subscriptions_.reserve(count);
  bytes_.reserve(count);
  for (const Record& from : batch_.records) {
    mortise_record_t& out = records_.emplace_back();
    out = {};
    out.size = sizeof out;
    std::visit(Fill{*this, out}, from);
    pointers_.push_back(&out);
  }
  deliveries_.reserve(batch_.deliveries.size());
  for (const broker::DeliveryRecord& from : batch_.deliveries) {
    mortise_delivery_record_t& out = deliveries_.emplace_back();
    out = {};
    out.number = from.number;
    out.message = from.message;
    out.session = from.session;
    out.position = from.position;
    out.identifier = from.identifier;
    out.op = static_cast<std::uint8_t>(from.op);
    out.qos = static_cast<std::uint8_t>(from.qos);
    out.state = static_cast<std::uint8_t>(from.state);
    out.flags = from.retain ? MORTISE_DELIVERY_RETAIN : 0;
  }
  abi_.size = sizeof abi_;
  abi_.level = static_cast<std::uint32_t>(batch_.level);
  abi_.sequence = batch_.sequence;
  abi_.records = pointers_.data();
  abi_.record_count = pointers_.size();
  abi_.deliveries = deliveries_.data();
  abi_.delivery_count = deliveries_.size();
}

// ---- back

namespace {

broker::MessageRef make_message(const mortise_record_t& from, std::uint64_t expires_unix_ms,
                                broker::Accounts& accounts) {
  const mortise_message_view_t& body = *from.body;
  broker::MessageParts parts;
  parts.topic = view_of(body.topic);
  parts.payload = view_of(body.payload);
  parts.raw_properties = view_of(body.properties);
  parts.publisher = view_of(body.publisher);
  parts.username = view_of(body.username);
  parts.qos = static_cast<mqtt::Qos>(body.qos);
  parts.retain = body.retain != 0;
  parts.received = base::from_unix_ms(static_cast<std::int64_t>(body.received_unix_ms));
  if (expires_unix_ms != 0) parts.expires = base::from_unix_ms(static_cast<std::int64_t>(expires_unix_ms));
  const std::uint8_t byte = from.data.size != 0 ? from.data.data[0] : 0;
  parts.level = static_cast<broker::Level>(byte & 3);
  parts.payload_is_utf8 = (byte & 4) != 0;
  parts.number = from.number;
  return broker::Message::make(parts, accounts);
}

bool is_whole(const mortise_record_t& from) {
  return MORTISE_HAS(&from, data) && (from.data.size == 0 || from.data.data);
}

bool has_sound_body(const mortise_record_t& from) {
  const mortise_message_view_t* body = from.body;
  return body && MORTISE_HAS(body, received_unix_ms) && body->qos <= 2 &&
         mqtt::is_topic_name(view_of(body->topic)) && body->publisher.size <= 65'535 &&
         body->username.size <= 65'535 && (from.data.size == 0 || (from.data.data[0] & 3) <= 2);
}

bool restore_subscription(const mortise_record_t& from, broker::Restorer& to) {
  const mortise_subscription_t* view = from.subscription;
  if (!view || !MORTISE_HAS(view, share) || view->qos > 2 || view->retain_handling > 2) return false;
  std::string filter{view_of(view->filter)};
  if (!mqtt::is_topic_filter(filter)) return false;
  if (view->share.data) filter = "$share/" + std::string{view_of(view->share)} + '/' + filter;
  const mqtt::SubscriptionOptions options{static_cast<mqtt::Qos>(view->qos), view->no_local != 0,
                                          view->retain_as_published != 0,
                                          static_cast<mqtt::RetainHandling>(view->retain_handling)};
  to.on_record(record::Subscription{from.session, std::move(filter), options, view->identifier});
  return true;
}

bool restore_identifiers(const mortise_record_t& from, broker::Restorer& to) {
  if (from.data.size % 4 != 0) return false;
  std::vector<std::uint32_t> identifiers(from.data.size / 4);
  for (std::size_t i = 0; i < from.data.size; ++i)
    identifiers[i / 4] |= static_cast<std::uint32_t>(from.data.data[i]) << (i % 4 * 8);
  to.on_record(record::DeliveryIdentifiers{from.number, std::move(identifiers)});
  return true;
}

}  // namespace

broker::MessageRef restore_message(const mortise_record_t& from, broker::Accounts& accounts) {
  if (!is_whole(from) || !has_sound_body(from)) return {};
  return make_message(from, from.unix_ms, accounts);
}

bool restore_record(const mortise_record_t& from, broker::Restorer& to) {
  if (!is_whole(from)) return false;
  const auto ms = static_cast<std::int64_t>(from.unix_ms);
  switch (from.kind) {
    case MORTISE_REC_NUMBERS: to.on_record(record::Numbers{from.number, ms}); return true;
    case MORTISE_REC_SESSION:
      to.on_record(record::Session{from.session, std::string{view_of(from.key)},
                                   std::string{view_of(from.owner)}, from.seconds, ms, from.position});
      return true;
    case MORTISE_REC_SUBSCRIPTION: return restore_subscription(from, to);
    case MORTISE_REC_MESSAGE:
      if (!has_sound_body(from)) return false;
      to.on_record(record::MessagePut{make_message(from, from.unix_ms, to.accounts()), 0});
      return true;
    case MORTISE_REC_IDENTIFIERS: return restore_identifiers(from, to);
    case MORTISE_REC_INBOUND:
      to.on_record(record::Inbound{from.session, static_cast<mqtt::PacketId>(from.identifier)});
      return true;
    case MORTISE_REC_RETAINED:
      if (!has_sound_body(from)) return false;
      to.on_record(record::Retained{from.position, make_message(from, from.unix_ms, to.accounts())});
      return true;
    case MORTISE_REC_WILL: {
      if (!has_sound_body(from)) return false;
      record::Will will{from.session,
                        std::string{view_of(from.key)},
                        make_message(from, 0, to.accounts()),
                        from.seconds,
                        {},
                        ms};
      if (from.body->expiry_s != MORTISE_NO_EXPIRY) will.expiry_s = from.body->expiry_s;
      to.on_record(std::move(will));
      return true;
    }
    default: return false;
  }
}

bool restore_delivery(const mortise_delivery_record_t& from, broker::Restorer& to) {
  if (from.qos > 2 || from.state < MORTISE_QUEUED || from.state > MORTISE_RECEIVED) return false;
  broker::DeliveryRecord delivery;
  delivery.number = from.number;
  delivery.message = from.message;
  delivery.session = from.session;
  delivery.position = from.position;
  delivery.identifier = from.identifier;
  delivery.state = static_cast<broker::DeliveryRecord::State>(from.state);
  delivery.qos = static_cast<mqtt::Qos>(from.qos);
  delivery.retain = (from.flags & MORTISE_DELIVERY_RETAIN) != 0;
  to.on_delivery(delivery);
  return true;
}

}  // namespace mortise::host
