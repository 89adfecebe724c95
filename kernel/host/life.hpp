// Starting and stopping one configured instance, and letting it take new settings or read its files again.
//
// Thread: the control thread, which may wait here with a limit.
// Fails:  by findings; what cannot be finished at the end is logged and left.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "config/finding.hpp"
#include "config/settings.hpp"

namespace mortise::host {

struct Instance;

// Whether it is running now; its hooks count when HookBoard::publish says so. If not it is stopped and
// destroyed already.
bool start_instance(Instance& instance, std::vector<config::Finding>& findings);
// From running or configured to stopped; nothing for one that is stopped already. `pass`: waits until nobody
// can be inside of it any more; false: somebody may, and it is left as it is, drained and not stopped.
void stop_instance(Instance& instance, const std::function<bool()>& pass);

// The three steps of mortise.reload, for a running instance that has it. `config` is the section of
// `settings`, checked, and lives as abi/config.h says.
struct Prepared {
  bool is_ready = false;
  void* plan = nullptr;  // of one that is
};
Prepared prepare_reload(Instance& instance, const config::Plugin& settings, const config::Tree& config,
                        std::vector<config::Finding>& findings);
void commit_reload(Instance& instance, void* plan);
void roll_back_reload(Instance& instance, void* plan);

enum class Reload : std::uint8_t { has_none, done, refused };
// Prepare, and commit if it accepts, with the settings it has: nobody else can refuse, so nothing rolls back.
Reload reload_instance(Instance& instance, std::vector<config::Finding>& findings);

}  // namespace mortise::host
