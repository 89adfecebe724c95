// Keeps the broker within limits.memory: sees how short memory is, and lets go what is to go.
//
// What is charged is looked at once a turn; a turn can exceed the budget by what it reads. The steps are
// those of Pressure; what they forbid is asked for where it would happen (Delivery, Handshake, Publishing),
// what is there already goes here, ten times a second at most: all that waits with QoS 0, a bounded number of
// messages of those who are away, and at last those of everybody, and one connection a time.
//
// Thread: the loop.   Cost: a few loads a turn; nothing without a limit.
// Fails:  never; while there is nothing worth shedding, publishers wait.
#pragma once

#include <algorithm>
#include <vector>

#include "broker/delivery.hpp"

namespace mortise::broker {

class Shedding {
 public:
  Shedding(Core& core, Delivery& delivery) : core_{core}, delivery_{delivery} {}

  void begin_turn() {
    if (core_.options.memory_max != UINT64_MAX) look();
  }
  // A budget that is gone sheds no more.
  void renew_options() {
    if (core_.options.memory_max == UINT64_MAX) look();
  }
  void on_timer();
  // What the end of its connection lets go, in the end: what is queued may wait for a client that is away.
  std::uint64_t held_by(const Client& client) const;
  // Whether a connection of this loop that holds so much is the one to go.
  bool sheds(std::uint64_t most);

 private:
  void look();
  void announce(Pressure before, Pressure now, std::uint64_t used) const;
  void shed_slow_readers();
  struct Candidate {
    std::uint64_t held;  // bytes
    Session* session;
  };
  // Says what the largest holds; sheds when that step is reached.
  void shed_queues();
  std::vector<Candidate> largest_queues() const;
  // What the other loops have said not long ago.
  std::uint64_t queued_elsewhere() const;
  std::uint64_t used() const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, core_.shared.memory_used()));
  }
  bool is_relieved() const {
    return pressure_at(used(), core_.options.memory_max, Pressure::queues) < Pressure::queues;
  }

  Core& core_;
  Delivery& delivery_;
  Timer timer_{TimerKind::shedding, 0};
};

}  // namespace mortise::broker
