#include "writer.hpp"

#include <utility>

#include "files.hpp"
#include "schema.hpp"

namespace mortise::store_sqlite {
namespace {

constexpr int frame_bytes = page_size + 24;
constexpr int busy_step_ms = 10;
constexpr int busy_attempts = 100;  // a second; then the batch is refused and comes again
constexpr int busy_is_slow = 10;

}  // namespace

Writer::Writer(const std::string& path, std::uint64_t wal_limit, Condition& condition,
               std::function<void(const std::string&)> on_wait)
    : condition_{condition}, on_wait_{std::move(on_wait)}, connection_{path, SQLITE_OPEN_READWRITE} {
  sqlite3_busy_handler(connection_.handle(), &on_busy, this);
  sqlite3_wal_hook(connection_.handle(), &on_commit, this);
  if (connection_.text("PRAGMA journal_mode = WAL") != "wal")
    throw Failure{nullptr, SQLITE_CANTOPEN, path, "the file system cannot share the memory that a WAL needs"};
  connection_.run("PRAGMA synchronous = NORMAL");
  // A forgotten reader can make the WAL grow beyond its limit; the first write after it shortens the file.
  connection_.run("PRAGMA journal_size_limit = " + std::to_string(wal_limit));
  // What is freed need not be overwritten with zeros: that would be one more page per message.
  connection_.run("PRAGMA secure_delete = OFF");
  connection_.run("PRAGMA cache_size = -8192");
  connection_.run("PRAGMA cell_size_check = ON");
  commits_ = static_cast<std::uint64_t>(connection_.number("SELECT commits FROM state"));
  begin_.emplace(connection_, "BEGIN IMMEDIATE");
  count_.emplace(connection_, "UPDATE state SET commits = ?1, sum = row_sum(id, ?1)");
  commit_.emplace(connection_, "COMMIT");
  transaction([] {});
  facts_.emplace(connection_);
  sweep_.emplace(connection_);
}

std::uint64_t Writer::transaction(const std::function<void()>& apply) {
  begin_->run();
  try {
    apply();
    count_->run(commits_ + 1);
    commit_->run();
  } catch (...) {
    roll_back();
    throw;
  }
  count_written();
  return ++commits_;
}

void Writer::roll_back() noexcept {
  if (sqlite3_get_autocommit(connection_.handle()) == 0)
    sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Writer::copy_to(const std::string& path) {
  const Paths made{path};
  for (const std::string& each : {made.main, made.wal(), made.shared_index()}) remove_if_there(each);
  Connection copy{path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
  Statement{connection_, "VACUUM INTO ?1"}.run(std::string_view{path});
  finish_new(copy);
}

bool Writer::checkpoint_and_truncate() {
  sqlite3* handle = connection_.handle();
  connection_.run("PRAGMA synchronous = FULL");
  const int code = sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
    throw Failure{handle, code, connection_.path(), "cannot be checkpointed"};
  return code == SQLITE_OK;
}

void Writer::count_written() {
  int pages = 0;
  int highest = 0;
  sqlite3_db_status(connection_.handle(), SQLITE_DBSTATUS_CACHE_WRITE, &pages, &highest, 1);
  condition_.add_written(static_cast<std::uint64_t>(pages) * frame_bytes);
}

int Writer::on_busy(void* self, int attempt) {
  auto& me = *static_cast<Writer*>(self);
  if (attempt == busy_is_slow)
    me.on_wait_(me.connection_.path() +
                ": another process holds the write lock: a sqlite3 shell in a transaction?");
  if (attempt >= busy_attempts) return 0;
  sqlite3_sleep(busy_step_ms);
  return 1;
}

int Writer::on_commit(void* self, sqlite3*, const char*, int frames) {
  static_cast<Writer*>(self)->wal_bytes_ = static_cast<std::uint64_t>(frames) * frame_bytes;
  return SQLITE_OK;
}

}  // namespace mortise::store_sqlite
