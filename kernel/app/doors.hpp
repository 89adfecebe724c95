// From a listener's settings to net's terms: where it listens, and what stands between its sockets and the
// broker.
//
// Thread: main.   Fails: with a sentence that names the listener.
#pragma once

#include <memory>
#include <span>
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
// `tls` may be null.
net::MakeFilters filters_of(const config::Listener& setting, const std::shared_ptr<net::TlsListener>& tls);

net::GuestLimits guest_limits(const config::Limits& limits);

// A door of the listener, with these filters.
std::unique_ptr<net::Door> make_door(const config::Listener& setting, const broker::Listener& listener,
                                     const std::shared_ptr<net::TlsListener>& tls, net::Loops& loops);

// Binds the listener, as net::Loops::bind does: one door, or one a socket that was passed for it.
base::Result<std::vector<net::Entrance>, std::string> bind_doors(const config::Listener& setting,
                                                                 const broker::Listener& listener,
                                                                 const std::shared_ptr<net::TlsListener>& tls,
                                                                 net::Loops& loops,
                                                                 net::PassedSockets& passed,
                                                                 std::span<const net::Door* const> yielding);

}  // namespace mortise::app
