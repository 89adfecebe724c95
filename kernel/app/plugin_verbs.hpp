// The verbs of plugins on the control socket: mortise ctl INSTANCE VERB ….
//
// Thread: the control server's; answers come from any.   Owns: nothing.
// Fails:  by throwing Refused before anybody was asked, later by the answer.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/control_words.hpp"
#include "host/host.hpp"

namespace mortise::app {

class PluginVerbs {
 public:
  // Whatever is told is told once.
  using Tell = std::function<void(host::VerbAnswer)>;

  explicit PluginVerbs(host::Host& host) : host_{host} {}

  // Of instances that have verbs, running or not.
  std::vector<std::string> instances() const { return host_.instances_with_verbs(); }
  // As `mortise ctl help` shows them.
  ControlJson help() const;
  // The first of the words is the verb; without one the answer is what verbs there are. `asked` may say how
  // long somebody waits: {"wait_s": 600}, 1 to 86,400.
  void ask(const std::string& instance, const ControlJson& asked, const std::string& caller, Tell tell) const;

 private:
  host::Host& host_;
};

}  // namespace mortise::app
