// Whether listeners that want keys (PSK) have a plugin to ask, before the start, at it and after each reload.
//
// Thread: main.   Owns: nothing.   Fails: by findings, or in the log while running.
#pragma once

#include <functional>
#include <vector>

#include "broker/ports.hpp"
#include "config/settings.hpp"
#include "host/psk_finder.hpp"

namespace mortise::app {

host::PskListener psk_listener_of(const config::Listener& listener);

// What the host knows: Host::provides_psk once plugins are loaded, Host::has_psk while they run. The first is
// all that `mortise check` can know, and is true of a plugin that would find nothing to give when it starts.
using HasPsk = std::function<bool(const host::PskListener&)>;

// An error for each listener that wants keys and has nobody to ask.
std::vector<config::Finding> check_psk(const config::Settings& settings, const HasPsk& has);
// The same as warnings, in the log, too: clients of such a listener have no way in, and others go on.
std::vector<config::Finding> warn_of_missing_psk(const config::Settings& settings, const HasPsk& has,
                                                 broker::Log& log);

}  // namespace mortise::app
