// What the host needs of the loops: to be let in, and to wake them. app implements it over net's loops.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <functional>

#include "base/time.hpp"

namespace mortise::broker {
class Broker;
}

namespace mortise::host {

class FigureSheet;

class Loops {
 public:
  virtual ~Loops() = default;
  // Runs `task` in a turn of that loop, soon and once, in the order posted; never before post returns.
  virtual void post(std::uint32_t loop, std::function<void(broker::Broker&)> task) = 0;
  // Every loop takes a turn soon, and looks at the store's lines in it.
  virtual void wake_all() = 0;
  // The wall time the brokers go by, which the clock of the machine may be far from: messages expire by it.
  virtual base::WallTime wall() = 0;
  // Adds what the loops know and the brokers do not, such as connections. Not from a loop.
  virtual void write_figures(FigureSheet&) {}
};

}  // namespace mortise::host
