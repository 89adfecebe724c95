// The plain files around a database, handled so that a power cut leaves either the old or the new.
//
// Cost:  every function may wait for the device.
// Fails: by std::system_error whose text begins with the path, unless a function says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace mortise::store_sqlite {

// The names of everything that belongs to one store.
struct Paths {
  std::string main;
  std::string folder() const;
  std::string wal() const { return main + "-wal"; }
  std::string shared_index() const { return main + "-shm"; }
  std::string witness() const { return main + "-witness"; }
  std::string reserve() const { return main + "-reserve"; }
  std::string unfinished() const { return main + ".new"; }
  std::string replacement() const { return main + ".ready"; }  // complete and on the device
};

// 0 also for a file that is not there.
std::uint64_t size_of(const std::string& path);
bool exists(const std::string& path);
bool is_folder(const std::string& path);
// The first bytes of a file; fewer if it is shorter. For the main file only while no connection is open:
// closing any descriptor of a file drops all of the process's POSIX locks on it.
std::string first_bytes(const std::string& path, std::size_t count);

// The copy and its name are on the device when this returns; an unfinished copy is never seen under `to`.
void copy_durably(const std::string& from, const std::string& to);
void rename_durably(const std::string& from, const std::string& to);
// False: somebody has that name; nothing is ever replaced. The folder is not synced.
bool rename_to_free_name(const std::string& from, const std::string& to);
// What was written to the file is on the device when this returns. Not for a file that SQLite has open.
void sync_file(const std::string& path);
// A file that is not there is no error.
void remove_if_there(const std::string& path);
// After it, names made in and taken out of `folder` survive a power cut.
void sync_folder(const std::string& folder);

// `begin` and the first number, from 1, with which nobody has the name.
std::string free_name(const std::string& begin);
// "<path>.damaged-1", or the next number nobody has.
std::string damaged_name(const std::string& path);

// Room left on the device for this process; 0 if it cannot be found out.
std::uint64_t free_bytes(const std::string& folder) noexcept;

}  // namespace mortise::store_sqlite
