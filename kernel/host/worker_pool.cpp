#include "host/worker_pool.hpp"

#include "host/own_thread.hpp"

namespace mortise::host {

bool WorkerPool::submit(std::function<void()> work) {
  const std::lock_guard lock{mutex_};
  if (finishing_ || waiting_.size() >= waiting_max_) return false;
  waiting_.push_back(std::move(work));
  if (idle_ < waiting_.size() && threads_.size() < threads_max_)
    threads_.push_back(start_thread("mortise-work", [this] { serve(); }));
  else
    changed_.notify_one();
  return true;
}

void WorkerPool::serve() {
  std::unique_lock lock{mutex_};
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return finishing_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    const std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

void WorkerPool::finish() {
  {
    const std::lock_guard lock{mutex_};
    finishing_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace mortise::host
