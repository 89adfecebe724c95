// Long work on the store beside the commits, such as a backup: a thread for one piece of it at a time.
//
// Such work reads one moment of the store for all its time; until it is over the WAL cannot begin anew.
//
// Thread: the strand; the work itself is on a thread of its own.
// Owns:   the thread.
// Fails:  never; what the work throws is its own business.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace mortise::store_sqlite {

// Whether work is to end early, and that it must not be waited for any longer.
using Ended = std::atomic<bool>;

class Aside {
 public:
  Aside() = default;
  ~Aside() { end(); }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  // Tells whoever waits for the work, when other work may begin.
  using Tell = std::function<void()>;
  // False: there is some under way. `work` looks at `ended` every few milliseconds and throws nothing.
  bool begin(std::function<Tell(const Ended& ended)> work);
  bool is_busy() const noexcept { return busy_.load(); }
  // Ends the work and waits until it has.
  void end();

 private:
  std::atomic<bool> busy_ = false;
  Ended ended_ = false;
  std::thread thread_;
};

}  // namespace mortise::store_sqlite
