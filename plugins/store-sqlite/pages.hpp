// Reads messages back for the kernel, which let go of their bodies while they wait for clients.
//
// Thread: the strand.
// Owns:   a connection of its own, with a small cache: each message is read once.
// Cost:   two look-ups by key a delivery, one transaction a page.
// Fails:  throws Failure. A row that is not what was written counts as not there, and the log has it.
#pragma once

#include <cstdint>
#include <string>

#include "database.hpp"
#include "mortise/plugin.hpp"

namespace mortise::store_sqlite {

class Pages {
 public:
  Pages(mortise::host host, const std::string& path);

  // Emits the messages of the deliveries named. MORTISE_OK, or what the host refused with.
  mortise_status_t read(const mortise_read_t& what);

 private:
  // Emits the row that `from` finds. False: there is none.
  bool emit_row(Statement& from, std::uint64_t key, std::uint64_t request);
  void emit(const mortise_delivery_record_t& delivery, std::uint64_t request);

  mortise::host host_;
  Connection connection_;
  Statement in_delivery_;
  Statement in_message_;
  mortise_status_t status_ = MORTISE_OK;
};

}  // namespace mortise::store_sqlite
