// From an operator's tls section to net's TLS listener, and from net's findings back to the file.
//
// Thread: main.   Fails: by findings while loading, in the log while running.
#pragma once

#include <memory>
#include <vector>

#include "broker/ports.hpp"
#include "config/renewed_files.hpp"
#include "config/settings.hpp"
#include "host/host.hpp"
#include "net/tls_listener.hpp"

namespace mortise::app {

// Reads the files of the listener, which is at `index` of the settings; null: it is plain, or its section is
// not sound. Keys (PSK) are asked of `host`, which lives as long as connections do.
std::shared_ptr<net::TlsListener> read_tls(const config::Listener& listener, std::size_t index,
                                           host::Host& host, std::vector<config::Finding>& findings);

// Reads them again. What is bad is logged and returned, and what there was stays.
config::RenewedFiles reload_tls(net::TlsListener& listener, broker::Log& log);

}  // namespace mortise::app
