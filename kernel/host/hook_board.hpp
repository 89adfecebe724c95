// All attachments, and the newest hook set made of them;
// what a loop is inside of is freed when it has moved on.
//
// Thread: any. A loop reads newest() at the beginning of a turn and says passed() then.
// Owns:   the attachments; sets live as long as somebody uses them.
// Cost:   a turn in which nothing changed is one atomic load.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "host/hook_set.hpp"

namespace mortise::host {

class HookBoard {
 public:
  explicit HookBoard(std::uint32_t loops);

  std::uint64_t add(Attachment attachment);
  // False: there is no such attachment of that instance.
  bool change(const Instance& owner, std::uint64_t id, const std::function<void(Attachment&)>& edit);
  // `done`, if any, is called when no loop can be inside any more.
  bool remove(const Instance& owner, std::uint64_t id, std::function<void()> done);
  // From now on the attachments of these count, which lay dormant before, and those of the leaving do not. As
  // remove().
  void publish(const std::vector<Instance*>& coming, const std::vector<Instance*>& leaving,
               std::function<void()> done);
  std::optional<Attachment> find(const Instance& owner, std::uint64_t id);

  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const HookSet> newest() const;
  // The loop uses version `version` and nothing older.
  void passed(std::uint32_t loop, std::uint64_t version);
  // Whether loops take turns at all: without, nobody is waited for.
  void set_running(bool running);

 private:
  struct Leaving {
    std::uint64_t version;
    std::function<void()> done;
  };
  void rebuild();
  void leave(std::function<void()> done, std::unique_lock<std::mutex>& lock);
  std::vector<std::function<void()>> those_done();

  mutable std::mutex mutex_;
  std::vector<Attachment> attachments_;
  std::vector<const Instance*> active_;
  std::shared_ptr<const HookSet> newest_;
  std::vector<std::uint64_t> seen_;
  std::vector<Leaving> leaving_;
  bool running_ = false;
  std::atomic<std::uint64_t> version_{0};
  std::uint64_t last_id_ = 0;
};

}  // namespace mortise::host
