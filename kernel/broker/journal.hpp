// Where the loops' batches become one sequence, and how far it is durable.
//
// Thread: hand_over, stub_of and read from any loop; durable and failing from any thread of the store; the lines from any.
// Owns:   nothing of the batches and questions: they go to the store whole.
// Cost:   one lock a turn and loop, not a message.
// Fails:  never; a store that fails says so through failing() and keeps what it was given.
// Source: Rule::message_outlives_deliveries; the others hang on the lines kept here.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "broker/ports.hpp"

namespace mortise::broker {

class Journal {
 public:
  // `store` may be null: then nothing is stored, and every level is reached at once.
  explicit Journal(Store* store) : store_{store} {}

  bool has_store() const noexcept { return store_ != nullptr; }

  // Gives the batch its sequence and adds the erase of each message whose last stored delivery it erases.
  std::uint64_t hand_over(Batch batch);

  // Deliveries restored at start count as stored.
  static void count_restored(Message& message) { ++message.stored_deliveries(); }

  // What may stand in a queue for this message when its body is in the store; the count of its deliveries
  // moves there. One for a message, whichever loop asks.
  MessageRef stub_of(Message& message);
  // Asks the store; see Store::read.
  void read(StoreRead what) { store_->read(std::move(what)); }

  // Everything up to `sequence` has reached `level`. Rises only.
  void durable(std::uint64_t sequence, Level level, std::size_t bytes_done) noexcept;
  std::uint64_t line(Level level) const noexcept {
    return (level == Level::synced ? synced_ : written_).load(std::memory_order_acquire);
  }

  // The last that was handed over.
  std::uint64_t last_sequence() const noexcept { return last_sequence_.load(std::memory_order_relaxed); }

  // Whether the store cannot take anything at present: full or broken.
  void set_failing(bool failing) noexcept { failing_.store(failing, std::memory_order_release); }
  bool failing() const noexcept { return failing_.load(std::memory_order_acquire); }

  // Bytes handed over and not yet written.
  std::size_t pending_bytes() const noexcept { return pending_bytes_.load(std::memory_order_relaxed); }

 private:
  Store* const store_;
  std::mutex mutex_;
  std::atomic<std::uint64_t> last_sequence_{0};  // written under mutex_
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> synced_{0};
  std::atomic<std::size_t> pending_bytes_{0};
  std::atomic<bool> failing_{false};
};

}  // namespace mortise::broker
