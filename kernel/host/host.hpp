// The plugin host: finds, opens, checks, configures, starts and stops plugins,
// and is the broker's port to them.
//
//   Host host{options, settings.plugins};
//   host.load()                 find, open, describe, check, create, configure: where `mortise check` ends
//   host.start()                log sinks, then the store, then the YAML's order
//   Shared shared{…, host.store(), host.hooks(), host.log()};
//   host.connect(shared, loops); host.restore(restorer);
//   each loop, each turn:  host.begin_turn(loop); …; host.end_turn(loop);
//   host.reload_files()         each instance on its own
//   host.renew(plugins)         another configuration; see host/renewal.hpp
//   the loops have ended:  host.stop()
//
// Thread: the control thread; begin_turn, on_…, end_turn and find_psk on a loop.
// Owns:   every instance, their threads, the log. Outlives the brokers and their Shared.
// Fails:  by findings with file, line, column and remedy.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/restorer.hpp"
#include "broker/shared.hpp"
#include "config/finding.hpp"
#include "config/renewed_files.hpp"
#include "config/settings.hpp"
#include "host/hook_account.hpp"
#include "host/loops.hpp"
#include "host/losses.hpp"
#include "host/options.hpp"
#include "host/psk_finder.hpp"
#include "host/renewal.hpp"
#include "host/verbs.hpp"

namespace mortise::host {

struct Innards;

class Host {
 public:
  Host(Options options, const std::vector<config::Plugin>& plugins);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // All findings of all plugins. With an error among them only destruction is left to do. That a library
  // cannot be read is a warning where the entry says `required: false`.
  std::vector<config::Finding> load();
  // Errors: a required plugin did not start; those that had been started are stopped again.
  // Warnings: others did not.
  std::vector<config::Finding> start();
  // In reverse; the store is brought to synced first, and log sinks go last. No loop may run any more. What
  // an instance could not finish in time is logged. Does nothing the second time.
  void stop();
  // Every instance that can reads its own files again, each on its own; one that refuses keeps what it had.
  // The log has all of it, too: what was read, what was refused and why.
  std::vector<config::RenewedFiles> reload_files();

  // Another configuration, while clients are served: begins with one renewal at a time. What may change of
  // the options holds from then on, whether or not it is committed.
  std::unique_ptr<Renewal> renew(const std::vector<config::Plugin>& plugins,
                                 std::vector<std::filesystem::path> plugin_path);
  void set_hook_time(base::Duration allowed) noexcept;
  // See host/renewal.hpp.
  std::vector<std::string> changed_libraries() const;

  // ---- the broker's ports; they live as long as the host
  broker::Hooks& hooks() noexcept;
  broker::Log& log() noexcept;
  // Null without a store plugin. Known after load().
  broker::Store* store() noexcept;

  // Before the first broker hands over a batch; both must live until stop() has returned. Tasks that were
  // posted and never ran may hold messages: let them go before `shared` ends.
  void connect(broker::Shared& shared, Loops& loops);
  // Reads everything the store has. What went wrong, or empty. Needs a store and connect().
  std::string restore(broker::Restorer& to);

  // Around each turn of a loop, on that loop. A turn runs what Loops::post brought, too.
  void begin_turn(std::uint32_t loop);
  void end_turn(std::uint32_t loop);
  // In a turn, before effects are carried out: those of plugins' clients, see host/inline_clients.hpp.
  void on_resumed(std::uint32_t loop, broker::Broker& broker);
  void on_output(std::uint32_t loop, broker::Broker& broker);

  // ---- keys of TLS clients (PSK); see host/psk_finder.hpp
  // In a handshake, on its loop.
  broker::PskAnswer find_psk(const PskListener& listener, std::string_view identity, broker::PskKey& key);
  // Whether somebody can: by its manifest, after load(); and does: while it runs.
  bool provides_psk(const PskListener& listener) const;
  bool has_psk(const PskListener& listener) const;

  // ---- verbs of plugins, from any thread between start() and stop(); see host/verbs.hpp
  std::vector<VerbRow> verbs() const;
  std::vector<std::string> instances_with_verbs() const;
  void ask_verb(const VerbQuestion& question, std::function<void(VerbAnswer)> tell);

  // ---- what can be seen
  struct Status {
    std::string name;
    std::string id;  // "org.mortise.log"; an instance whose library could not be read is not in the list
    std::string version;
    std::string file;
    std::string state;
    std::string grants;  // "mortise.authorise/1, mortise.host.publish/1 (alerts/#)"
    std::uint64_t faults = 0;
    std::uint64_t late_answers = 0;
    std::int64_t message_bytes = 0;  // of messages it has made
    struct Hook {
      std::string_view name;
      HookAccount::Sum sum;
    };
    std::vector<Hook> hooks;  // those it has
  };
  std::vector<Status> status() const;
  // Whose hook a loop is in at present; empty: in none. It may be another by the time one looks again.
  struct Inside {
    std::string plugin;
    std::string_view hook;
  };
  std::optional<Inside> inside(std::uint32_t loop) const;
  std::vector<Losses::Row> losses() const;
  // Log lines no sink has seen because it was too slow.
  std::uint64_t log_lines_dropped() const noexcept;
  // What messages made by plugins take, in bytes.
  std::int64_t message_bytes() const noexcept;

 private:
  // An entry whose library could not be read and that need not be there.
  struct Absent {
    std::string name;
    std::string why;
  };
  const std::vector<config::Plugin> plugins_;
  std::vector<Absent> absent_;  // told to whoever called load(), and to the log once there is one
  std::unique_ptr<Innards> in_;
  bool stopped_ = false;
};

}  // namespace mortise::host
