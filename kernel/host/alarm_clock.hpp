// One thread that calls functions when their time has come:
// deadlines, plugins' timers, the store's next attempt.
//
// Thread: every call from any thread. The functions run on the clock's own thread and must be short.
// Owns:   its thread, started with the first alarm, and the functions until they ran.
// Cost:   one lock; O(log n).
// Fails:  never. A cancelled alarm may be running while cancel() returns.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/time.hpp"

namespace mortise::host {

// The clock as the loops read it, too.
inline base::TimePoint monotonic_now() noexcept {
  return base::TimePoint{
      std::chrono::duration_cast<base::Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}
// What the machine believes, for log lines and plugins that ask; what expires goes by Innards::wall().
inline base::WallTime machine_wall_now() noexcept {
  return base::WallTime{
      std::chrono::duration_cast<base::Duration>(std::chrono::system_clock::now().time_since_epoch())};
}

class AlarmClock {
 public:
  using Id = std::uint64_t;  // never 0, never given twice

  AlarmClock() = default;
  ~AlarmClock() { finish(); }
  AlarmClock(const AlarmClock&) = delete;
  AlarmClock& operator=(const AlarmClock&) = delete;

  // After finish() nothing rings any more; the id is given all the same.
  Id ring_at(base::TimePoint due, std::function<void()> run);
  // False: it has rung, or there is none.
  bool cancel(Id id);
  // Forgets every alarm and ends the thread.
  void finish();

 private:
  void work();

  struct Alarm {
    Id id;
    std::function<void()> run;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<base::TimePoint, Alarm> alarms_;
  std::unordered_map<Id, std::multimap<base::TimePoint, Alarm>::iterator> by_id_;
  std::thread thread_;
  Id last_id_ = 0;
  bool finishing_ = false;
};

}  // namespace mortise::host
