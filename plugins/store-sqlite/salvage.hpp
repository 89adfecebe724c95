// Copies what can still be read out of a damaged store into a fresh one.
//
// Only rows whose sum is right are taken. Where a page cannot be read, the rows on it are skipped and the
// search goes on behind it.
//
// Cost: reads everything once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "database.hpp"
#include "schema.hpp"

namespace mortise::store_sqlite {

class Salvage {
 public:
  // `from` may be damaged in any way; `to` has an empty schema.
  Salvage(Connection& from, Connection& to) : from_{from}, to_{to} {}

  // Returns how many rows were saved, and sets the counter of commits to `commits`.
  std::uint64_t run(std::uint64_t commits);

 private:
  void copy_by_number(const Table& table);
  void copy_by_text(const Table& table, const char* direction);
  bool copy_rows(const Table& table, const std::string& rest, std::int64_t& last);
  std::optional<std::int64_t> seek(const Table& table, std::int64_t from);
  bool skip_unreadable(const Table& table, std::int64_t& from);

  Connection& from_;
  Connection& to_;
  std::uint64_t saved_ = 0;
};

}  // namespace mortise::store_sqlite
