// Starting and stopping one configured instance, and letting it read its files again.
//
// Thread: the control thread, which may wait here with a limit.
// Fails:  by findings; what cannot be finished at the end is logged and left.
#pragma once

#include <cstdint>
#include <vector>

#include "config/finding.hpp"

namespace mortise::host {

struct Instance;

// Whether it is running now. If not it is stopped and destroyed already.
bool start_instance(Instance& instance, std::vector<config::Finding>& findings);
// From running or configured to stopped; nothing for one that is stopped already.
void stop_instance(Instance& instance);
enum class Reload : std::uint8_t { has_none, done, refused };
// Prepare, and commit if it accepts, with the settings it has: nobody else can refuse, so nothing rolls back.
Reload reload_instance(Instance& instance, std::vector<config::Finding>& findings);

}  // namespace mortise::host
