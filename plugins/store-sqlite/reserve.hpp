// Room kept for the moment the device is full, so that what is deleted then can be written down.
//
// A deletion needs room in the WAL, and the checkpoint after it may have to grow the main file: a file of the
// WAL's bound and 1 MiB is held until the first "full", and made again when there is room for it and a
// little more.
//
// Thread: [any].
// Cost:   make() and release() wait for the device.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace mortise::store_sqlite {

class Reserve {
 public:
  Reserve(std::string path, std::uint64_t wal_limit);

  // Takes the room if the device has it to spare. False: there is none.
  bool make() noexcept;
  // Gives the room back to the device.
  void release() noexcept;
  bool held() const noexcept { return held_.load(); }
  std::uint64_t size() const noexcept { return size_; }
  // errno of the last make() that failed for another reason than too little room; 0 = none.
  int error() const noexcept { return error_.load(); }

 private:
  std::string path_;
  std::uint64_t size_;
  std::atomic<bool> held_ = false;
  std::atomic<int> error_ = 0;
};

}  // namespace mortise::store_sqlite
