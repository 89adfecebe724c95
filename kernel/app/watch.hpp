// Tells the service manager by and by how the broker does, and the log what the manager cannot be told and
// which loop hangs, in whose plugin.
//
// Thread: main.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "app/assembly.hpp"
#include "app/errands.hpp"
#include "app/service_manager.hpp"

namespace mortise::app {

class Watch {
 public:
  // Both outlive it, and the errands it is begun with.
  Watch(Assembly& broker, ServiceManager& manager, base::TimePoint now);

  // The broker listens: says so, and goes on telling.
  void begin(Errands& errands, base::TimePoint now);

  // What keeps the main thread from its errands, such as a reload that waits for a plugin: another thread
  // feeds the watchdog meanwhile, for as long as the loops take turns, and not for ever.
  void feed_during(const std::function<void()>& work);

 private:
  void tell_status(base::TimePoint now);
  // Whether all loops take turns, which feeds the watchdog.
  void look_at_loops();
  void log_complaints();
  void write(broker::LogLevel level, std::string_view event, const std::string& text);

  Assembly& broker_;
  ServiceManager& manager_;
  Traffic told_{};
  base::TimePoint told_at_;
  std::string hanging_;  // what was last said of it
};

}  // namespace mortise::app
