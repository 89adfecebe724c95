// The whole broker, put together: read assembly.cpp to see it.
//
// Thread: main.   Owns: everything.   Fails: by text for people; what was started is stopped again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/commands/command.hpp"
#include "app/traffic.hpp"
#include "broker/ports.hpp"
#include "config/finding.hpp"

namespace mortise::app {

class Assembly {
 public:
  explicit Assembly(const Invocation& invocation);
  ~Assembly();

  // Reads the configuration and lets every plugin check its own part:
  // as far as `mortise check` goes. All findings.
  std::vector<config::Finding> load();
  // Plugins, store, loops, listeners: in this order. What went wrong, or empty.
  // Tells nobody yet that it listens.
  std::string start();
  // One line a listener: "local  127.0.0.1:1883".
  std::vector<std::string> listening() const;
  // At SIGHUP: the configuration is taken as a whole, if it has changed; else, and when it is refused,
  // plugins and TLS listeners read their files again, each on its own, and logs are reopened.
  void reload();
  // What other threads want of this one; MainCalls::signal comes for it.
  void run_calls();
  // Whether there are files that are to be taken as soon as they change.
  bool watches_files() const;
  // To be called every few seconds then: reads those again that have changed.
  void look_at_files();
  // A loop that has taken no turn since this last found that all had; empty: all have. Rings them for the
  // next time.
  std::optional<std::uint32_t> find_missing_turn();
  // Who holds a loop at present, for people.
  std::string holder_of(std::uint32_t loop) const;
  Traffic traffic() const;
  broker::Log& log();
  // Clients are told, what is unwritten is written, the store is brought to synced, plugins end in reverse.
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mortise::app
