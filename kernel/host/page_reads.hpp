// The broker's questions for messages whose bodies left memory, on their way to the store and back.
//
// A question goes to the plugin on its strand, behind every batch handed over before it, and one at a time,
// so that batches wait for one page at most; the answer goes to the loop as a task. A store that cannot read
// at present is asked again until it can: a delivery that waits is not lost.
//
// Thread: read from any loop; what the plugin says from any thread; stop from the control thread.
// Owns:   the questions, and the messages found so far.
// Source: mortise/draft/store.h, MORTISE_READ_MESSAGES.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "broker/ports.hpp"
#include "mortise/draft/store.h"

namespace mortise::host {

struct Innards;
struct Instance;

class PageReads {
 public:
  static constexpr base::Duration retry_period = std::chrono::milliseconds{250};

  explicit PageReads(Innards& inside) : in_{inside} {}

  void read(Instance& provider, std::uint64_t request, broker::StoreRead what);
  // Forgets what is under way; nothing is asked or answered any more.
  void stop();

  // What the plugin says to a request; none: it is not one of these.
  std::optional<mortise_status_t> emit(std::uint64_t request, const mortise_record_t& record);
  std::optional<mortise_status_t> done(std::uint64_t request, mortise_status_t status);

 private:
  struct Asked {
    Instance* provider = nullptr;
    broker::Page page;
  };
  void post_next(std::unique_lock<std::mutex>& lock);
  void ask(std::uint64_t request);
  void ask_again(std::uint64_t request, mortise_status_t why);

  Innards& in_;
  std::mutex mutex_;
  std::map<std::uint64_t, Asked> asked_;
  std::deque<std::uint64_t> waiting_;  // not put to the plugin yet
  bool posted_ = false;                // the strand has one to ask
  bool failing_ = false;               // the last answer was a failure, which the log has
  bool stopped_ = false;
};

}  // namespace mortise::host
