// A copy of the whole store, made while it is written to, under a name that nobody has.
//
// A reader of its own holds one moment of the store, all commits up to it and none after, and copies it page
// by page; commits go on meanwhile. The copy is made under FILE.part and gets its name when all of it is on
// the device.
//
// Thread: check_target() any; make_backup() one that may wait for minutes.
// Owns:   the unfinished file, which goes when it fails.
// Fails:  by BackupRefused, with what to do about it.
#pragma once

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "files.hpp"

namespace mortise::store_sqlite {

class BackupRefused : public std::runtime_error {
 public:
  explicit BackupRefused(const std::string& text, std::string remedy = {})
      : std::runtime_error{text}, remedy_{std::move(remedy)} {}
  const std::string& remedy() const noexcept { return remedy_; }

 private:
  std::string remedy_;
};

struct BackupMade {
  std::uint64_t bytes = 0;
  std::uint64_t commits = 0;  // in it
};

// Throws if `target` cannot be the name of a backup of `store`.
void check_target(const Paths& store, const std::string& target);

// `keep_free`: room, in bytes, that the store's own device has to keep all the time. Ends early once `ended`
// is true.
BackupMade make_backup(const Paths& store, const std::string& target, std::uint64_t keep_free,
                       const std::atomic<bool>& ended);

}  // namespace mortise::store_sqlite
