// What the loops stand at, for the metrics service of the host: connections, bytes, turns.
//
// Thread: any but a loop.
#pragma once

#include "host/figure_sheet.hpp"
#include "net/loops.hpp"

namespace mortise::app {

// `loops` are null before they are made. `is_open`: all listeners are, so that they can be told of.
void write_loop_figures(const net::Loops* loops, std::uint32_t count, bool is_open, host::FigureSheet& sheet);

}  // namespace mortise::app
