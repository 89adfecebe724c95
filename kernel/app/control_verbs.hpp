// What can be asked on the control socket, and the answers.
//
// Thread: the control server's; what belongs to a loop is asked there, and waited for. A plugin answers when
//         it likes, from its own thread.
// Owns:   nothing.
// Fails:  by an answer that says what is wrong and what would be right.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "app/listeners.hpp"
#include "app/main_calls.hpp"
#include "app/plugin_verbs.hpp"
#include "app/reload.hpp"
#include "host/host.hpp"
#include "net/loops.hpp"

namespace mortise::app {

class ControlVerbs {
 public:
  // All of it outlives this.
  struct Reach {
    broker::Shared& shared;
    net::Loops& loops;
    host::Host& host;
    const Listeners& listeners;
    MainCalls& calls;
    std::filesystem::path config;
    // On the main thread; see MainCalls.
    std::function<Reloaded(Reload, const std::string& by)> reload;
    std::function<std::vector<config::RenewedFiles>()> reload_files;
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();  // the broker runs
  };
  explicit ControlVerbs(Reach reach);

  // A line of JSON for a line of JSON, given once; see control_server.hpp.
  using Reply = std::function<void(std::string line)>;
  void answer(const std::string& request, const std::string& caller, const Reply& reply) const;
  // Plugin instances whose verbs nobody can ask for: a verb of the broker has that name.
  std::vector<std::string> hidden_instances() const;

 private:
  const Reach reach_;
  const PluginVerbs of_plugins_;
};

}  // namespace mortise::app
