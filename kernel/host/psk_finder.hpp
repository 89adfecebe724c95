// Asking plugins for the key of a TLS client, in the middle of its handshake.
//
// Thread: a loop's, within a turn: what is asked is in the turn's hook set, so that a plugin that detaches is
//         told `done` only after the call. Elsewhere the newest set is asked.
// Owns:   nothing; what a plugin wrote is overwritten before the call returns.
// Fails:  never towards TLS: what a plugin does wrong is counted as its fault, and the identity is refused.
// Source: mortise/draft/psk.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/psk.hpp"

namespace mortise::host {

struct Innards;
struct Instance;

// Whom a listener asks: its name, and the plugins it lists. None listed: all.
struct PskListener {
  std::string name;
  std::vector<std::string> plugins;
};

// Asks in the order of the chain, or as the listener lists its plugins.
broker::PskAnswer find_psk(Innards& in, const PskListener& listener, std::string_view identity,
                           broker::PskKey& key);
// Whether a plugin that the listener asks has attached the table and is running.
bool has_psk(const Innards& in, const PskListener& listener);
// Whether one of `instances` provides the table and was granted it. Known after load().
bool provides_psk(const std::vector<Instance*>& instances, const PskListener& listener);

}  // namespace mortise::host
