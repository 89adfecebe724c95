// From a listener's settings to net's terms: where it listens, and what stands between its sockets and the
// broker.
//
// Thread: main.   Fails: with a sentence that names the listener.
#pragma once

#include <string>
#include <vector>

#include "broker/ports.hpp"
#include "config/settings.hpp"
#include "net/loops.hpp"
#include "net/passed_sockets.hpp"
#include "net/tls_listener.hpp"

namespace mortise::app {

// Networks in the settings that are none.
std::vector<config::Finding> check_networks(const config::Settings& settings);

// The filters of each of its connections, from the socket up: the PROXY header, TLS, WebSocket. Empty: none.
// `tls` may be null and lives as long as the loops.
net::MakeFilters filters_of(const config::Listener& setting, const net::TlsListener* tls);
// From whom those filters tell another address.
net::LearnsAddress learns_address_of(const config::Listener& setting);

// Opens a listener. What is wrong; empty: it is open.
std::string open_door(const config::Listener& setting, const broker::Listener& listener,
                      const net::TlsListener* tls, net::Loops& loops, net::PassedSockets& passed);

}  // namespace mortise::app
