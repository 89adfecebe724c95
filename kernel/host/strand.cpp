#include "host/strand.hpp"

#include <future>
#include <memory>

#include "host/own_thread.hpp"

namespace mortise::host {

bool Strand::post(std::function<void()> task) { return push(std::move(task), waiting_max); }
bool Strand::post_always(std::function<void()> task) {
  return push(std::move(task), static_cast<std::size_t>(-1));
}

bool Strand::push(std::function<void()> task, std::size_t limit) {
  const std::lock_guard lock{mutex_};
  if (finishing_ || waiting_.size() >= limit) return false;
  waiting_.push_back(std::move(task));
  if (!thread_.joinable())
    thread_ = start_thread(name_, [this] { work(); });
  else
    changed_.notify_one();
  return true;
}

bool Strand::run(std::function<void()> task) {
  if (is_here()) {
    task();
    return true;
  }
  std::packaged_task<void()> whole{std::move(task)};
  const std::future<void> done = whole.get_future();
  if (!post_always([&whole] { whole(); })) return false;
  done.wait();
  return true;
}

bool Strand::pass(base::Duration patience) {
  if (is_here()) return true;
  const auto told = std::make_shared<std::promise<void>>();
  const std::future<void> passed = told->get_future();
  return !post_always([told] { told->set_value(); }) ||
         passed.wait_for(patience) == std::future_status::ready;
}

void Strand::work() {
  thread_id_ = std::this_thread::get_id();
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return finishing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::function<void()> task = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

void Strand::finish() {
  {
    const std::lock_guard lock{mutex_};
    finishing_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace mortise::host
