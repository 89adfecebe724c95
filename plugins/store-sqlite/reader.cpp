#include "reader.hpp"

#include "message_row.hpp"

namespace mortise::store_sqlite {
namespace {

constexpr std::size_t deliveries_a_call = 512;

constexpr const char* not_ended = " WHERE session NOT IN (SELECT session FROM ended)";

mortise_subscription_t subscription_of(const Statement& row) {
  mortise_subscription_t out{};
  out.size = sizeof out;
  out.share = row.text(1);
  if (out.share.size == 0) out.share = {};
  out.filter = row.text(2);
  out.qos = static_cast<std::uint8_t>(row.number(3));
  out.no_local = static_cast<std::uint8_t>(row.number(4));
  out.retain_as_published = static_cast<std::uint8_t>(row.number(5));
  out.retain_handling = static_cast<std::uint8_t>(row.number(6));
  out.identifier = static_cast<std::uint32_t>(row.number(7));
  return out;
}

mortise_delivery_record_t delivery_of(const Statement& row) {
  mortise_delivery_record_t out{};
  out.number = row.number(0);
  out.message = row.number(1);
  out.session = row.number(2);
  out.position = row.number(3);
  out.group = row.number(4);
  out.identifier = static_cast<std::uint32_t>(row.number(5));
  out.op = MORTISE_PUT;
  out.qos = static_cast<std::uint8_t>(row.number(6));
  out.state = static_cast<std::uint8_t>(row.number(7));
  out.flags = static_cast<std::uint8_t>(row.number(8));
  return out;
}

}  // namespace

Reader::Reader(mortise::host host, const std::string& path)
    : host_{host}, connection_{path, SQLITE_OPEN_READWRITE} {
  connection_.run("PRAGMA query_only = ON");
  connection_.run("PRAGMA cell_size_check = ON");
  connection_.run("PRAGMA temp_store = MEMORY");
}

mortise_status_t Reader::run(std::uint64_t request) {
  request_ = request;
  status_ = MORTISE_OK;
  connection_.run("BEGIN");  // one snapshot
  numbers_and_sessions();
  messages();
  deliveries();
  retained_and_wills();
  connection_.run("COMMIT");
  return status_;
}

bool Reader::emit(const mortise_record_t& record) {
  status_ = host_.store().emit(&host_.raw(), request_, &record);
  return status_ == MORTISE_OK;
}

template <class Fill>
void Reader::each(std::uint32_t kind, const std::string& sql, Fill fill) {
  if (status_ != MORTISE_OK) return;
  Statement rows{connection_, sql};
  while (rows.step()) {
    mortise_record_t record{};
    record.size = sizeof record;
    record.kind = static_cast<std::uint8_t>(kind);
    record.op = MORTISE_PUT;
    if (!fill(record, rows)) return;
  }
}

void Reader::numbers_and_sessions() {
  each(MORTISE_REC_NUMBERS, "SELECT reserved, unix_ms FROM numbers", [&](auto& record, const auto& row) {
    record.number = row.number(0);
    record.unix_ms = row.number(1);
    return emit(record);
  });
  each(MORTISE_REC_SESSION,
       "SELECT number, client_id, username, expires_ms, expiry_s, sent_to, data FROM session ORDER BY number",
       [&](auto& record, const auto& row) {
         record.session = row.number(0);
         record.key = row.text(1);
         record.owner = row.text(2);
         record.unix_ms = row.number(3);
         record.seconds = static_cast<std::uint32_t>(row.number(4));
         record.position = row.number(5);
         record.data = row.bytes(6);
         return emit(record);
       });
  each(MORTISE_REC_SUBSCRIPTION,
       std::string{
           "SELECT session, share, filter, qos, no_local, retain_as_published, retain_handling, identifier,"
           " data FROM subscription"} +
           not_ended,
       [&](auto& record, const auto& row) {
         const mortise_subscription_t subscription = subscription_of(row);
         record.session = row.number(0);
         record.subscription = &subscription;
         record.data = row.bytes(8);
         return emit(record);
       });
}

// A message inside the row of a delivery comes as the MESSAGE it was put as.
void Reader::messages() {
  const std::string body{body_columns};
  each(MORTISE_REC_MESSAGE,
       "SELECT number, " + body + ", expires_ms, data FROM message UNION ALL SELECT message, " + body +
           ", expires_ms, data FROM delivery WHERE topic IS NOT NULL AND NOT (session IN (SELECT session "
           "FROM ended)"
           " AND message IN (SELECT message FROM gone))",
       [&](auto& record, const auto& row) {
         const mortise_message_view_t message = body_of(row, 1);
         record.number = row.number(0);
         record.body = &message;
         record.unix_ms = row.number(9);
         record.data = row.bytes(10);
         return emit(record);
       });
  each(MORTISE_REC_IDENTIFIERS,
       "SELECT number, data FROM identifiers WHERE NOT EXISTS (SELECT 1 FROM delivery JOIN ended"
       " ON ended.session = delivery.session WHERE delivery.number = identifiers.number) ORDER BY number",
       [&](auto& record, const auto& row) {
         record.number = row.number(0);
         record.data = row.bytes(1);
         return emit(record);
       });
}

void Reader::deliveries() {
  if (status_ != MORTISE_OK) return;
  Statement rows{connection_,
                 std::string{"SELECT number, message, session, position, share_group, identifier, qos,"
                             " state, flags FROM delivery"} +
                     not_ended + " ORDER BY session, position"};
  std::vector<mortise_delivery_record_t> some;
  for (bool more = true; more && status_ == MORTISE_OK;) {
    some.clear();
    while (some.size() < deliveries_a_call && (more = rows.step())) some.push_back(delivery_of(rows));
    if (!some.empty())
      status_ = host_.store().emit_delivery(&host_.raw(), request_, some.data(), some.size());
  }
}

void Reader::retained_and_wills() {
  each(MORTISE_REC_INBOUND, "SELECT session, identifier FROM inbound ORDER BY session, identifier",
       [&](auto& record, const auto& row) {
         record.session = row.number(0);
         record.identifier = static_cast<std::uint32_t>(row.number(1));
         return emit(record);
       });
  const std::string body{body_columns};
  each(MORTISE_REC_RETAINED,
       "SELECT version, " + body + ", number, expires_ms, data FROM retained_value WHERE NOT erased",
       [&](auto& record, const auto& row) {
         const mortise_message_view_t message = body_of(row, 1);
         record.position = row.number(0);
         record.key = message.topic;
         record.body = &message;
         record.number = row.number(9);
         record.unix_ms = row.number(10);
         record.data = row.bytes(11);
         return emit(record);
       });
  each(MORTISE_REC_WILL, "SELECT session, " + body + ", client_id, delay_s, due_ms, expiry_s, data FROM will",
       [&](auto& record, const auto& row) {
         mortise_message_view_t message = body_of(row, 1);
         message.expiry_s = static_cast<std::uint32_t>(row.number(12));
         record.session = row.number(0);
         record.body = &message;
         record.key = row.text(9);
         record.seconds = static_cast<std::uint32_t>(row.number(10));
         record.unix_ms = row.number(11);
         record.data = row.bytes(13);
         return emit(record);
       });
}

}  // namespace mortise::store_sqlite
