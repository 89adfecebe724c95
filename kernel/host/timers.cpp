#include "host/timers.hpp"

#include <algorithm>

namespace mortise::host {

std::uint64_t Timers::start(base::Duration delay, base::Duration period, mortise_work_fn run, void* context) {
  const std::lock_guard lock{mutex_};
  if (timers_.size() >= timers_max) return 0;
  const std::uint64_t id = ++last_id_;
  Timer& timer = timers_[id];
  timer = {monotonic_now() + delay, period, run, context, 0};
  arm(id, timer);
  return id;
}

void Timers::arm(std::uint64_t id, Timer& timer) {
  timer.alarm = clock_.ring_at(timer.due, [this, id] { strand_.post_always([this, id] { ring(id); }); });
}

// On the strand. A timer that was cancelled since the clock rang is not there any more.
void Timers::ring(std::uint64_t id) {
  mortise_work_fn run = nullptr;
  void* context = nullptr;
  {
    const std::lock_guard lock{mutex_};
    const auto found = timers_.find(id);
    if (found == timers_.end()) return;
    run = found->second.run;
    context = found->second.context;
    if (found->second.period == base::Duration::zero()) timers_.erase(found);
  }
  run(context);
  const std::lock_guard lock{mutex_};
  const auto found = timers_.find(id);
  if (found == timers_.end()) return;
  // Turns that were missed are not made up for.
  found->second.due = std::max(found->second.due + found->second.period, monotonic_now());
  arm(id, found->second);
}

bool Timers::cancel(std::uint64_t id) {
  const std::lock_guard lock{mutex_};
  const auto found = timers_.find(id);
  if (found == timers_.end()) return false;
  clock_.cancel(found->second.alarm);
  timers_.erase(found);
  return true;
}

void Timers::cancel_all() {
  const std::lock_guard lock{mutex_};
  for (const auto& [id, timer] : timers_) clock_.cancel(timer.alarm);
  timers_.clear();
}

std::size_t Timers::size() {
  const std::lock_guard lock{mutex_};
  return timers_.size();
}

}  // namespace mortise::host
