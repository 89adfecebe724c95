#include "salvage.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace mortise::store_sqlite {
namespace {

constexpr int gaps_max = 10'000;  // unreadable places in one table

}  // namespace

std::uint64_t Salvage::run(std::uint64_t commits) {
  to_.run("BEGIN");
  for (const Table& table : tables) {
    if (std::strcmp(table.name, "state") == 0) continue;
    if (std::strchr(table.key, ',') || std::strcmp(table.key, "topic") == 0) {
      copy_by_text(table, "ASC");
      copy_by_text(table, "DESC");
    } else {
      copy_by_number(table);
    }
  }
  Statement{to_, "UPDATE state SET commits = ?1, sum = row_sum(id, ?1)"}.run(commits);
  to_.run("COMMIT");
  return saved_;
}

// The tables whose key is not a number are small: from both ends, up to the first page that cannot be read.
void Salvage::copy_by_text(const Table& table, const char* direction) {
  const std::string key{table.key};
  std::string order;
  for (std::size_t start = 0; start < key.size();) {
    const std::size_t end = std::min(key.find(", ", start), key.size());
    order += (order.empty() ? " ORDER BY " : ", ") + key.substr(start, end - start) + " " + direction;
    start = end + 2;
  }
  std::int64_t unused = 0;
  copy_rows(table, order, unused);
}

void Salvage::copy_by_number(const Table& table) {
  std::int64_t from = 0;
  for (int gap = 0; gap < gaps_max; ++gap) {
    std::int64_t last = from - 1;
    const std::string rest =
        " WHERE " + std::string{table.key} + " >= " + std::to_string(from) + " ORDER BY 1";
    if (copy_rows(table, rest, last)) return;
    // The row `from` stands on may be found and yet not be read: its overflow pages are damaged.
    from = std::max(last, from) + 1;
    if (!skip_unreadable(table, from)) return;
  }
}

// False: it broke off. `last`: the first column of the last row that was read.
bool Salvage::copy_rows(const Table& table, const std::string& rest, std::int64_t& last) {
  const auto columns = columns_of(to_, table.name);
  const int count = static_cast<int>(columns.size());
  std::string parameters = "?1";
  for (int i = 2; i <= count + 1; ++i) parameters += ", ?" + std::to_string(i);
  Statement keep{to_, "INSERT OR IGNORE INTO " + std::string{table.name} + "(" + listed(columns) +
                          ", sum) VALUES(" + parameters + ")"};
  try {
    Statement rows{from_, "SELECT " + listed(columns) + ", sum, sum IS row_sum(" + listed(columns) +
                              ") FROM " + table.name + rest};
    while (rows.step()) {
      last = static_cast<std::int64_t>(rows.number(0));
      if (rows.number(count + 1) == 0) continue;
      keep.reset();
      for (int i = 0; i <= count; ++i) keep.bind_column(i + 1, rows, i);
      keep.step();
      saved_ += static_cast<std::uint64_t>(sqlite3_changes(to_.handle()));
    }
    return true;
  } catch (const Failure& failure) {
    if (failure.is_nonsense()) return false;
    throw;
  }
}

// The first key from `from` on; empty: there is none, or the way to it cannot be read.
std::optional<std::int64_t> Salvage::seek(const Table& table, std::int64_t from) {
  try {
    Statement first{from_, "SELECT " + std::string{table.key} + " FROM " + table.name + " WHERE " +
                               table.key + " >= ?1 ORDER BY 1 LIMIT 1"};
    if (first.bind(from).step()) return static_cast<std::int64_t>(first.number(0));
    return std::nullopt;
  } catch (const Failure& failure) {
    if (failure.is_nonsense()) return std::nullopt;
    throw;
  }
}

// Moves `from` up to a row that can be found again. False: there is none.
bool Salvage::skip_unreadable(const Table& table, std::int64_t& from) {
  std::int64_t bad = from - 1;
  std::int64_t step = 1;
  auto found = seek(table, bad + step);
  while (!found) {
    if (step > (std::numeric_limits<std::int64_t>::max() - bad) / 4) return false;
    step *= 2;
    found = seek(table, bad + step);
  }
  std::int64_t good = bad + step;
  bad += step / 2;
  while (good - bad > 1) {
    const std::int64_t middle = bad + (good - bad) / 2;
    if (const auto here = seek(table, middle)) {
      good = middle;
      found = here;
    } else {
      bad = middle;
    }
  }
  from = *found;
  return true;
}

}  // namespace mortise::store_sqlite
