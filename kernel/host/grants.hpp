// What an instance may use: the hooks and services it asks for, held against the operator's list.
//
// Thread: the control thread.
// Source: design, promise "a plugin does what it was granted".
// Policy against mistakes, no wall against malice.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "host/manifest.hpp"

namespace mortise::host {

class Grants {
 public:
  // Nothing is granted.
  Grants() = default;
  // What is missing goes to `findings`, with the lines to paste.
  Grants(const Manifest& manifest, const config::Plugin& settings, config::GrantPolicy policy,
         const std::string& key, std::vector<config::Finding>& findings);

  bool has(std::string_view id) const;
  // Whether it is granted for this topic name: its scope is a topic filter, or there is none.
  bool covers(std::string_view id, std::string_view topic) const;
  // Likewise for everything a topic filter matches.
  bool covers_filter(std::string_view id, std::string_view filter) const;
  // For the log: "mortise.authorise/1, mortise.host.publish/1 (alerts/#)".
  std::string text() const;

 private:
  struct One {
    std::string id;
    std::string scope;
  };
  std::vector<One> granted_;
};

}  // namespace mortise::host
