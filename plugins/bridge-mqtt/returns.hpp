// How long a link stays on another address before it goes back to the first: twice as long after each return
// that came to nothing, since each costs a connection that works. That the first can be reached says little:
// what stands in front of a broker answers while the broker does not.
//
// Thread: one.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

namespace mortise::bridge {

class Returns {
 public:
  // `after` zero: never.
  explicit Returns(std::chrono::seconds after) : first_{after}, wait_{after} {}

  bool are_wanted() const { return first_ != std::chrono::seconds{}; }
  std::chrono::seconds wait() const { return wait_; }
  // The link goes back; succeeded() or failed() says what came of it.
  void begin() { is_under_way_ = true; }
  // The first address holds.
  void succeeded() {
    is_under_way_ = false;
    wait_ = first_;
  }
  // An attempt at the first address has failed; one that was no return changes nothing.
  void failed() {
    if (!std::exchange(is_under_way_, false)) return;
    wait_ = std::max(first_, std::min(longest, wait_ * 2));
  }

 private:
  static constexpr std::chrono::seconds longest = std::chrono::hours{24};
  std::chrono::seconds first_, wait_;
  bool is_under_way_ = false;
};

}  // namespace mortise::bridge
