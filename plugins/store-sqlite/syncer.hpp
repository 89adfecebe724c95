// Brings the WAL to the device on a thread of its own, while the writer goes on.
//
// The WAL is synced through a descriptor of our own, opened by the same VFS as SQLite's: that leaves SQLite's
// locks alone, and whatever stands between SQLite and the device in a test stands here, too.
//
// Thread: every public function from the strand; unsynced_since() from any.
// Owns:   its thread and its descriptor.
// Fails:  a failed sync is final. It is remembered, nothing more is synced, and the strand finds it in
// failure().
#pragma once

#include <sqlite3.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "mortise/plugin.hpp"
#include "progress.hpp"
#include "witness.hpp"

namespace mortise::store_sqlite {

// A WAL opened through the VFS of the connection it belongs to.
class WalFile {
 public:
  // The WAL must be there: write a transaction first. Throws Failure.
  explicit WalFile(sqlite3* of);
  ~WalFile();
  WalFile(const WalFile&) = delete;
  WalFile& operator=(const WalFile&) = delete;

  // What SQLite says of the sync; SQLITE_OK when the bytes are on the device.
  int sync() noexcept;

 private:
  struct Freed {
    void operator()(sqlite3_file* file) const noexcept;
  };
  std::unique_ptr<sqlite3_file, Freed> file_;
};

class Syncer {
 public:
  Syncer(mortise::host host, Witness& witness, std::string path);
  ~Syncer();
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  // Begins, or begins again after close(), with the WAL of this connection.
  void open(sqlite3* of);
  // Waits for a sync under way and lets the descriptor go. What was written and not synced stays owed.
  void close();

  // The writer has committed up to `mark`; `wanted`: somebody waits for it to be synced.
  void written(Mark mark, bool wanted, std::uint64_t now_ns);
  // Syncs whatever is not, and the witness.
  void hurry();
  // Syncs whatever is not, and waits for it; the witness has time. False: the sync failed.
  bool finish();
  // hurry(), and done(request) to the host when all that is written now is synced; at once if it is.
  void flush(std::uint64_t request);

  // Up to where everything is on the device.
  Mark synced() const;
  // Time of the oldest write that is not; 0 = none.
  std::uint64_t unsynced_since() const;

  // What the failed sync said.
  std::optional<std::string> failure() const;
  // Forgets the failure and everything unsynced: it will be offered again. Open requests end with `status`.
  void give_up(mortise_status_t status);

 private:
  struct Request {
    std::uint64_t number;
    std::uint64_t commits;  // answered when this many are synced
  };

  void run();
  bool has_work() const;
  void sync_wal(std::unique_lock<std::mutex>& lock);
  void sync_witness(std::unique_lock<std::mutex>& lock);
  std::vector<std::uint64_t> take_answered();

  mortise::host host_;
  Witness& witness_;
  std::string path_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<WalFile> file_;
  std::optional<std::string> failure_;
  std::vector<Request> requests_;
  Mark written_;
  Mark synced_;
  std::uint64_t wanted_ = 0;  // commits that somebody waits for
  std::uint64_t unsynced_since_ = 0;
  std::uint64_t last_write_ = 0;
  std::uint64_t witness_at_ = 0;  // commits the witness on the device speaks of
  bool witness_due_ = false;
  bool busy_ = false;  // a sync is under way, outside the lock
  bool end_ = false;
  std::thread thread_;
};

}  // namespace mortise::store_sqlite
