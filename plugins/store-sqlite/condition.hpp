// How the store is, as mortise_store_t.health tells it.
//
// Thread: [any]; never waits for a file.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "mortise/draft/store.h"

namespace mortise::store_sqlite {

class Condition {
 public:
  // `state`: MORTISE_STORE_SLOW, _FULL or _BROKEN holds from now on, because of `text`. The gravest is shown.
  // True: it is news.
  bool set(std::uint32_t state, std::string_view text);
  // It holds no longer. True: it did.
  bool clear(std::uint32_t state);
  bool holds(std::uint32_t state) const;

  void add_written(std::uint64_t bytes);
  void measure(std::uint64_t bytes, std::uint64_t bytes_free);

  // All but `size` and `unsynced_ms`.
  mortise_health_t now() const;

 private:
  mutable std::mutex mutex_;
  std::array<std::string, MORTISE_STORE_BROKEN + 1> why_;
  std::uint64_t written_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t bytes_free_ = 0;
};

}  // namespace mortise::store_sqlite
