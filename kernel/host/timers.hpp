// The timers of one instance; they ring on its strand.
//
// Thread: any.   Owns: the timers that run.   Fails: too many, or one that has gone.
// Source: mortise/services/time.h.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "host/alarm_clock.hpp"
#include "host/strand.hpp"
#include "mortise/abi/types.h"

namespace mortise::host {

class Timers {
 public:
  static constexpr std::size_t timers_max = 10'000;

  Timers(AlarmClock& clock, Strand& strand) : clock_{clock}, strand_{strand} {}

  // 0: too many.
  std::uint64_t start(base::Duration delay, base::Duration period, mortise_work_fn run, void* context);
  bool cancel(std::uint64_t timer);
  // None begins any more; one may be under way on the strand.
  void cancel_all();
  std::size_t size();

 private:
  struct Timer {
    base::TimePoint due{};
    base::Duration period{};
    mortise_work_fn run = nullptr;
    void* context = nullptr;
    AlarmClock::Id alarm = 0;
  };
  void arm(std::uint64_t id, Timer& timer);
  void ring(std::uint64_t id);

  AlarmClock& clock_;
  Strand& strand_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Timer> timers_;
  std::uint64_t last_id_ = 0;
};

}  // namespace mortise::host
