// What a store ought to hold, as text a person can compare: the simplest store there could be.
//
// Every field that draft/store.h promises to keep is in the text, and no other.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "mortise/draft/store.h"

namespace mortise::store_sqlite::test {

// "session", "subscription", … for MORTISE_REC_*.
std::string name_of(std::uint32_t kind);

class Facts {
 public:
  void put(const mortise_record_t& record);
  void put(const mortise_delivery_record_t& delivery);
  void apply(const mortise_batch_t& batch);
  // As if the store had been opened again: tombstones are forgotten.
  void reopen() { versions_.clear(); }
  void clear() { *this = {}; }

  // "session 5" -> "client_id=…"
  std::map<std::string, std::string> as_text() const;
  bool empty() const { return facts_.empty(); }
  std::size_t count(const std::string& kind) const;
  // Rows of a session come by rising position.
  bool in_order() const { return in_order_; }

 private:
  struct Fact {
    std::uint64_t session;  // it ends with this one; 0 = with none
    std::string text;
  };
  void erase(const mortise_record_t& record);

  std::map<std::string, Fact> facts_;
  std::map<std::string, std::uint64_t> versions_;  // of retained messages, erased ones included
  std::map<std::uint64_t, std::uint64_t> positions_;
  bool in_order_ = true;
};

}  // namespace mortise::store_sqlite::test
