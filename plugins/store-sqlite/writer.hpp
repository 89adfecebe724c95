// The one connection that writes: transactions with the store's own counter in each.
//
// Thread: the strand.
// Fails:  by Failure, with nothing of the transaction done.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "condition.hpp"
#include "database.hpp"
#include "facts.hpp"
#include "sweep.hpp"

namespace mortise::store_sqlite {

class Writer {
 public:
  // Opens the store and writes an empty transaction, so that there is a WAL.
  // `on_wait` is told, in words, when another process keeps a transaction waiting.
  Writer(const std::string& path, std::uint64_t wal_limit, Condition& condition,
         std::function<void(const std::string&)> on_wait);

  // Runs `apply` in a transaction and returns how many there have been, this one included. On the return the
  // transaction survives the end of the process.
  std::uint64_t transaction(const std::function<void()>& apply);

  // Brings everything into the main file and empties the WAL. False: somebody is reading.
  bool checkpoint_and_truncate();

  std::uint64_t commits() const noexcept { return commits_; }
  // What the WAL holds now.
  std::uint64_t wal_bytes() const noexcept { return wal_bytes_; }
  // Of the database as it is now, the WAL included.
  std::uint64_t pages() { return static_cast<std::uint64_t>(connection_.number("PRAGMA page_count")); }
  std::uint64_t free_pages() {
    return static_cast<std::uint64_t>(connection_.number("PRAGMA freelist_count"));
  }
  sqlite3* handle() const noexcept { return connection_.handle(); }

  // All there is now, as a file of its own that is on the device when this returns; an older one is replaced.
  void copy_to(const std::string& path);
  Facts& facts() noexcept { return *facts_; }
  Sweep& sweep() noexcept { return *sweep_; }

 private:
  static int on_busy(void* self, int attempt);
  static int on_commit(void* self, sqlite3*, const char*, int frames);
  void roll_back() noexcept;
  void count_written();

  Condition& condition_;
  std::function<void(const std::string&)> on_wait_;
  Connection connection_;
  std::uint64_t commits_ = 0;
  std::uint64_t wal_bytes_ = 0;
  std::optional<Statement> begin_, count_, commit_;
  std::optional<Facts> facts_;
  std::optional<Sweep> sweep_;
};

}  // namespace mortise::store_sqlite
