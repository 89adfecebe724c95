#include "app/loop_figures.hpp"

#include <string>

namespace mortise::app {

using host::Figure;

void write_loop_figures(const net::Loops* loops, std::uint32_t count, bool is_open,
                        host::FigureSheet& sheet) {
  sheet.add(Figure::build_info, 1.0, {{"version", MORTISE_VERSION}});
  if (!loops) return;
  for (std::uint32_t loop = 0; loop < count; ++loop) {
    const net::TurnTimes& times = loops->turn_times(loop);
    sheet.add(Figure::loop_turn, times.bounds(), times.counts(), times.sum(),
              {{"loop", std::to_string(loop)}});
  }
  if (!is_open) return;
  for (const auto& [listener, attendance] : loops->attendance()) {
    sheet.add(Figure::connections, std::uint64_t{attendance.open}, {{"listener", listener}});
    sheet.add(Figure::connections_accepted, attendance.accepted, {{"listener", listener}});
    sheet.add(Figure::bytes_received, attendance.bytes_in(), {{"listener", listener}});
    sheet.add(Figure::bytes_sent, attendance.bytes_out(), {{"listener", listener}});
    for (const auto qos : {mqtt::Qos::at_most_once, mqtt::Qos::at_least_once, mqtt::Qos::exactly_once}) {
      const std::vector<std::pair<std::string, std::string>> labels{
          {"listener", listener}, {"qos", std::to_string(static_cast<int>(qos))}};
      const auto sum = [&](auto counter) {
        return attendance.traffic->sum([&](const auto& cell) { return (cell.*counter).value(qos); });
      };
      using Cell = broker::ListenerTraffic::Cell;
      sheet.add(Figure::listener_messages_received, sum(&Cell::received), labels);
      sheet.add(Figure::listener_messages_delivered, sum(&Cell::delivered), labels);
    }
  }
}

}  // namespace mortise::app
