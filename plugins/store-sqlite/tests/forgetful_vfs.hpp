// A device that forgets what was not synced, fills up, and fails: a VFS layered over the system's.
//
// While a ForgetfulDevice lives it is SQLite's default VFS. Everything SQLite writes goes to the real file
// and is remembered until a sync of that file; cut() ends the power: from then on nothing gets through, and
// restore() puts every file back as the device would have it: what was synced, and of the rest a part chosen
// by the seed, each write whole, torn at a sector, or lost.
//
// Thread: any; one device at a time.
#pragma once

#include <sqlite3.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace mortise::store_sqlite::test {

class ForgetfulDevice {
 public:
  ForgetfulDevice();
  ~ForgetfulDevice();
  ForgetfulDevice(const ForgetfulDevice&) = delete;
  ForgetfulDevice& operator=(const ForgetfulDevice&) = delete;

  // The power goes at the n-th sync or write from now, counted from 1, before it takes effect.
  void cut_at_sync(std::uint64_t n);
  void cut_at_write(std::uint64_t n);
  void cut();
  bool is_cut() const;
  std::uint64_t syncs() const;
  std::uint64_t writes() const;
  // Files as they are found when the power is back. Every store must be closed.
  void restore(std::uint64_t seed);

  // The next sync of a WAL fails, and, as on Linux, what it was for counts as written from then on and is
  // lost.
  void fail_next_wal_sync();
  // Writes that need room fail as on a full device.
  void set_full(bool full);

 private:
  friend struct Shim;
  struct Change {
    sqlite3_int64 offset;  // of `bytes`; the new size of a truncation
    std::string bytes;
    bool truncates;
  };
  struct Content {
    std::string synced;
    std::vector<Change> unsynced;
    ino_t inode = 0;
  };

  static void apply(const Change& change, std::string& to);
  Content& of(const std::string& path);
  Content moved_here(ino_t inode, const std::string& now);
  int on_write(const std::string& path, sqlite3_int64 offset, const void* data, int size, bool grows);
  int on_truncate(const std::string& path, sqlite3_int64 size);
  int on_sync(const std::string& path);
  void on_delete(const std::string& path);

  mutable std::mutex mutex_;
  std::map<std::string, Content> files_;
  std::uint64_t syncs_ = 0;
  std::uint64_t writes_ = 0;
  std::uint64_t cut_at_sync_ = UINT64_MAX;
  std::uint64_t cut_at_write_ = UINT64_MAX;
  bool cut_ = false;
  bool full_ = false;
  bool fail_wal_sync_ = false;
};

}  // namespace mortise::store_sqlite::test
