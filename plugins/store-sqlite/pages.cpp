#include "pages.hpp"

#include "message_row.hpp"
#include "schema.hpp"

namespace mortise::store_sqlite {
namespace {

// The body, then: the message's number, expiry, the kernel's bytes, and whether the sum is right.
std::string sql(Connection& of, const std::string& table, const std::string& number) {
  return std::string{"SELECT "} + body_columns + ", " + number + ", expires_ms, data, sum IS row_sum(" +
         listed(columns_of(of, table)) + ") FROM " + table + " WHERE number = ?1 AND topic IS NOT NULL";
}

}  // namespace

Pages::Pages(mortise::host host, const std::string& path)
    : host_{host},
      connection_{path, SQLITE_OPEN_READWRITE},
      in_delivery_{connection_, sql(connection_, "delivery", "message")},
      in_message_{connection_, sql(connection_, "message", "number")} {
  connection_.run("PRAGMA query_only = ON");
  connection_.run("PRAGMA cell_size_check = ON");
  connection_.run("PRAGMA cache_size = -256");
}

mortise_status_t Pages::read(const mortise_read_t& what) {
  status_ = MORTISE_OK;
  connection_.run("BEGIN");  // one snapshot, held no longer than the page takes
  try {
    for (std::size_t i = 0; i < what.delivery_count && status_ == MORTISE_OK; ++i)
      emit(what.deliveries[i], what.request);
  } catch (...) {
    in_delivery_.reset();
    in_message_.reset();
    sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);  // what failed is what is told
    throw;
  }
  connection_.run("COMMIT");
  return status_;
}

// A message lies in the row of its only delivery, or in one of its own.
void Pages::emit(const mortise_delivery_record_t& delivery, std::uint64_t request) {
  if (!emit_row(in_delivery_, delivery.number, request)) emit_row(in_message_, delivery.message, request);
}

bool Pages::emit_row(Statement& from, std::uint64_t key, std::uint64_t request) {
  from.bind(key);
  const bool found = from.step();
  if (found && from.number(11) == 0) {
    host_.log(MORTISE_ERROR, "store.damaged_row",
              "a waiting message is not what was written: it is lost to the clients it waits for",
              {{"path", connection_.path()}, {"number", key}});
  } else if (found) {
    const mortise_message_view_t body = body_of(from, 0);
    mortise_record_t record{};
    record.size = sizeof record;
    record.kind = MORTISE_REC_MESSAGE;
    record.op = MORTISE_PUT;
    record.number = from.number(8);
    record.body = &body;
    record.unix_ms = from.number(9);
    record.data = from.bytes(10);
    status_ = host_.store().emit(&host_.raw(), request, &record);
  }
  from.reset();
  return found;
}

}  // namespace mortise::store_sqlite
