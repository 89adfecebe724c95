#include "host/publish_queue.hpp"

#include "broker/broker.hpp"
#include "host/hops.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

mortise_status_t PublishQueue::add(broker::MessageRef message, const mortise_publish_t* how) {
  const std::lock_guard lock{mutex_};
  if (waiting_.size() >= waiting_max) return MORTISE_E_BUSY;
  if (!owner_.in.loops.load()) return MORTISE_E_STATE;
  Waiting entry{std::move(message), Hops::of_next(), nullptr, nullptr};
  if (how) {
    entry.done = how->done;
    entry.context = how->context;
  }
  waiting_.push_back(std::move(entry));
  if (!posted_) posted_ = post();
  return MORTISE_OK;
}

bool PublishQueue::post() {
  Loops* const loops = owner_.in.loops.load();
  if (!loops) return false;
  loops->post(static_cast<std::uint32_t>(owner_.index % owner_.in.options.loops),
              [this](broker::Broker& broker) { publish_some(broker); });
  return true;
}

void PublishQueue::publish_some(broker::Broker& broker) {
  for (;;) {
    broker::MessageRef message;
    std::uint8_t hops = 0;
    {
      const std::lock_guard lock{mutex_};
      if (waiting_.empty()) {
        posted_ = false;
        return;
      }
      message = waiting_.front().message;
      hops = waiting_.front().hops;
    }
    broker::MessageParts parts = parts_of(*message);
    parts.hops = hops;
    if (!broker.publish(parts)) break;
    const std::lock_guard lock{mutex_};
    if (waiting_.empty()) continue;  // cancelled meanwhile
    const Waiting told = std::move(waiting_.front());
    waiting_.pop_front();
    if (told.done)
      owner_.strand.post_always([this, told] {
        owner_.guarded("publish.done", [&] { told.done(told.context, MORTISE_OK, MORTISE_MEMORY); });
      });
  }
  const std::lock_guard lock{mutex_};
  posted_ = post();  // no room for its letters: the next turn tries again
}

void PublishQueue::cancel_all() {
  std::deque<Waiting> gone;
  {
    const std::lock_guard lock{mutex_};
    gone.swap(waiting_);
  }
  for (const Waiting& told : gone)
    if (told.done)
      owner_.strand.post_always([this, told] {
        owner_.guarded("publish.done", [&] { told.done(told.context, MORTISE_E_STATE, MORTISE_MEMORY); });
      });
}

std::size_t PublishQueue::size() {
  const std::lock_guard lock{mutex_};
  return waiting_.size();
}

}  // namespace mortise::host
