#include "facts_model.hpp"

#include <algorithm>
#include <sstream>

namespace mortise::store_sqlite::test {
namespace {

std::string shown(const void* data, std::size_t size) {
  return data ? "'" + std::string{static_cast<const char*>(data), size} + "'" : "absent";
}
std::string shown(mortise_str_t text) { return shown(text.data, text.size); }
std::string shown(mortise_bytes_t bytes) { return shown(bytes.data, bytes.size); }

std::string shown(const mortise_message_view_t& body) {
  std::ostringstream out;
  out << " topic=" << shown(body.topic) << " payload=" << shown(body.payload)
      << " properties=" << shown(body.properties) << " qos=" << int{body.qos}
      << " retain=" << int{body.retain} << " publisher=" << shown(body.publisher)
      << " username=" << shown(body.username) << " received=" << body.received_unix_ms;
  return out.str();
}

std::string key_of(const mortise_record_t& record) {
  std::ostringstream out;
  out << name_of(record.kind) << ' ';
  switch (record.kind) {
    case MORTISE_REC_NUMBERS: break;
    case MORTISE_REC_SUBSCRIPTION:
      out << record.session << ' ' << shown(record.subscription->share) << ' '
          << shown(record.subscription->filter);
      break;
    case MORTISE_REC_INBOUND: out << record.session << ' ' << record.identifier; break;
    case MORTISE_REC_RETAINED: out << shown(record.key); break;
    case MORTISE_REC_SESSION:
    case MORTISE_REC_WILL: out << record.session; break;
    default: out << record.number;
  }
  return out.str();
}

std::string text_of(const mortise_record_t& record) {
  std::ostringstream out;
  switch (record.kind) {
    case MORTISE_REC_NUMBERS: out << record.number << " at " << record.unix_ms; break;
    case MORTISE_REC_SESSION:
      out << shown(record.key) << " owner=" << shown(record.owner) << " expires=" << record.unix_ms
          << " interval=" << record.seconds << " sent_to=" << record.position;
      break;
    case MORTISE_REC_SUBSCRIPTION: {
      const mortise_subscription_t& of = *record.subscription;
      out << int{of.qos} << int{of.no_local} << int{of.retain_as_published} << int{of.retain_handling}
          << " identifier=" << of.identifier;
      break;
    }
    case MORTISE_REC_MESSAGE: out << "expires=" << record.unix_ms << shown(*record.body); break;
    case MORTISE_REC_RETAINED:
      out << "version=" << record.position << " number=" << record.number << " expires=" << record.unix_ms
          << shown(*record.body);
      break;
    case MORTISE_REC_WILL:
      out << shown(record.key) << " delay=" << record.seconds << " due=" << record.unix_ms
          << " expiry=" << record.body->expiry_s << shown(*record.body);
      break;
    default: break;
  }
  out << " data=" << shown(record.data);
  return out.str();
}

bool is_below_session(std::uint32_t kind) {
  return kind == MORTISE_REC_SESSION || kind == MORTISE_REC_SUBSCRIPTION || kind == MORTISE_REC_INBOUND ||
         kind == MORTISE_REC_WILL;
}

}  // namespace

std::string name_of(std::uint32_t kind) {
  static const char* const names[] = {"",         "numbers",     "session",  "subscription",
                                      "message",  "identifiers", "delivery", "inbound",
                                      "retained", "will"};
  return kind < std::size(names) ? names[kind] : "unknown";
}

void Facts::put(const mortise_record_t& record) {
  if (record.kind == MORTISE_REC_RETAINED) {
    auto& version = versions_[key_of(record)];
    if (record.position < version) return;
    version = record.position;
  }
  facts_[key_of(record)] = {is_below_session(record.kind) ? record.session : 0, text_of(record)};
}

void Facts::put(const mortise_delivery_record_t& of) {
  std::uint64_t& position = positions_[of.session];
  in_order_ = in_order_ && of.position >= position;
  position = of.position;
  std::ostringstream out;
  out << "message=" << of.message << " session=" << of.session << " position=" << of.position
      << " group=" << of.group << " identifier=" << of.identifier << " qos=" << int{of.qos}
      << " state=" << int{of.state} << " flags=" << int{of.flags};
  facts_["delivery " + std::to_string(of.number)] = {of.session, out.str()};
}

void Facts::erase(const mortise_record_t& record) {
  if (record.kind == MORTISE_REC_RETAINED) {
    auto& version = versions_[key_of(record)];
    if (record.position < version) return;
    version = record.position;
  }
  facts_.erase(key_of(record));
  if (record.kind != MORTISE_REC_SESSION) return;
  const std::string delivery = "delivery ";
  std::erase_if(facts_, [&](const auto& fact) {
    if (!fact.first.starts_with("identifiers ")) return false;
    const auto of = facts_.find(delivery + fact.first.substr(std::string{"identifiers "}.size()));
    return of != facts_.end() && of->second.session == record.session;
  });
  std::erase_if(facts_, [&](const auto& fact) { return fact.second.session == record.session; });
}

void Facts::apply(const mortise_batch_t& batch) {
  for (std::size_t i = 0; i < batch.record_count; ++i)
    batch.records[i]->op == MORTISE_PUT ? put(*batch.records[i]) : erase(*batch.records[i]);
  for (std::size_t i = 0; i < batch.delivery_count; ++i) {
    const mortise_delivery_record_t& delivery = batch.deliveries[i];
    if (delivery.op == MORTISE_PUT) {
      put(delivery);
    } else {
      facts_.erase("delivery " + std::to_string(delivery.number));
      facts_.erase("identifiers " + std::to_string(delivery.number));
    }
  }
}

std::map<std::string, std::string> Facts::as_text() const {
  std::map<std::string, std::string> out;
  for (const auto& [key, fact] : facts_) out[key] = fact.text;
  return out;
}

std::size_t Facts::count(const std::string& kind) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(facts_, [&](const auto& fact) { return fact.first.starts_with(kind + " "); }));
}

}  // namespace mortise::store_sqlite::test
