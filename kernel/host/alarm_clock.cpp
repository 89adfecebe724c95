#include "host/alarm_clock.hpp"

#include "host/own_thread.hpp"

namespace mortise::host {

AlarmClock::Id AlarmClock::ring_at(base::TimePoint due, std::function<void()> run) {
  const std::lock_guard lock{mutex_};
  const Id id = ++last_id_;
  if (finishing_) return id;
  by_id_[id] = alarms_.emplace(due, Alarm{id, std::move(run)});
  if (!thread_.joinable())
    thread_ = start_thread("mortise-clock", [this] { work(); });
  else
    changed_.notify_one();
  return id;
}

bool AlarmClock::cancel(Id id) {
  const std::lock_guard lock{mutex_};
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return false;
  alarms_.erase(found->second);
  by_id_.erase(found);
  return true;
}

void AlarmClock::work() {
  std::unique_lock lock{mutex_};
  while (!finishing_) {
    if (alarms_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = alarms_.begin();
    const auto left = first->first - monotonic_now();
    if (left > base::Duration::zero()) {
      changed_.wait_for(lock, left);
      continue;
    }
    const std::function<void()> run = std::move(first->second.run);
    by_id_.erase(first->second.id);
    alarms_.erase(first);
    lock.unlock();
    run();
    lock.lock();
  }
}

void AlarmClock::finish() {
  {
    const std::lock_guard lock{mutex_};
    finishing_ = true;
    alarms_.clear();
    by_id_.clear();
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace mortise::host
