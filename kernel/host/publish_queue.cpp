#include "host/publish_queue.hpp"

#include <algorithm>

#include "broker/broker.hpp"
#include "host/hops.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

namespace {

// Whether what would have to be stored is refused at present.
bool store_refuses(const Innards& in) {
  const broker::Shared* const shared = in.shared.load();
  return shared && shared->refuses_new();
}

}  // namespace

mortise_status_t PublishQueue::add(broker::MessageRef message, const mortise_publish_t* how) {
  Waiting entry;
  entry.hops = Hops::of_next();
  if (how && how->done) {
    entry.done = how->done;
    entry.context = how->context;
    if (how->level != MORTISE_MEMORY) {
      const broker::Shared* const shared = owner_.in.shared.load();
      if (!shared || !shared->journal.has_store()) return MORTISE_E_STATE;
      entry.level = std::max(static_cast<broker::Level>(how->level), owner_.in.level_of(message->topic()));
    }
  }
  entry.message = std::move(message);
  const std::lock_guard lock{mutex_};
  if (waiting_.size() + for_store_.size() >= waiting_max) return MORTISE_E_BUSY;
  if (!owner_.in.loops.load()) return MORTISE_E_STATE;
  waiting_.push_back(std::move(entry));
  if (!posted_) posted_ = post();
  return MORTISE_OK;
}

bool PublishQueue::post() {
  Loops* const loops = owner_.in.loops.load();
  if (!loops) return false;
  loops->post(static_cast<std::uint32_t>(owner_.number % owner_.in.options.loops),
              [this](broker::Broker& broker) { publish_some(broker); });
  return true;
}

void PublishQueue::publish_some(broker::Broker& broker) {
  for (;;) {
    Waiting next;
    std::uint64_t ticket = 0;
    const bool refuses = store_refuses(owner_.in);
    {
      const std::lock_guard lock{mutex_};
      if (waiting_.empty()) {
        posted_ = false;
        return;
      }
      next = std::move(waiting_.front());
      waiting_.pop_front();
      if (next.level != broker::Level::memory && !refuses) {
        ticket = std::uint64_t{owner_.number} << serial_bits | ++last_serial_;
        for_store_[ticket] = {{}, 0, next.done, next.context, next.level};
      }
    }
    if (next.level != broker::Level::memory && refuses) {
      tell(next, MORTISE_E_FULL);
      continue;
    }
    broker::MessageParts parts = parts_of(*next.message);
    parts.hops = next.hops;
    if (broker.publish(parts, next.level, ticket)) {
      if (ticket == 0) tell(next, MORTISE_OK);
      continue;
    }
    const std::lock_guard lock{mutex_};
    for_store_.erase(ticket);
    waiting_.push_front(std::move(next));
    posted_ = post();  // no room for its letters: the next turn tries again
    return;
  }
}

void PublishQueue::kept(std::uint64_t ticket) {
  Waiting told;
  {
    const std::lock_guard lock{mutex_};
    const auto found = for_store_.find(ticket);
    if (found == for_store_.end()) return;
    told = std::move(found->second);
    for_store_.erase(found);
  }
  tell(told, MORTISE_OK);
}

void PublishQueue::tell(const Waiting& told, mortise_status_t status) {
  if (!told.done) return;
  const auto level =
      status == MORTISE_OK ? static_cast<std::uint32_t>(told.level) : std::uint32_t{MORTISE_MEMORY};
  owner_.strand.post_always([this, done = told.done, context = told.context, status, level] {
    owner_.guarded("publish.done", [&] { done(context, status, level); });
  });
}

void PublishQueue::cancel_all() {
  std::deque<Waiting> gone;
  {
    const std::lock_guard lock{mutex_};
    gone.swap(waiting_);
    for (auto& [ticket, waiting] : for_store_) gone.push_back(std::move(waiting));
    for_store_.clear();
  }
  for (const Waiting& told : gone) tell(told, MORTISE_E_STATE);
}

std::size_t PublishQueue::size() {
  const std::lock_guard lock{mutex_};
  return waiting_.size() + for_store_.size();
}

}  // namespace mortise::host
