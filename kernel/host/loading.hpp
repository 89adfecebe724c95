// From an entry of the YAML to a configured instance:
// the part of a plugin's life that `mortise check` runs, too.
//
// Thread: the control thread.   Fails: by findings; all of an instance's are told at once.
#pragma once

#include <memory>
#include <vector>

#include "config/finding.hpp"
#include "config/settings.hpp"

namespace mortise::host {

struct Innards;
struct Instance;

// Null when the library is of no use. The instance may be unusable all the same if there are errors.
std::unique_ptr<Instance> load_instance(Innards& in, const config::Plugin& settings, std::size_t index,
                                        std::vector<config::Finding>& findings);

// Puts the defaults of the plugin's schema into `config`, the section of `settings`. What the schema refuses
// is a finding, and false.
bool check_section(const Instance& instance, const config::Plugin& settings, const std::string& key,
                   config::Tree& config, std::vector<config::Finding>& findings);

// What concerns several at once: names that come twice, two stores.
void check_together(const std::vector<config::Plugin>& plugins, const std::vector<Instance*>& instances,
                    std::vector<config::Finding>& findings);

}  // namespace mortise::host
