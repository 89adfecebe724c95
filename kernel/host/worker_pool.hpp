// A few threads for work of plugins that takes long, such as hashing a password.
//
// Thread: every call from any thread; finish() from the control thread.
// Owns:   its threads, started with the first piece of work, and the work that waits.
// Fails:  submit says false when too much waits or after finish().
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mortise::host {

class WorkerPool {
 public:
  WorkerPool(std::size_t threads, std::size_t waiting_max)
      : threads_max_{threads}, waiting_max_{waiting_max} {}
  ~WorkerPool() { finish(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  bool submit(std::function<void()> work);
  // Does what waits and ends the threads.
  void finish();

 private:
  void serve();

  const std::size_t threads_max_;
  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool finishing_ = false;
};

}  // namespace mortise::host
