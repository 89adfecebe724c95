// What changes from one configuration to another, setting by setting, for people to read.
//
// Thread: any.   Cost: every setting is written out once.   Fails: never.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace mortise::config {

struct Change {
  enum class Kind { added, removed, changed };
  Kind kind = Kind::changed;
  // The way to the setting, with the names of listeners and plugins where a file has their places:
  // "kernel/limits/connections", "listeners/local/bind"; "listeners/local" when it comes or goes as a whole.
  std::string key;
  // As they would be written; empty where a setting is not there. Of a plugin's own settings, which may hold
  // passwords, both are empty.
  std::string before, after;

  // "kernel/limits/connections: 100000 -> 200", "+ listeners/tls: 0.0.0.0:8883", "- plugins/bridge:
  // bridge-mqtt"
  std::string to_text() const;
};

// Listeners and plugins are the same when their names are. What follows the order of the file: the plugins'
// order is a setting, too.
std::vector<Change> difference(const Settings& before, const Settings& after);

// Whether nothing changes from one to the other.
bool is_same(const Listener& before, const Listener& after);
bool is_same(const Plugin& before, const Plugin& after);

}  // namespace mortise::config
