// Reads the whole store for the kernel, on a connection of its own.
//
// Thread: the strand.
// Cost:   one pass over each table, two over the deliveries, which are sorted in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "database.hpp"
#include "mortise/plugin.hpp"

namespace mortise::store_sqlite {

class Reader {
 public:
  Reader(mortise::host host, const std::string& path);

  // Emits everything to `request`, in the order of draft/store.h. MORTISE_OK, or what the host refused with.
  // Throws Failure.
  mortise_status_t run(std::uint64_t request);

 private:
  template <class Fill>
  void each(std::uint32_t kind, const std::string& sql, Fill fill);
  void numbers_and_sessions();
  void messages();
  void deliveries();
  void retained_and_wills();
  bool emit(const mortise_record_t& record);

  mortise::host host_;
  Connection connection_;
  std::uint64_t request_ = 0;
  mortise_status_t status_ = MORTISE_OK;
};

}  // namespace mortise::store_sqlite
