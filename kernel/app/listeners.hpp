// The listeners of the broker: their settings, their TLS, their sockets, and how they become others while
// clients are served.
//
// A listener whose settings change goes on with its socket; who is connected stays, as it came in, and who
// comes next finds the new settings. A new address is bound before the old one closes. Who came by a listener
// that is gone is disconnected.
//
// Thread: main; listening() from any.
// Owns:   broker's listeners and TLS, as long as connections may point at them: to its own end.
// Fails:  by findings; what it had stays in force.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "broker/ports.hpp"
#include "config/renewed_files.hpp"
#include "config/settings.hpp"
#include "host/host.hpp"
#include "net/loops.hpp"
#include "net/passed_sockets.hpp"
#include "net/tls_listener.hpp"

namespace mortise::app {

class Listeners {
 public:
  // What a configuration asks for, checked, perhaps bound, and not in force.
  class Plan;

  // Before other threads start; see net/passed_sockets.hpp.
  void take_passed_sockets() { passed_ = net::PassedSockets::from_environment(); }

  // Reads the TLS files of all listeners that have a sound tls section. Keys (PSK) are asked of `host`, which
  // lives as long as connections do.
  Plan plan(const config::Settings& settings, host::Host& host, std::vector<config::Finding>& findings) const;
  enum class Binding {
    all,
    free_places  // where nobody of ours listens now, for two at one place would share who knocks there, and
                 // where no file lies
  };
  // Sockets for what listens nowhere yet; all that is wrong. A plan that is thrown away closes them.
  std::vector<config::Finding> bind(Plan& plan, net::Loops& loops, Binding how = Binding::all);
  // Puts a bound plan in force.
  void commit(Plan plan, net::Loops& loops, broker::Log& log);

  // Names of passed sockets that nobody has taken.
  std::vector<std::string> left() const { return passed_.left(); }
  // One line a listener: "local  127.0.0.1:1883".
  std::vector<std::string> listening() const;

  // Whether there are files that are to be taken as soon as they change.
  bool watches_files() const;
  // Reads all files again; what came of it, at the end of the list.
  void reload_files(broker::Log& log, std::vector<config::RenewedFiles>& renewed);
  // Reads those again that have changed.
  void look_at_files(broker::Log& log);

 private:
  struct Running {
    config::Listener setting;
    std::unique_ptr<broker::Listener> listener;
    std::shared_ptr<net::TlsListener> tls;  // null: plain
    std::vector<net::Door*> doors;          // one, or as many as sockets were passed
  };

  const Running* find(const std::string& name) const;

  net::PassedSockets passed_;
  mutable std::mutex mutex_;
  std::vector<Running> running_;  // written by main under mutex_
  std::vector<Running> retired_;  // connections may still point at them
};

class Listeners::Plan {
 public:
  Plan() = default;
  Plan(Plan&&) = default;
  Plan& operator=(Plan&&) = default;

 private:
  friend Listeners;
  struct Planned {
    Running as;                            // no doors yet
    bool stays = false;                    // as it is running: of `as` only the name counts
    std::string successor_of;              // the listener whose sockets it takes over; empty: it has its own
    std::vector<net::Entrance> entrances;  // bound
  };
  std::vector<Planned> all_;
};

}  // namespace mortise::app
