// The thread of one instance: one task at a time, in the order posted. Started when the first task comes.
//
// Thread: every call from any thread; finish() from the control thread.
// Owns:   its thread and the tasks that wait.
// Cost:   one lock a task.
// Fails:  post says false when too much waits or after finish().
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/time.hpp"

namespace mortise::host {

class Strand {
 public:
  static constexpr std::size_t waiting_max = 65'536;

  explicit Strand(std::string name) : name_{std::move(name)} {}
  ~Strand() { finish(); }
  Strand(const Strand&) = delete;
  Strand& operator=(const Strand&) = delete;

  bool post(std::function<void()> task);
  // As post, but beyond the limit, too: for what must not be lost and is bounded elsewhere.
  bool post_always(std::function<void()> task);
  // Posts and waits until it has run. From the strand itself: runs at once. False after finish().
  bool run(std::function<void()> task);
  // Waits until all that was posted before has run. False: it has not in this time, and goes on.
  bool pass(base::Duration patience);
  bool is_here() const noexcept { return std::this_thread::get_id() == thread_id_; }

  // Runs what waits and ends the thread; nothing is accepted any more.
  void finish();

 private:
  bool push(std::function<void()> task, std::size_t limit);
  void work();

  const std::string name_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_{};
  bool finishing_ = false;
};

}  // namespace mortise::host
