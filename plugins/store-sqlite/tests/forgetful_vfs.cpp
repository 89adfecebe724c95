#include "forgetful_vfs.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <utility>

namespace mortise::store_sqlite::test {
namespace {

ForgetfulDevice* device = nullptr;
sqlite3_vfs* under = nullptr;
sqlite3_vfs over{};

std::string content_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

ino_t inode_of(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_ino : 0;
}

bool is_wal(const std::string& path) { return path.ends_with("-wal"); }

}  // namespace

// One open file: SQLite's part first, then ours, then the file of the VFS below in the same piece of memory.
struct Shim {
  sqlite3_file base;
  std::string* path;

  static Shim& of(sqlite3_file* file) { return *reinterpret_cast<Shim*>(file); }
  static sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(Shim));
  }
  static const sqlite3_io_methods* methods(sqlite3_file* file) { return real(file)->pMethods; }

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    file->pMethods = nullptr;
    const int code = under->xOpen(under, name, real(file), flags, out);
    if (code != SQLITE_OK) return code;
    of(file).path = new std::string{name ? name : ""};
    file->pMethods = &table;
    if (name) {
      const std::lock_guard lock{device->mutex_};
      device->of(name);
    }
    return SQLITE_OK;
  }
  static int close(sqlite3_file* file) {
    const int code = methods(file)->xClose(real(file));
    delete of(file).path;
    return code;
  }
  static int read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
    return methods(file)->xRead(real(file), to, size, offset);
  }
  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
    sqlite3_int64 length = 0;
    methods(file)->xFileSize(real(file), &length);
    const int code = device->on_write(*of(file).path, offset, data, size, offset + size > length);
    return code != SQLITE_OK ? code : methods(file)->xWrite(real(file), data, size, offset);
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    const int code = device->on_truncate(*of(file).path, size);
    return code != SQLITE_OK ? code : methods(file)->xTruncate(real(file), size);
  }
  static int sync(sqlite3_file* file, int) { return device->on_sync(*of(file).path); }
  static int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return methods(file)->xFileSize(real(file), size);
  }
  static int lock(sqlite3_file* file, int level) { return methods(file)->xLock(real(file), level); }
  static int unlock(sqlite3_file* file, int level) { return methods(file)->xUnlock(real(file), level); }
  static int reserved(sqlite3_file* file, int* out) {
    return methods(file)->xCheckReservedLock(real(file), out);
  }
  static int control(sqlite3_file* file, int op, void* arg) {
    if (op == SQLITE_FCNTL_VFS_POINTER) {
      *static_cast<sqlite3_vfs**>(arg) = &over;
      return SQLITE_OK;
    }
    return methods(file)->xFileControl(real(file), op, arg);
  }
  static int sector(sqlite3_file* file) { return methods(file)->xSectorSize(real(file)); }
  static int traits(sqlite3_file* file) { return methods(file)->xDeviceCharacteristics(real(file)); }
  static int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    return methods(file)->xShmMap(real(file), page, size, extend, out);
  }
  static int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
    return methods(file)->xShmLock(real(file), offset, n, flags);
  }
  static void shm_barrier(sqlite3_file* file) { methods(file)->xShmBarrier(real(file)); }
  static int shm_unmap(sqlite3_file* file, int remove) {
    return methods(file)->xShmUnmap(real(file), remove);
  }
  static int remove(sqlite3_vfs*, const char* name, int sync_folder) {
    device->on_delete(name);
    return under->xDelete(under, name, sync_folder);
  }

  static constexpr sqlite3_io_methods table{
      2,        &close,  &read,   &write,   &truncate, &sync,        &file_size, &lock,   &unlock, &reserved,
      &control, &sector, &traits, &shm_map, &shm_lock, &shm_barrier, &shm_unmap, nullptr, nullptr};
};

ForgetfulDevice::ForgetfulDevice() {
  sqlite3_initialize();
  under = sqlite3_vfs_find(nullptr);
  device = this;
  over = *under;
  over.zName = "forgetful";
  over.szOsFile = static_cast<int>(sizeof(Shim)) + under->szOsFile;
  over.xOpen = &Shim::open;
  over.xDelete = &Shim::remove;
  sqlite3_vfs_register(&over, 1);
}

ForgetfulDevice::~ForgetfulDevice() {
  sqlite3_vfs_unregister(&over);
  sqlite3_vfs_register(under, 1);
  device = nullptr;
}

void ForgetfulDevice::apply(const Change& change, std::string& to) {
  const auto offset = static_cast<std::size_t>(change.offset);
  if (change.truncates) {
    to.resize(offset);
    return;
  }
  to.resize(std::max(to.size(), offset + change.bytes.size()));
  to.replace(offset, change.bytes.size(), change.bytes);
}

// A file that came under this name by other ways than ours is on the device already.
ForgetfulDevice::Content& ForgetfulDevice::of(const std::string& path) {
  const ino_t inode = inode_of(path);
  Content& out = files_[path];
  if (out.inode != inode) out = moved_here(inode, content_of(path));
  return out;
}

// A rename carries along what was not synced. The content tells it from a number that was given again.
ForgetfulDevice::Content ForgetfulDevice::moved_here(ino_t inode, const std::string& now) {
  for (auto& [path, content] : files_) {
    if (content.inode != inode || inode_of(path) == inode) continue;
    std::string whole = content.synced;
    for (const Change& change : content.unsynced) apply(change, whole);
    if (whole == now) return std::exchange(content, {});
  }
  return {now, {}, inode};
}

int ForgetfulDevice::on_write(const std::string& path, sqlite3_int64 offset, const void* data, int size,
                              bool grows) {
  const std::lock_guard lock{mutex_};
  if (++writes_ >= cut_at_write_) cut_ = true;
  if (cut_) return SQLITE_IOERR_WRITE;
  if (full_ && grows) return SQLITE_FULL;
  of(path).unsynced.push_back(
      {offset, std::string{static_cast<const char*>(data), static_cast<std::size_t>(size)}, false});
  return SQLITE_OK;
}

int ForgetfulDevice::on_truncate(const std::string& path, sqlite3_int64 size) {
  const std::lock_guard lock{mutex_};
  if (cut_) return SQLITE_IOERR_TRUNCATE;
  of(path).unsynced.push_back({size, {}, true});
  return SQLITE_OK;
}

int ForgetfulDevice::on_sync(const std::string& path) {
  const std::lock_guard lock{mutex_};
  if (++syncs_ >= cut_at_sync_) cut_ = true;
  if (cut_) return SQLITE_IOERR_FSYNC;
  Content& content = of(path);
  if (fail_wal_sync_ && is_wal(path)) {
    fail_wal_sync_ = false;
    content.unsynced.clear();
    return SQLITE_IOERR_FSYNC;
  }
  for (const Change& change : content.unsynced) apply(change, content.synced);
  content.unsynced.clear();
  return SQLITE_OK;
}

void ForgetfulDevice::on_delete(const std::string& path) {
  const std::lock_guard lock{mutex_};
  files_.erase(path);
}

void ForgetfulDevice::cut_at_sync(std::uint64_t n) {
  const std::lock_guard lock{mutex_};
  cut_at_sync_ = syncs_ + n;
}

void ForgetfulDevice::cut_at_write(std::uint64_t n) {
  const std::lock_guard lock{mutex_};
  cut_at_write_ = writes_ + n;
}

void ForgetfulDevice::cut() {
  const std::lock_guard lock{mutex_};
  cut_ = true;
}

bool ForgetfulDevice::is_cut() const {
  const std::lock_guard lock{mutex_};
  return cut_;
}

std::uint64_t ForgetfulDevice::syncs() const {
  const std::lock_guard lock{mutex_};
  return syncs_;
}

std::uint64_t ForgetfulDevice::writes() const {
  const std::lock_guard lock{mutex_};
  return writes_;
}

void ForgetfulDevice::restore(std::uint64_t seed) {
  std::mt19937_64 chance{seed};
  const std::lock_guard lock{mutex_};
  for (auto& [path, content] : files_) {
    if (inode_of(path) != content.inode) continue;  // renamed or gone since
    std::string& now = content.synced;
    for (const Change& change : content.unsynced) {
      const auto fate = chance() % 4;
      if (fate == 0) continue;
      Change kept = change;
      if (fate == 1 && !change.truncates) kept.bytes.resize(std::min<std::size_t>(change.bytes.size(), 512));
      apply(kept, now);
    }
    content.unsynced.clear();
    std::ofstream{path, std::ios::binary | std::ios::trunc} << now;
    std::filesystem::remove(path + "-shm");
  }
  files_.clear();
  cut_ = full_ = fail_wal_sync_ = false;
  cut_at_sync_ = cut_at_write_ = UINT64_MAX;
}

void ForgetfulDevice::fail_next_wal_sync() {
  const std::lock_guard lock{mutex_};
  fail_wal_sync_ = true;
}

void ForgetfulDevice::set_full(bool full) {
  const std::lock_guard lock{mutex_};
  full_ = full;
}

}  // namespace mortise::store_sqlite::test
