// How many transactions a store should hold, kept beside it, because SQLite takes a shortened or damaged WAL
// for the end of the log and says nothing.
//
// A small text file with two places, rewritten in turn and in place; the valid one with the higher turn
// counts. It is also what keeps two brokers off one store: locked (flock) as long as it is open.
//
// Thread: [any].
// Cost:   one pwrite of 512 bytes a line; sync() waits for the device.
// Fails:  the constructor throws. A line that cannot be written only weakens what the next start can find, so
//         it is remembered in error() and nothing else.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "presence.hpp"

namespace mortise::store_sqlite {

class Witness {
 public:
  struct Lines {
    std::int64_t schema = 0;
    std::uint64_t written = 0;  // transactions committed; after a power cut it may be ahead of the store
    std::uint64_t synced = 0;   // transactions known to be on the device: never ahead of the store
  };

  // Opens or makes the file and locks it; a second holder gets a std::runtime_error that names the path.
  explicit Witness(const std::string& path);
  ~Witness();
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  // What the last run left; empty when there was no file, or neither place of it could be read.
  const std::optional<Lines>& found() const noexcept { return found_; }

  // Up, and down as well when less was found than an earlier run had said.
  void written(std::uint64_t commits);
  void synced(std::uint64_t commits);
  // Makes the file again, with the lines it has now, if it does not stand under its name any more. Throws as
  // the constructor does.
  void stay();
  // Brings the lines to the device.
  void sync();

  // errno of the last line that could not be written; 0 = none.
  int error() const noexcept { return error_.load(); }

 private:
  static int open_locked(const std::string& path);
  void read();
  void write();

  std::string path_;
  int file_;
  std::optional<Presence> present_;
  std::mutex mutex_;
  std::uint64_t turn_ = 0;
  Lines lines_;
  std::optional<Lines> found_;
  std::atomic<int> error_ = 0;
};

}  // namespace mortise::store_sqlite
