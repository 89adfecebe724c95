// Whether the settings ask for more safety than there is.
//
// Only app knows the store plugin, so it asks here, after the plugins are known and before anything starts.
// Thread: any.   Cost: one look at each class.   Fails: by findings.
#pragma once

#include <vector>

#include "config/finding.hpp"
#include "config/settings.hpp"

namespace mortise::config {

// What asks for more than `strongest`, the best class the configured store plugin offers (memory without
// one): an error for each such `after` and for kernel/session/store, at the place where it was written.
std::vector<Finding> stronger_than(Durability strongest, const Settings& settings);

}  // namespace mortise::config
