// SQLite's connection and statement as values that close themselves, and its errors as exceptions that name
// the file.
//
// Thread: one at a time for a connection and its statements.
// Owns:   a statement's text and blob columns live until its next step(), reset() or end.
// Fails:  by throwing Failure.
#pragma once

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "mortise/plugin.hpp"

namespace mortise::store_sqlite {

// What SQLite refused to do, to which file, and why.
class Failure : public std::runtime_error {
 public:
  // `of` may be null; it is asked for the message and the system's error number.
  Failure(sqlite3* of, int code, const std::string& path, std::string_view doing);

  // No room on the device or within a quota.
  bool is_full() const noexcept { return full_; }
  // Another process holds a lock.
  bool is_busy() const noexcept { return (code_ & 0xff) == SQLITE_BUSY || (code_ & 0xff) == SQLITE_LOCKED; }
  // The file's content is not what SQLite wrote.
  bool is_damage() const noexcept { return (code_ & 0xff) == SQLITE_CORRUPT || code_ == SQLITE_NOTADB; }
  // fsync failed: what it was for may be lost although a second try succeeds.
  bool is_sync() const noexcept { return code_ == SQLITE_IOERR_FSYNC || code_ == SQLITE_IOERR_DIR_FSYNC; }
  // The file was readable, and what was read made no sense to SQLite: its schema is damaged, too.
  bool is_nonsense() const noexcept { return is_damage() || (code_ & 0xff) == SQLITE_ERROR; }
  mortise_status_t status() const noexcept;

 private:
  int code_;
  bool full_;
};

// An open database file. Never checkpoints by itself, neither while running nor when it closes.
class Connection {
 public:
  // `flags`: SQLITE_OPEN_*. Prepared for use by this plugin: row_sum() is there, the WAL is left alone.
  Connection(std::string path, int flags);
  ~Connection() { sqlite3_close_v2(handle_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void run(const std::string& sql);
  // The first value of the first row; 0 if there is none.
  std::int64_t number(const std::string& sql);
  std::string text(const std::string& sql);

  sqlite3* handle() const noexcept { return handle_; }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  sqlite3* handle_ = nullptr;
};

class Statement {
 public:
  Statement(Connection& on, const std::string& sql);
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Binds all parameters in order; the values must live until the statement has run.
  template <class... Values>
  Statement& bind(const Values&... values) {
    reset();
    int at = 0;
    (bind_one(++at, values), ...);
    return *this;
  }
  // True: there is a row.
  bool step();
  void reset() noexcept { sqlite3_reset(handle_); }

  // Binds, runs to the end, and says how many rows changed.
  template <class... Values>
  int run(const Values&... values) {
    bind(values...);
    while (step()) {}
    reset();
    return sqlite3_changes(on_.handle());
  }

  // Binds a column of the row `from` stands on; the copy is SQLite's.
  void bind_column(int at, const Statement& from, int column) {
    check(sqlite3_bind_value(handle_, at, sqlite3_column_value(from.handle_, column)));
  }

  std::uint64_t number(int column) const noexcept {
    return static_cast<std::uint64_t>(sqlite3_column_int64(handle_, column));
  }
  bool is_null(int column) const noexcept { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }
  // NULL is absent.
  mortise_str_t text(int column) const noexcept;
  mortise_bytes_t bytes(int column) const noexcept;

 private:
  void bind_one(int at, std::integral auto value) {
    check(sqlite3_bind_int64(handle_, at, static_cast<sqlite3_int64>(value)));
  }
  void bind_one(int at, std::nullptr_t) { check(sqlite3_bind_null(handle_, at)); }
  void bind_one(int at, std::string_view value) { bind_one(at, str(value)); }
  void bind_one(int at, mortise_str_t value);
  void bind_one(int at, mortise_bytes_t value);
  void check(int code) const;

  Connection& on_;
  sqlite3_stmt* handle_ = nullptr;
};

}  // namespace mortise::store_sqlite
