// The broker's port to its store: batches wait, go to the plugin on its strand in one call,
// and are kept until synced.
//
// When a batch fails it and all later ones are offered again in order until they are taken. The broker
// refuses what needs the store meanwhile, and also while the store calls itself full or broken though it
// takes batches: a full one keeps the room it has left for erases.
//
// Thread: hand_over and read from any loop; what the plugin says from any thread; attach, restore and finish from
//         the control thread.
// Owns:   every batch from hand-over until it is synced.
// Cost:   hand_over is one lock and a move.
// Source: mortise/draft/store.h.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "broker/buckets.hpp"
#include "broker/journal.hpp"
#include "host/page_reads.hpp"
#include "host/records.hpp"
#include "mortise/draft/store_service.h"

namespace mortise::host {

struct Innards;
struct Instance;

// What the store is given in one commit.
struct CommitSizes {
  broker::Buckets<9> bytes{{256, 1'024, 4'096, 16'384, 65'536, 262'144, 1'048'576, 4'194'304, 16'777'216}};
  broker::Buckets<8> batches{{1, 2, 4, 8, 16, 32, 64, 128}};
};

class StorePort : public broker::Store {
 public:
  static constexpr base::Duration retry_period = std::chrono::milliseconds{250};

  explicit StorePort(Innards& inside) : in_{inside}, pages_{inside} {}

  // The instance that provides the store; it has attached it.
  void set_provider(Instance* provider) { provider_ = provider; }
  Instance* provider() const noexcept { return provider_; }

  // From any thread.
  const CommitSizes& commit_sizes() const noexcept { return commit_sizes_; }
  // How long the oldest batch that has not reached the level has waited for it; zero: there is none.
  base::Duration lag(broker::Level level) const;

  void hand_over(broker::Batch batch) override;
  void read(broker::StoreRead what) override;

  // Reads everything into `to`; what went wrong, or empty.
  std::string restore(broker::Restorer& to);
  // Brings all that was handed over to synced, for at most `patience`. What went wrong, or empty.
  std::string finish(base::Duration patience);
  // Lets go of what could not be stored; the provider has stopped.
  void forget_all();

  // ---- what the plugin says; see mortise/draft/store_service.h
  mortise_status_t durable(std::uint64_t sequence, std::uint32_t level, mortise_status_t status);
  mortise_status_t emit(std::uint64_t request, const mortise_record_t& record);
  mortise_status_t emit_deliveries(std::uint64_t request, const mortise_delivery_record_t* deliveries,
                                   std::size_t count);
  mortise_status_t done(std::uint64_t request, mortise_status_t status);

 private:
  // A read or a flush that is under way.
  struct Request {
    std::uint64_t number = 0;
    broker::Restorer* to = nullptr;
    std::optional<mortise_status_t> status;
    std::size_t senseless = 0;  // records that were left out
  };
  void schedule();
  void offer();
  void rise(std::uint64_t sequence, std::uint32_t level);
  void fail_from(std::uint64_t sequence, mortise_status_t status);
  void look_at_health();
  void tell_broker(const std::string& why);
  std::optional<mortise_status_t> ask(Request request, base::Duration patience,
                                      const std::function<mortise_status_t(std::uint64_t)>& call,
                                      std::size_t& senseless);
  broker::Journal* journal() const;

  Innards& in_;
  PageReads pages_;
  Instance* provider_ = nullptr;
  CommitSizes commit_sizes_;  // written on the strand

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<broker::Batch> handed_over_;
  std::deque<std::shared_ptr<StoredBatch>> held_;  // by rising sequence, all above the synced line
  std::uint64_t offered_to_ = 0;                   // highest sequence the plugin has taken
  std::uint64_t written_ = 0;                      // highest the plugin says is written; falls with a failure
  std::uint64_t counted_ = 0;                      // highest told to the journal as written
  std::uint64_t synced_ = 0;
  std::uint64_t failed_from_ = 0;  // first batch that waits for the store to recover
  bool scheduled_ = false;
  bool retry_is_due_ = false;  // the clock will schedule the next attempt
  bool look_is_due_ = false;   // and the next look at an unwell store's health
  bool refuses_ = false;       // batches, since failed_from_
  bool is_unwell_ = false;     // full or broken, as it says
  bool failing_ = false;       // one of both, as the broker was told
  bool finished_ = false;      // nothing is offered or asked any more
  std::optional<Request> request_;
  std::uint64_t last_request_ = 0;
};

}  // namespace mortise::host
