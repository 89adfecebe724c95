// How far a store has come: the lines that go to the kernel, to the witness, and from the writer to the
// syncer.
#pragma once

#include <cstdint>

namespace mortise::store_sqlite {

// A moment in the life of a store.
struct Mark {
  std::uint64_t commits = 0;   // transactions, the store's own included; rises across restarts
  std::uint64_t sequence = 0;  // the last batch in them; 0 = none since the start
};

}  // namespace mortise::store_sqlite
