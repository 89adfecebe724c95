// The broker's records and batches as the store's ABI has them, and back.
//
// Thread: any.
// Owns:   a batch as handed over, and the structs that show it to the store, until it is synced.
// Cost:   one struct a record, no copy of a text or payload, unless several subscription identifiers are
//         stored.
// Source: mortise/draft/store.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/restorer.hpp"
#include "mortise/draft/store.h"

namespace mortise::host {

class StoredBatch {
 public:
  // `since`: when it was about to be offered.
  StoredBatch(broker::Batch batch, base::TimePoint since);
  StoredBatch(const StoredBatch&) = delete;
  StoredBatch& operator=(const StoredBatch&) = delete;

  const mortise_batch_t* abi() const noexcept { return &abi_; }
  std::uint64_t sequence() const noexcept { return batch_.sequence; }
  base::TimePoint since() const noexcept { return since_; }
  // As the journal counted it.
  std::size_t memory() const noexcept { return memory_; }

 private:
  friend struct Fill;

  const broker::Batch batch_;
  const base::TimePoint since_;
  const std::size_t memory_;
  std::vector<mortise_record_t> records_;
  std::vector<const mortise_record_t*> pointers_;
  std::vector<mortise_delivery_record_t> deliveries_;
  std::vector<mortise_message_view_t> bodies_;
  std::vector<mortise_subscription_t> subscriptions_;
  std::vector<std::string> bytes_;
  mortise_batch_t abi_{};
};

// The message of a MESSAGE record; empty when it makes no sense.
broker::MessageRef restore_message(const mortise_record_t& record, broker::Accounts& accounts);
// What the store gave back, as the broker's; false when it makes no sense, such as a message without a body.
bool restore_record(const mortise_record_t& record, broker::Restorer& to);
bool restore_delivery(const mortise_delivery_record_t& delivery, broker::Restorer& to);

}  // namespace mortise::host
