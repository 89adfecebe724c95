// Takes out what ended sessions left behind, a bounded step at a time.
//
// Ending a session only marks it: its deliveries lie all over the table, in the order of their numbers. A
// round goes over the table once for all marks that were there when it began, and then takes the marks out.
// Marks are rows, so a round that a restart cut short begins anew.
//
// Thread: the writer's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "facts.hpp"

namespace mortise::store_sqlite {

class Sweep {
 public:
  // Finds the marks that are there.
  explicit Sweep(Connection& on);

  // Sessions marked by the batches up to `sequence`.
  void add(const std::vector<std::uint64_t>& sessions, std::uint64_t sequence);
  bool is_due() const { return !marked_.empty(); }

  // One step of work. Marks above `synced` are left alone: their batch may yet be offered again, and a
  // session must not rise without its deliveries.
  struct Step {
    std::vector<std::uint64_t> deliveries;  // to be taken out
    std::vector<std::uint64_t> sessions;    // whose round is complete
    bool last = false;                      // no mark is left after these
    bool empty() const { return deliveries.empty() && sessions.empty(); }
  };
  Step next(std::uint64_t synced);
  // The step is committed; without this the next one is the same.
  void done(const Step& step);

  static constexpr std::size_t rows_a_step = 4096;    // deliveries looked at
  static constexpr std::size_t sessions_a_step = 16;  // sessions whose subscriptions go

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> marked_;  // session -> sequence of the batch that ended it
  std::unordered_set<std::uint64_t> round_;                  // the sessions of the round under way
  std::int64_t from_ = 0;  // deliveries above this number are still to be seen
  std::int64_t next_from_ = 0;
  Statement rows_;
};

}  // namespace mortise::store_sqlite
