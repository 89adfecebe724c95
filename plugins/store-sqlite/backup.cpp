#include "backup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "database.hpp"
#include "schema.hpp"

namespace mortise::store_sqlite {
namespace {

namespace fs = std::filesystem;

constexpr int pages_a_step = 256;
constexpr const char* may_write =
    "make a folder that the broker's user may write to; under systemd it has to be named in ReadWritePaths= "
    "of "
    "the unit, too (systemctl edit mortise)";

// With its links resolved, as far as it is there.
fs::path real_path(const std::string& path) {
  std::error_code ignored;
  fs::path real = fs::weakly_canonical(path, ignored);
  return real.empty() ? fs::path{path}.lexically_normal() : real;
}

bool is_of_store(const Paths& store, const std::string& target) {
  const fs::path real = real_path(target);
  for (const std::string& own :
       {store.main, store.wal(), store.shared_index(), store.witness(), store.reserve(), store.unfinished(),
        store.replacement(), store.main + "-journal"})
    if (real == real_path(own)) return true;
  return false;
}

bool is_same_device(const std::string& one, const std::string& other) {
  struct stat first {};
  struct stat second {};
  return ::stat(one.c_str(), &first) == 0 && ::stat(other.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev;
}

std::string in_mib(std::uint64_t bytes) { return std::to_string((bytes + 1048575) / 1048576) + " MiB"; }

void check_room(const Paths& store, const std::string& folder, std::uint64_t keep_free) {
  std::uint64_t needed = size_of(store.main) + size_of(store.wal());
  if (is_same_device(store.folder(), folder)) needed += keep_free;
  if (const std::uint64_t free = free_bytes(folder); free < needed)
    throw BackupRefused{folder + ": " + in_mib(free) + " are free, and a backup may need " + in_mib(needed),
                        "make room there, or choose another device"};
}

// Takes the name and nothing else; goes with its file unless it was kept.
class Unfinished {
 public:
  explicit Unfinished(const std::string& target) : path_{target + ".part"} {
    const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (file < 0 && errno == EEXIST)
      throw BackupRefused{path_ + " is there: a backup that was not finished, or a file of yours",
                          "remove it, or choose another name"};
    if (file < 0)
      throw BackupRefused{path_ + ": cannot be made: " + std::generic_category().message(errno), may_write};
    ::close(file);
  }
  ~Unfinished() {
    if (!kept_) ::unlink(path_.c_str());
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

  const std::string& path() const { return path_; }
  void keep_as(const std::string& target) {
    sync_file(path_);
    if (!rename_to_free_name(path_, target))
      throw BackupRefused{target + " was made by somebody else meanwhile", "choose another name"};
    kept_ = true;
    sync_folder(Paths{target}.folder());
  }

 private:
  const std::string path_;
  bool kept_ = false;
};

class Copying {
 public:
  Copying(Connection& from, Connection& to)
      : to_{to}, handle_{sqlite3_backup_init(to.handle(), "main", from.handle(), "main")} {
    if (!handle_) throw Failure{to.handle(), sqlite3_errcode(to.handle()), to.path(), "cannot be written"};
  }
  ~Copying() { finish(); }
  Copying(const Copying&) = delete;
  Copying& operator=(const Copying&) = delete;

  // True: there is more.
  bool step() {
    const int code = sqlite3_backup_step(handle_, pages_a_step);
    if (code == SQLITE_OK) return true;
    const int failed = finish();
    if (code != SQLITE_DONE || failed != SQLITE_OK)
      throw Failure{to_.handle(), code == SQLITE_DONE ? failed : code, to_.path(), "cannot be written"};
    return false;
  }

 private:
  int finish() noexcept {
    const int code = handle_ ? sqlite3_backup_finish(handle_) : SQLITE_OK;
    handle_ = nullptr;
    return code;
  }

  Connection& to_;
  sqlite3_backup* handle_;
};

void copy_pages(const Paths& store, Connection& from, const std::string& target, std::uint64_t keep_free,
                const std::atomic<bool>& ended) {
  Connection to{target, SQLITE_OPEN_READWRITE};
  // The file is of no use to anybody before it is whole, and then synced: it needs no journal.
  to.run("PRAGMA journal_mode = OFF");
  to.run("PRAGMA synchronous = OFF");
  Copying copying{from, to};
  while (copying.step()) {
    if (ended)
      throw BackupRefused{"the store is being closed, or opened anew after a failure", "ask again later"};
    if (free_bytes(store.folder()) < keep_free)
      throw BackupRefused{
          store.folder() + ": less than " + in_mib(keep_free) + " are free, which the store needs for itself",
          "make room there, or choose another device for the backup"};
  }
}

}  // namespace

void check_target(const Paths& store, const std::string& target) {
  if (target.find('\0') != std::string::npos)
    throw BackupRefused{"no path has a NUL in it", "choose another name"};
  if (!target.starts_with('/'))
    throw BackupRefused{
        "\"" + target + "\" is a relative path, and the broker works in another folder than you",
        "write it from / on, such as /var/backups/mortise.db"};
  if (is_of_store(store, target))
    throw BackupRefused{target + " is a file of the store itself", "choose another name"};
  if (target.ends_with('/') || is_folder(target))
    throw BackupRefused{target + " is a folder", "name a file in it"};
  struct stat there {};
  if (::lstat(target.c_str(), &there) == 0)
    throw BackupRefused{target + " is there already, and a backup replaces nothing",
                        "choose another name, or move that one away"};
  if (!is_folder(Paths{target}.folder()))
    throw BackupRefused{Paths{target}.folder() + ": there is no such folder", may_write};
}

BackupMade make_backup(const Paths& store, const std::string& target, std::uint64_t keep_free,
                       const std::atomic<bool>& ended) {
  try {
    Unfinished unfinished{target};
    check_room(store, Paths{target}.folder(), keep_free);
    Connection from{store.main, SQLITE_OPEN_READWRITE};
    from.run("PRAGMA query_only = ON");
    from.run("BEGIN");
    BackupMade made;
    made.commits = static_cast<std::uint64_t>(from.number("SELECT commits FROM state"));  // from here on
    copy_pages(store, from, unfinished.path(), keep_free, ended);
    made.bytes = size_of(unfinished.path());
    unfinished.keep_as(target);
    return made;
  } catch (const Failure& failure) {
    throw BackupRefused{failure.what(), failure.is_full()
                                            ? "make room there, or choose another device"
                                            : "the store goes on; mend that, or choose another place"};
  } catch (const std::system_error& error) {
    const bool is_full = error.code().value() == ENOSPC || error.code().value() == EDQUOT;
    throw BackupRefused{error.what(), is_full ? "make room there, or choose another device"
                                              : "the store goes on; mend that, or choose another place"};
  }
}

}  // namespace mortise::store_sqlite
