// From the operator's settings to the broker's options,
// and the findings that need to know both MQTT and the file.
//
// Thread: main.   Fails: by findings.
#pragma once

#include <memory>
#include <vector>

#include "broker/options.hpp"
#include "broker/ports.hpp"
#include "config/settings.hpp"

namespace mortise::app {

// What no single room can check: topic filters are well-formed,
// and nobody asks for more than memory without a store.
std::vector<config::Finding> check_settings(const config::Settings& settings, bool has_store);

// For settings without errors. `seed` is random at each start.
broker::Options broker_options(const config::Settings& settings, bool has_store, base::HashSeed seed);

// It lives as long as a connection may point at it.
std::unique_ptr<broker::Listener> broker_listener(const config::Listener& setting);

// kernel.threads, or half of the cores, at least one.
std::uint32_t loop_count(const config::Settings& settings);

}  // namespace mortise::app
