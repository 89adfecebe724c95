// Another configuration for a broker that serves clients: all of it is taken, or nothing changes.
//
// The file is read and everything that can refuse is asked first: the reader, the plugins, the TLS files, the
// ports. Then nobody is let in for a moment, plugins, limits and listeners change, and whoever knocked
// meanwhile comes in. Connections stay, but for those of a listener that is gone.
//
// Thread: main.   Fails: by findings, and then the broker is as it was.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands/command.hpp"
#include "app/listeners.hpp"
#include "broker/shared.hpp"
#include "config/difference.hpp"
#include "config/finding.hpp"
#include "config/settings.hpp"
#include "host/host.hpp"
#include "net/loops.hpp"

namespace mortise::app {

struct Reloaded {
  enum class Outcome { unchanged, refused, possible, applied };
  Outcome outcome = Outcome::refused;
  std::vector<config::Finding> findings;  // errors when it was refused, else warnings
  std::vector<config::Change> changes;
};

// The parts of the broker that a configuration reaches. All of it outlives the call.
struct ReloadReach {
  const Invocation& invocation;
  config::Settings& settings;  // what is in force
  host::Host& host;
  Listeners& listeners;
  broker::Shared& shared;
  net::Loops& loops;
};

enum class Reload {
  look,          // everything is asked, and nothing is taken
  apply,         // what has not changed reads its files again, too
  apply_changes  // without a change in the file nothing happens
};
Reloaded reload(const ReloadReach& reach, Reload how);

// What the log says of a configuration.
void log_findings(const std::vector<config::Finding>& findings, broker::Log& log);
// And of a reload, with its findings and who asked for it: "uid 0", "SIGHUP".
void log_reload(const Reloaded& reloaded, std::string_view by, broker::Log& log);

// Where plugins are looked for.
std::vector<std::filesystem::path> plugin_path(const Invocation& invocation,
                                               const config::Settings& settings);

}  // namespace mortise::app
