// The kernel's records and deliveries as rows: what a commit does to the tables.
//
// A message with one receiver in its batch lies inside the row of that delivery; any other has a row of its
// own. Numbers are keys and there is no secondary index, so each fact costs one page as a rule. README.md,
// "Figures".
//
// Thread: the connection's.
// Fails:  by Failure; the transaction must then be rolled back.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "database.hpp"
#include "mortise/draft/store.h"
#include "plan.hpp"

namespace mortise::store_sqlite {

class Facts {
 public:
  // The tables must be there. The connection outlives this.
  explicit Facts(Connection& on);

  // Applies the batches in order, inside the caller's transaction. `sweeping`: rows of ended sessions may
  // still lie about. Returns the sessions that ended.
  std::vector<std::uint64_t> apply(std::span<const mortise_batch_t* const> batches, bool sweeping);

  // Erases of retained messages that a late batch of an earlier run might have undone. Only at the start of a
  // run.
  void forget_tombstones() { erase_tombstones_.run(); }
  // Takes out a delivery of an ended session. Its message stays unless it was erased by name.
  void sweep_delivery(std::uint64_t number);
  // Takes out what else is left of an ended session, its mark included.
  void sweep_session(std::uint64_t session);
  // After the last mark went: nobody asks any more which messages were erased by name.
  void forget_gone();

 private:
  using InRow =
      std::unordered_map<std::uint64_t, const mortise_record_t*>;  // messages that wait for their delivery

  void apply_record(const mortise_record_t& record, const Plan& plan, std::size_t batch, std::size_t place);
  void put(const mortise_record_t& record);
  void erase(const mortise_record_t& record);
  void put_message(const mortise_record_t& record);
  void put_retained(const mortise_record_t& record);
  void put_will(const mortise_record_t& record);
  void end_session(std::uint64_t session);
  void put_delivery(const mortise_delivery_record_t& delivery);
  void erase_delivery(std::uint64_t number, const std::function<bool(std::uint64_t)>& message_is_gone);
  void remember_gone(bool sweeping);

  Statement put_numbers_, put_session_, put_subscription_, put_message_, put_identifiers_, put_inbound_;
  Statement put_retained_, put_will_, put_delivery_, put_delivery_with_message_, put_ended_, put_gone_;
  Statement erase_numbers_, erase_session_, erase_subscription_, erase_message_, erase_identifiers_,
      erase_inbound_, erase_will_;
  Statement erase_delivery_, erase_inbound_of_, erase_subscriptions_of_, erase_ended_, erase_gone_,
      erase_all_gone_, erase_tombstones_;
  Statement message_in_row_, move_message_, is_gone_;

  InRow in_row_;                             // of the batch in hand
  std::vector<std::uint64_t> ended_;         // of the commit in hand
  std::unordered_set<std::uint64_t> unmet_;  // erased by name, and not seen in any row so far
  bool has_identifiers_;                     // there may be rows in `identifiers`
  bool has_gone_;                            // there may be rows in `gone`
};

}  // namespace mortise::store_sqlite
