// What other threads want the main thread to do, which alone changes the broker as a whole.
//
// Thread: call() from any but main; run_all() and close() on main.   Owns: the calls that wait.
// Fails:  call() says false when the broker ends first, or the time is up; the call may run later then.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace mortise::app {

class MainCalls {
 public:
  static constexpr int signal = SIGUSR1;  // wakes the main thread, which has it blocked

  // Runs `function` on the main thread and waits for it. What it fills must be its own.
  bool call(std::function<void()> function, std::chrono::seconds patience) {
    const auto waiting = std::make_shared<Waiting>(Waiting{std::move(function)});
    std::unique_lock lock{mutex_};
    if (is_closed_) return false;
    calls_.push_back(waiting);
    ::kill(::getpid(), signal);
    return changed_.wait_for(lock, patience, [&] { return waiting->is_done || is_closed_; }) &&
           waiting->is_done;
  }

  // Those that wait, in their order.
  void run_all() {
    std::unique_lock lock{mutex_};
    for (const auto& waiting : std::exchange(calls_, {})) {
      lock.unlock();
      waiting->function();
      lock.lock();
      waiting->is_done = true;
      changed_.notify_all();
    }
  }

  // Nobody waits any more.
  void close() {
    const std::lock_guard lock{mutex_};
    is_closed_ = true;
    changed_.notify_all();
  }

 private:
  struct Waiting {
    std::function<void()> function;
    bool is_done = false;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Waiting>> calls_;  // under mutex_
  bool is_closed_ = false;
};

}  // namespace mortise::app
