#include "database.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "row_sum.hpp"

namespace mortise::store_sqlite {
namespace {

// SQLite makes files everybody may read, and gives the WAL the main file's mode. Only a file that was not
// there is touched: to open and close one that SQLite has open would drop its locks.
void make_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (file >= 0) ::close(file);
}

std::string sentence(sqlite3* of, int code, const std::string& path, std::string_view doing) {
  std::string out = path + ": " + std::string{doing} + ": ";
  out += of && sqlite3_errcode(of) != SQLITE_OK ? sqlite3_errmsg(of) : sqlite3_errstr(code);
  const int system = of ? sqlite3_system_errno(of) : 0;
  const int family = code & 0xff;
  if (system != 0 && (family == SQLITE_IOERR || family == SQLITE_FULL || family == SQLITE_CANTOPEN))
    out += " (" + std::generic_category().message(system) + ")";
  return out;
}

}  // namespace

Failure::Failure(sqlite3* of, int code, const std::string& path, std::string_view doing)
    : std::runtime_error{sentence(of, code, path, doing)}, code_{code} {
  // Growing the shared index of the WAL on a full device is an I/O error to SQLite.
  const int system = of && (code & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(of) : 0;
  full_ = (code & 0xff) == SQLITE_FULL || system == ENOSPC || system == EDQUOT;
}

mortise_status_t Failure::status() const noexcept {
  if (is_full()) return MORTISE_E_FULL;
  if (is_busy()) return MORTISE_E_BUSY;
  return is_damage() ? MORTISE_E_DAMAGED : MORTISE_E_IO;
}

Connection::Connection(std::string path, int flags) : path_{std::move(path)} {
  if (flags & SQLITE_OPEN_CREATE) make_private(path_);
  const int code = sqlite3_open_v2(path_.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    const Failure failure{handle_, code, path_, "cannot be opened"};
    sqlite3_close_v2(handle_);
    throw failure;
  }
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_wal_autocheckpoint(handle_, 0);
  add_row_sum(handle_);
}

void Connection::run(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw Failure{handle_, code, path_, sql.substr(0, sql.find('\n'))};
}

std::int64_t Connection::number(const std::string& sql) {
  Statement asked{*this, sql};
  return asked.step() ? static_cast<std::int64_t>(asked.number(0)) : 0;
}

std::string Connection::text(const std::string& sql) {
  Statement asked{*this, sql};
  return asked.step() ? std::string{view(asked.text(0))} : std::string{};
}

Statement::Statement(Connection& on, const std::string& sql) : on_{on} {
  check(sqlite3_prepare_v3(on.handle(), sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr));
}

void Statement::check(int code) const {
  if (code == SQLITE_OK) return;
  const Failure failure{on_.handle(), code, on_.path(), handle_ ? sqlite3_sql(handle_) : "a statement"};
  sqlite3_reset(handle_);
  throw failure;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) check(code);
  return code == SQLITE_ROW;
}

void Statement::bind_one(int at, mortise_str_t value) {
  check(value.data ? sqlite3_bind_text64(handle_, at, value.data, value.size, SQLITE_STATIC, SQLITE_UTF8)
                   : sqlite3_bind_null(handle_, at));
}

void Statement::bind_one(int at, mortise_bytes_t value) {
  check(value.data ? sqlite3_bind_blob64(handle_, at, value.data, value.size, SQLITE_STATIC)
                   : sqlite3_bind_null(handle_, at));
}

mortise_str_t Statement::text(int column) const noexcept {
  if (is_null(column)) return {};
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  return {data ? data : "", static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

mortise_bytes_t Statement::bytes(int column) const noexcept {
  static constexpr std::uint8_t nothing = 0;  // SQLite's pointer to an empty blob is null, ours means absent
  if (is_null(column)) return {};
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_, column));
  return {data ? data : &nothing, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

}  // namespace mortise::store_sqlite
