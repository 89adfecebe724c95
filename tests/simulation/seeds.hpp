// What the simulator's tests share: a seed that has to pass, and what to do when it does not.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "simulation/world.hpp"

namespace mortise::simulation {

// A failure shows the violation, the command that runs it again and the end of the trace.
inline void expect_passes(Setup setup) {
  if (run(setup).passed) return;
  setup.trace = true;
  const Outcome again = run(setup);
  constexpr std::size_t shown = 8000;
  ADD_FAILURE() << again.what << "\nagain: ./dev sim " << setup.seed
                << (setup.loops != 0 ? " --loops " + std::to_string(setup.loops) : "") << "\n"
                << again.trace.substr(again.trace.size() - std::min(again.trace.size(), shown));
}

}  // namespace mortise::simulation
