#include "host/hook_board.hpp"

#include <algorithm>

namespace mortise::host {

HookBoard::HookBoard(std::uint32_t loops) : newest_{build_hook_set({}, 0)}, seen_(loops, 0) {}

std::shared_ptr<const HookSet> HookBoard::newest() const {
  const std::lock_guard lock{mutex_};
  return newest_;
}

void HookBoard::rebuild() {
  std::vector<Attachment> counting;
  for (const Attachment& one : attachments_)
    if (std::ranges::find(active_, one.instance) != active_.end()) counting.push_back(one);
  newest_ = build_hook_set(counting, newest_->version + 1);
  version_.store(newest_->version, std::memory_order_release);
}

std::uint64_t HookBoard::add(Attachment attachment) {
  const std::lock_guard lock{mutex_};
  attachment.id = ++last_id_;
  attachments_.push_back(std::move(attachment));
  rebuild();
  return last_id_;
}

bool HookBoard::change(const Instance& owner, std::uint64_t id,
                       const std::function<void(Attachment&)>& edit) {
  const std::lock_guard lock{mutex_};
  for (Attachment& one : attachments_)
    if (one.id == id && one.instance == &owner) {
      edit(one);
      rebuild();
      return true;
    }
  return false;
}

std::optional<Attachment> HookBoard::find(const Instance& owner, std::uint64_t id) {
  const std::lock_guard lock{mutex_};
  for (const Attachment& one : attachments_)
    if (one.id == id && one.instance == &owner) return one;
  return {};
}

void HookBoard::publish(const std::vector<Instance*>& coming, const std::vector<Instance*>& leaving,
                        std::function<void()> done) {
  std::unique_lock lock{mutex_};
  active_.insert(active_.end(), coming.begin(), coming.end());
  for (const Instance* const owner : leaving) {
    std::erase_if(attachments_, [&](const Attachment& one) { return one.instance == owner; });
    std::erase(active_, owner);
  }
  rebuild();
  leave(std::move(done), lock);
}

bool HookBoard::remove(const Instance& owner, std::uint64_t id, std::function<void()> done) {
  std::unique_lock lock{mutex_};
  if (std::erase_if(attachments_,
                    [&](const Attachment& one) { return one.id == id && one.instance == &owner; }) == 0)
    return false;
  rebuild();
  leave(std::move(done), lock);
  return true;
}

void HookBoard::leave(std::function<void()> done, std::unique_lock<std::mutex>& lock) {
  if (!done) return;
  leaving_.push_back({newest_->version, std::move(done)});
  const auto told = those_done();
  lock.unlock();
  for (const auto& tell : told) tell();
}

std::vector<std::function<void()>> HookBoard::those_done() {
  const std::uint64_t slowest = running_ ? *std::ranges::min_element(seen_) : UINT64_MAX;
  std::vector<std::function<void()>> told;
  std::erase_if(leaving_, [&](Leaving& one) {
    if (one.version > slowest) return false;
    told.push_back(std::move(one.done));
    return true;
  });
  return told;
}

void HookBoard::passed(std::uint32_t loop, std::uint64_t version) {
  std::vector<std::function<void()>> told;
  {
    const std::lock_guard lock{mutex_};
    seen_[loop] = version;
    told = those_done();
  }
  for (const auto& tell : told) tell();
}

void HookBoard::set_running(bool running) {
  std::vector<std::function<void()>> told;
  {
    const std::lock_guard lock{mutex_};
    running_ = running;
    told = those_done();
  }
  for (const auto& tell : told) tell();
}

}  // namespace mortise::host
