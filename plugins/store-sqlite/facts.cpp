#include "facts.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "schema.hpp"

namespace mortise::store_sqlite {
namespace {

// A PUT below the version that is kept changes nothing; an equal one is the same again.
std::string put_retained_sql(Connection& of) {
  std::string changes;
  for (const std::string& column : columns_of(of, "retained_value"))
    if (column != "topic") changes += column + " = excluded." + column + ", ";
  return put_sql(
      of, "retained_value",
      "ON CONFLICT(topic) DO UPDATE SET " + changes + "sum = excluded.sum WHERE excluded.version >= version");
}

// A delivery without its message: what the row may hold of it stays, and the sum is made over the whole row.
std::string put_delivery_sql(Connection& of) {
  const auto columns = columns_of(of, "delivery");
  const auto body = std::ranges::find(columns, "topic");
  const std::vector<std::string> own{columns.begin(), body};
  const std::vector<std::string> rest{body, columns.end()};
  std::string parameters;
  std::string changes;
  for (std::size_t i = 0; i < own.size(); ++i) {
    parameters += (i == 0 ? "?" : ", ?") + std::to_string(i + 1);
    if (i > 0) changes += own[i] + " = excluded." + own[i] + ", ";
  }
  std::string nulls;
  for (std::size_t i = 0; i < rest.size(); ++i) nulls += ", NULL";
  return "INSERT INTO delivery(" + listed(own) + ", sum) VALUES(" + parameters + ", row_sum(" + parameters +
         nulls + ")) ON CONFLICT(number) DO UPDATE SET " + changes + "sum = row_sum(" +
         listed(own, "excluded.") + ", " + listed(rest) + ")";
}

// Copies the message out of a delivery's row into a row of its own.
std::string move_message_sql(Connection& of) {
  auto columns = columns_of(of, "message");
  const std::string to = listed(columns);
  columns.front() = "message";
  const std::string from = listed(columns);
  return "INSERT OR REPLACE INTO message(" + to + ", sum) SELECT " + from + ", row_sum(" + from +
         ") FROM delivery WHERE number = ?1";
}

const mortise_message_view_t& body_of(const mortise_record_t& record) {
  if (!record.body) throw std::invalid_argument{"a record that needs a message came without"};
  return *record.body;
}

const mortise_subscription_t& subscription_of(const mortise_record_t& record) {
  if (!record.subscription)
    throw std::invalid_argument{"a SUBSCRIPTION record came without its subscription"};
  return *record.subscription;
}

// A key's column cannot be NULL, and a name of no bytes is none.
std::string_view share_of(const mortise_subscription_t& subscription) {
  return subscription.share.data ? view(subscription.share) : std::string_view{""};
}

}  // namespace

Facts::Facts(Connection& on)
    : put_numbers_{on, put_sql(on, "numbers")},
      put_session_{on, put_sql(on, "session")},
      put_subscription_{on, put_sql(on, "subscription")},
      put_message_{on, put_sql(on, "message")},
      put_identifiers_{on, put_sql(on, "identifiers")},
      put_inbound_{on, put_sql(on, "inbound")},
      put_retained_{on, put_retained_sql(on)},
      put_will_{on, put_sql(on, "will")},
      put_delivery_{on, put_delivery_sql(on)},
      put_delivery_with_message_{on, put_sql(on, "delivery")},
      put_ended_{on, put_sql(on, "ended")},
      put_gone_{on, put_sql(on, "gone")},
      erase_numbers_{on, "DELETE FROM numbers"},
      erase_session_{on, "DELETE FROM session WHERE number = ?1"},
      erase_subscription_{on, "DELETE FROM subscription WHERE session = ?1 AND share = ?2 AND filter = ?3"},
      erase_message_{on, "DELETE FROM message WHERE number = ?1"},
      erase_identifiers_{on, "DELETE FROM identifiers WHERE number = ?1"},
      erase_inbound_{on, "DELETE FROM inbound WHERE session = ?1 AND identifier = ?2"},
      erase_will_{on, "DELETE FROM will WHERE session = ?1"},
      erase_delivery_{on, "DELETE FROM delivery WHERE number = ?1"},
      erase_inbound_of_{on, "DELETE FROM inbound WHERE session = ?1"},
      erase_subscriptions_of_{on, "DELETE FROM subscription WHERE session = ?1"},
      erase_ended_{on, "DELETE FROM ended WHERE session = ?1"},
      erase_gone_{on, "DELETE FROM gone WHERE message = ?1"},
      erase_all_gone_{on, "DELETE FROM gone"},
      erase_tombstones_{on, "DELETE FROM retained_value WHERE erased"},
      message_in_row_{on, "SELECT message FROM delivery WHERE number = ?1 AND topic IS NOT NULL"},
      move_message_{on, move_message_sql(on)},
      is_gone_{on, "SELECT 1 FROM gone WHERE message = ?1"},
      has_identifiers_{on.number("SELECT EXISTS(SELECT 1 FROM identifiers)") != 0},
      has_gone_{on.number("SELECT EXISTS(SELECT 1 FROM gone)") != 0} {}

std::vector<std::uint64_t> Facts::apply(std::span<const mortise_batch_t* const> batches, bool sweeping) {
  const Plan plan{batches};
  ended_.clear();
  unmet_.clear();
  for (std::size_t b = 0; b < batches.size(); ++b) {
    const mortise_batch_t& batch = *batches[b];
    in_row_.clear();
    for (std::size_t i = 0; i < batch.record_count; ++i) apply_record(*batch.records[i], plan, b, i);
    for (std::size_t i = 0; i < batch.delivery_count; ++i) {
      const mortise_delivery_record_t& delivery = batch.deliveries[i];
      if (delivery.op == MORTISE_ERASE)
        erase_delivery(delivery.number, [&](std::uint64_t message) { return plan.erases_message(message); });
      else if (!plan.cancels_delivery(delivery.number, b, i))
        put_delivery(delivery);
    }
    for (const auto& [number, message] : in_row_) put_message(*message);
  }
  remember_gone(sweeping || !ended_.empty());
  return std::move(ended_);
}

void Facts::apply_record(const mortise_record_t& record, const Plan& plan, std::size_t batch,
                         std::size_t place) {
  if (record.kind == MORTISE_REC_RETAINED) {
    if (!plan.outdates(record)) put_retained(record);
  } else if (record.op == MORTISE_ERASE) {
    erase(record);
  } else if (record.kind == MORTISE_REC_MESSAGE) {
    if (plan.cancels_message(record.number, batch, place)) return;
    if (has_gone_) erase_gone_.run(record.number);
    // Put twice in one batch, it has several deliveries after all.
    const bool again = in_row_.erase(record.number) != 0;
    if (record.deliveries == 1 && !again)
      in_row_[record.number] = &record;
    else
      put_message(record);
  } else {
    put(record);
  }
}

void Facts::put(const mortise_record_t& record) {
  switch (record.kind) {
    case MORTISE_REC_NUMBERS: put_numbers_.run(1, record.number, record.unix_ms); break;
    case MORTISE_REC_SESSION:
      put_session_.run(record.session, record.key, record.owner, record.unix_ms, record.seconds,
                       record.position, record.data);
      break;
    case MORTISE_REC_SUBSCRIPTION: {
      const mortise_subscription_t& of = subscription_of(record);
      put_subscription_.run(record.session, share_of(of), of.filter, of.qos, of.no_local,
                            of.retain_as_published, of.retain_handling, of.identifier, record.data);
      break;
    }
    case MORTISE_REC_IDENTIFIERS:
      has_identifiers_ = true;
      put_identifiers_.run(record.number, record.data);
      break;
    case MORTISE_REC_INBOUND: put_inbound_.run(record.session, record.identifier); break;
    case MORTISE_REC_WILL: put_will(record); break;
    default: throw std::invalid_argument{"a record of unknown kind " + std::to_string(record.kind)};
  }
}

void Facts::erase(const mortise_record_t& record) {
  switch (record.kind) {
    case MORTISE_REC_NUMBERS: erase_numbers_.run(); break;
    case MORTISE_REC_SESSION: end_session(record.session); break;
    case MORTISE_REC_SUBSCRIPTION: {
      const mortise_subscription_t& of = subscription_of(record);
      erase_subscription_.run(record.session, share_of(of), of.filter);
      break;
    }
    case MORTISE_REC_MESSAGE:
      if (erase_message_.run(record.number) == 0) unmet_.insert(record.number);
      break;
    case MORTISE_REC_IDENTIFIERS: erase_identifiers_.run(record.number); break;
    case MORTISE_REC_INBOUND: erase_inbound_.run(record.session, record.identifier); break;
    case MORTISE_REC_WILL: erase_will_.run(record.session); break;
    default: throw std::invalid_argument{"a record of unknown kind " + std::to_string(record.kind)};
  }
}

void Facts::put_message(const mortise_record_t& record) {
  const mortise_message_view_t& body = body_of(record);
  put_message_.run(record.number, body.topic, body.payload, body.properties, body.qos, body.retain,
                   body.publisher, body.username, body.received_unix_ms, record.unix_ms, record.data);
}

void Facts::put_retained(const mortise_record_t& record) {
  if (record.op == MORTISE_ERASE) {
    put_retained_.run(record.key, record.position, 1, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                      nullptr, nullptr, nullptr, nullptr);
    return;
  }
  const mortise_message_view_t& body = body_of(record);
  put_retained_.run(record.key, record.position, 0, record.number, body.payload, body.properties, body.qos,
                    body.retain, body.publisher, body.username, body.received_unix_ms, record.unix_ms,
                    record.data);
}

void Facts::put_will(const mortise_record_t& record) {
  const mortise_message_view_t& body = body_of(record);
  put_will_.run(record.session, record.key, body.topic, body.payload, body.properties, body.qos, body.retain,
                body.publisher, body.username, body.received_unix_ms, record.seconds, record.unix_ms,
                body.expiry_s, record.data);
}

void Facts::end_session(std::uint64_t session) {
  erase_session_.run(session);
  erase_will_.run(session);
  erase_inbound_of_.run(session);
  put_ended_.run(session);
  ended_.push_back(session);
}

void Facts::put_delivery(const mortise_delivery_record_t& of) {
  const auto waiting = in_row_.find(of.message);
  if (waiting == in_row_.end()) {
    put_delivery_.run(of.number, of.message, of.session, of.position, of.group, of.identifier, of.qos,
                      of.state, of.flags);
    return;
  }
  const mortise_record_t& record = *waiting->second;
  const mortise_message_view_t& body = body_of(record);
  put_delivery_with_message_.run(of.number, of.message, of.session, of.position, of.group, of.identifier,
                                 of.qos, of.state, of.flags, body.topic, body.payload, body.properties,
                                 body.qos, body.retain, body.publisher, body.username, body.received_unix_ms,
                                 record.unix_ms, record.data);
  in_row_.erase(waiting);
}

void Facts::erase_delivery(std::uint64_t number, const std::function<bool(std::uint64_t)>& message_is_gone) {
  message_in_row_.bind(number);
  const bool in_row = message_in_row_.step();
  const std::uint64_t message = in_row ? message_in_row_.number(0) : 0;
  message_in_row_.reset();
  if (in_row) {
    if (!message_is_gone(message)) move_message_.run(number);
    unmet_.erase(message);
  }
  erase_delivery_.run(number);
  if (has_identifiers_) erase_identifiers_.run(number);
}

// A message erased by name may lie in the row of a delivery that only the sweep will find.
void Facts::remember_gone(bool sweeping) {
  if (!sweeping) return;
  for (const std::uint64_t message : unmet_) {
    has_gone_ = true;
    put_gone_.run(message);
  }
}

void Facts::sweep_delivery(std::uint64_t number) {
  erase_delivery(number, [this](std::uint64_t message) {
    is_gone_.bind(message);
    const bool gone = is_gone_.step();
    is_gone_.reset();
    return gone;
  });
}

void Facts::sweep_session(std::uint64_t session) {
  erase_subscriptions_of_.run(session);
  erase_ended_.run(session);
}

void Facts::forget_gone() {
  if (has_gone_) erase_all_gone_.run();
}

}  // namespace mortise::store_sqlite
