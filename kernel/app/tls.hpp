// From the operator's tls sections to net's TLS listeners, and from net's findings back to the file.
//
// Thread: main.   Owns: the TLS listeners.   Fails: by findings while loading, in the log while running.
#pragma once

#include <memory>
#include <vector>

#include "broker/ports.hpp"
#include "config/settings.hpp"
#include "host/host.hpp"
#include "net/tls_listener.hpp"

namespace mortise::app {

class TlsListeners {
 public:
  // Reads the files of all listeners that have a sound tls section. Keys (PSK) are asked of `host`, which
  // lives as long as connections do.
  std::vector<config::Finding> load(const config::Settings& settings, host::Host& host);

  // In the order of the settings; null: plain.
  net::TlsListener* at(std::size_t listener) const { return listeners_.at(listener).get(); }
  bool empty() const;

  // Reads all files again.
  void reload(broker::Log& log);
  // Reads those again that have changed.
  void look_at_files(broker::Log& log);

 private:
  static void reload(net::TlsListener& listener, broker::Log& log);

  std::vector<std::unique_ptr<net::TlsListener>> listeners_;
};

}  // namespace mortise::app
