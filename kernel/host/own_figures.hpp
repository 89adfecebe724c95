// What the kernel itself stands at, as far as the host can see it: brokers, store, plugins.
//
// Thread: any but a loop.
// Cost:   reads what others count; takes the losses' lock and, for a moment, that of the shared groups.
#pragma once

#include "host/figure_sheet.hpp"

namespace mortise::host {

struct Innards;

// All of it, what Loops has to add, and what plugins have defined.
void write_figures(const Innards& in, FigureSheet& sheet);

}  // namespace mortise::host
