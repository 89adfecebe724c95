// What the log says of an instance as a whole: that it started, what it found, that it is gone.
//
// Thread: the control thread.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

inline void log_line(const Instance& instance, broker::LogLevel level, std::string_view event,
                     std::string_view text) {
  const std::array<broker::Log::Field, 1> fields{{{"plugin", instance.name()}}};
  instance.in.log.write(level, "host", event, text, nullptr, fields);
}

inline void log_started(const Instance& instance) {
  const std::string grants = instance.grants.text();
  const std::array<broker::Log::Field, 5> fields{{{"plugin", instance.name()},
                                                  {"id", instance.manifest.descriptor->id},
                                                  {"version", instance.manifest.descriptor->version},
                                                  {"file", instance.file.native()},
                                                  {"grants", grants}}};
  instance.in.log.write(broker::LogLevel::info, "host", "plugin.started", "plugin started", nullptr, fields);
}

// Errors end the start, and whoever called it tells them; warnings have only the log.
inline void log_start_warnings(const Instance& instance, bool is_started,
                               const std::vector<config::Finding>& findings) {
  for (const config::Finding& finding : findings)
    if (finding.severity == config::Severity::warning)
      log_line(instance, broker::LogLevel::warning,
               is_started ? "plugin.start_finding" : "plugin.not_started", finding.to_text());
}

}  // namespace mortise::host
