// Keeps the broker within limits.memory: sees how short memory is, and lets go what is to go.
//
// What is charged is looked at once a turn; a turn can exceed the budget by what it reads. The steps are
// those of Pressure; what they forbid is asked for where it would happen (Delivery, Handshake, Publishing),
// what is there already goes here, ten times a second at most and a bounded amount each time.
//
// Thread: the loop.   Cost: a few loads a turn; nothing without a limit.
// Fails:  never; when nothing is left to shed, publishers wait.
#pragma once

#include "broker/delivery.hpp"

namespace mortise::broker {

class Shedding {
 public:
  Shedding(Core& core, Delivery& delivery) : core_{core}, delivery_{delivery} {}

  void begin_turn() {
    if (core_.options.memory_max != UINT64_MAX) look();
  }
  void on_timer();

 private:
  void look();
  void announce(Pressure before, Pressure now, std::uint64_t used) const;
  void shed_slow_readers();
  void shed_queues();
  bool is_relieved() const;

  Core& core_;
  Delivery& delivery_;
  Timer timer_{TimerKind::shedding, 0};
};

}  // namespace mortise::broker
