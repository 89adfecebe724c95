// From the metrics of the broker to the $SYS topics that Mosquitto's users know.
//
// Thread: one at a time.   Owns: the loads, and what was the most.
// Source: README.md has what each topic means, and where it is not what it is in Mosquitto.
#pragma once

#include <array>
#include <map>
#include <mortise/plugin.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "load.hpp"

namespace mortise::sys_topics {

// What the topics are made of, summed over all labels.
struct Reading {
  std::string version;
  double uptime = 0;
  double sessions = 0, connected = 0, subscriptions = 0;
  double published = 0, delivered = 0, dropped = 0;
  double bytes_received = 0, bytes_sent = 0;
  double queued = 0, retained = 0;
  double accepted = 0;

  void add(const mortise_metric_view_t& metric);
};

class Topics {
 public:
  // Topic and payload of everything there is to say. `at`: of a clock that never jumps.
  std::vector<std::pair<std::string, std::string>> from(const Reading& now, std::chrono::nanoseconds at);

 private:
  std::map<std::string_view, Load> loads_;
  double connected_most_ = 0;
  std::chrono::nanoseconds last_{};
};

}  // namespace mortise::sys_topics
