#include "app/loop_figures.hpp"

#include <string>

namespace mortise::app {

using host::Figure;

void write_loop_figures(const net::Loops* loops, std::uint32_t count, bool is_open,
                        host::FigureSheet& sheet) {
  sheet.add(Figure::build_info, 1.0, {{"version", MORTISE_VERSION}});
  if (!loops) return;
  sheet.add(Figure::bytes_received, loops->bytes_read());
  sheet.add(Figure::bytes_sent, loops->bytes_written());
  for (std::uint32_t loop = 0; loop < count; ++loop) {
    const net::TurnTimes& times = loops->turn_times(loop);
    sheet.add(Figure::loop_turn, times.bounds(), times.counts(), times.sum(),
              {{"loop", std::to_string(loop)}});
  }
  if (!is_open) return;
  for (const auto& [listener, attendance] : loops->attendance()) {
    sheet.add(Figure::connections, std::uint64_t{attendance.open}, {{"listener", listener}});
    sheet.add(Figure::connections_accepted, attendance.accepted, {{"listener", listener}});
  }
}

}  // namespace mortise::app
