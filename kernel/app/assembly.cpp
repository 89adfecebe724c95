#include "app/assembly.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>

#include "app/broker_options.hpp"
#include "app/control_server.hpp"
#include "app/control_verbs.hpp"
#include "app/doors.hpp"
#include "app/library_trial.hpp"
#include "app/listeners.hpp"
#include "app/loop_figures.hpp"
#include "app/main_calls.hpp"
#include "app/psk_check.hpp"
#include "app/pulse.hpp"
#include "app/reload.hpp"
#include "broker/restorer.hpp"
#include "config/settings_reader.hpp"
#include "host/alarm_clock.hpp"
#include "host/host.hpp"
#include "net/loops.hpp"

namespace mortise::app {

namespace {

constexpr auto store_patience = std::chrono::seconds{60};  // until the first batch is on the disk
constexpr auto goodbye = std::chrono::seconds{5};          // for clients to take what is still unwritten

base::HashSeed random_seed() {
  base::HashSeed seed;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
    throw std::system_error{errno, std::generic_category(), "getrandom"};
  return seed;
}

// What the host sees of the loops. Before they exist there is nobody to wake but whoever waits for the store.
class Bridge final : public host::Loops, public net::TurnObserver {
 public:
  Bridge(host::Host& host, std::uint32_t loops) : host_{host}, count_{loops}, pulse_{loops} {}

  void connect(net::Loops& loops) {
    const std::lock_guard lock{mutex_};
    loops_ = &loops;
    for (auto& [loop, task] : early_) loops.post(loop, std::move(task));
    early_.clear();
  }
  // Every listener is open.
  void opened() { is_open_ = true; }
  // False: it did not come true in time.
  template <class Condition>
  bool wait_until(Condition condition) {
    std::unique_lock lock{mutex_};
    return rose_.wait_for(lock, store_patience, condition);
  }

  void post(std::uint32_t loop, std::function<void(broker::Broker&)> task) override {
    const std::lock_guard lock{mutex_};
    if (loops_)
      loops_->post(loop, std::move(task));
    else
      early_.emplace_back(loop, std::move(task));
  }
  void wake_all() override {
    if (net::Loops* loops = known()) loops->wake_all();
    rose_.notify_all();
  }
  base::WallTime wall() override {
    if (const net::Loops* loops = known()) return loops->now().wall;
    return host::machine_wall_now();
  }
  void write_figures(host::FigureSheet& sheet) override {
    write_loop_figures(known(), count_, is_open_, sheet);
  }
  void before_turn(std::uint32_t loop) override { host_.begin_turn(loop); }
  void after_turn(std::uint32_t loop) override {
    host_.end_turn(loop);
    pulse_.mark(loop);
  }
  void on_resumed(std::uint32_t loop, broker::Broker& broker) override { host_.on_resumed(loop, broker); }
  void on_output(std::uint32_t loop, broker::Broker& broker) override { host_.on_output(loop, broker); }
  std::optional<std::uint32_t> find_missing_turn() {
    const auto missing = pulse_.find_missing();
    if (net::Loops* loops = known()) loops->wake_all();
    return missing;
  }

 private:
  net::Loops* known() {
    const std::lock_guard lock{mutex_};
    return loops_;
  }
  host::Host& host_;
  const std::uint32_t count_;
  Pulse pulse_;
  std::atomic<bool> is_open_{false};
  std::mutex mutex_;
  std::condition_variable rose_;
  net::Loops* loops_ = nullptr;
  // Plugins run before the loops do: while the store is read.
  std::vector<std::pair<std::uint32_t, std::function<void(broker::Broker&)>>> early_;
};

// What is wrong with it; empty when it is there now.
std::string make_state_folder(const std::filesystem::path& path) {
  static constexpr const char* remedy = ", or name another folder with --state-dir";
  std::error_code fault;
  std::error_code ignored;
  const auto status = std::filesystem::status(path, fault);
  if (std::filesystem::is_directory(status)) return {};
  if (std::filesystem::exists(status))
    return path.string() + ": the state folder is a file; move it away" + remedy;
  if (std::filesystem::is_symlink(std::filesystem::symlink_status(path, ignored)))
    return path.string() + ": the state folder is a link to \"" +
           std::filesystem::read_symlink(path, ignored).string() +
           "\", which is not there; make that folder" + remedy;
  std::filesystem::create_directories(path, fault);
  if (!fault) return {};
  return path.string() + ": cannot make the state folder: " + fault.message() + "; make it by hand" + remedy;
}

std::string text_of(const std::vector<config::Finding>& findings) {
  std::string text;
  for (const config::Finding& finding : findings) text += (text.empty() ? "" : "\n") + finding.to_text();
  return text;
}

}  // namespace

// In the order in which they are made; they end the other way round.
struct Assembly::Parts {
  Invocation invocation;
  config::Settings settings;
  std::vector<config::Finding> loaded;  // what loading found
  std::unique_ptr<host::Host> host;
  std::unique_ptr<Bridge> bridge;
  Listeners listeners;
  Listeners::Plan first;  // until they are open
  std::unique_ptr<broker::Shared> shared;
  std::unique_ptr<net::Loops> loops;
  MainCalls calls;
  std::optional<ControlVerbs> verbs;
  ControlServer control;
  bool started = false;

  HasPsk has_psk() const {
    return [this](const host::PskListener& listener) { return host->has_psk(listener); };
  }
  ReloadReach reach() { return {invocation, settings, *host, listeners, *shared, *loops}; }
  std::vector<config::RenewedFiles> reload_files();
  std::string restore();
  void open_control();
  void stop();
};

Assembly::Assembly(const Invocation& invocation) : parts_{std::make_unique<Parts>()} {
  parts_->invocation = invocation;
}

Assembly::~Assembly() { stop(); }

std::vector<config::Finding> Assembly::load() {
  Parts& p = *parts_;
  config::SettingsReading reading = config::read_settings(p.invocation.config, config::process_environment());
  std::vector<config::Finding> findings = std::move(reading.findings);
  // A fault elsewhere does not keep the plugins from checking their part; one among them may hide who they
  // are.
  if (!reading.plugins_known) return findings;
  p.settings = std::move(reading.settings);

  host::Options options;
  options.loops = loop_count(p.settings);
  options.config_dir = p.settings.folder;
  options.state_dir = std::filesystem::absolute(p.invocation.state_dir);
  options.plugin_path = plugin_path(p.invocation, p.settings);
  options.grants = p.settings.kernel.grants;
  options.try_library = try_library;
  options.hook_time = p.settings.kernel.limits.hook_time.value_or(base::Duration::max());
  p.host = std::make_unique<host::Host>(options, p.settings.plugins);
  const auto add = [&](std::vector<config::Finding> more) {
    findings.insert(findings.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  };
  std::vector<config::Finding> of_plugins = p.host->load();
  // One that could not be asked may be the store, or have keys.
  const bool all_are_known =
      !config::has_errors(of_plugins) && std::ranges::all_of(p.settings.plugins, &config::Plugin::sound);
  const bool may_have_store = p.host->store() != nullptr || !all_are_known;
  add(std::move(of_plugins));
  add(check_settings(p.settings, may_have_store));
  if (all_are_known)
    add(check_psk(p.settings, [&](const auto& listener) { return p.host->provides_psk(listener); }));
  p.first = p.listeners.plan(p.settings, *p.host, findings);
  p.loaded = findings;
  return findings;
}

std::string Assembly::start() {
  Parts& p = *parts_;
  p.listeners.take_passed_sockets();
  if (const std::string problem = make_state_folder(p.invocation.state_dir); !problem.empty()) return problem;
  const std::vector<config::Finding> findings = p.host->start();
  if (config::has_errors(findings)) return text_of(findings);
  p.started = true;
  log_findings(p.loaded, p.host->log());
  if (const auto keyless = check_psk(p.settings, p.has_psk()); !keyless.empty()) return text_of(keyless);

  const bool has_store = p.host->store() != nullptr;
  const std::uint32_t loops = loop_count(p.settings);
  p.bridge = std::make_unique<Bridge>(*p.host, loops);
  p.shared = std::make_unique<broker::Shared>(broker_options(p.settings, has_store, random_seed()), loops,
                                              p.host->store(), p.host->hooks(), p.host->log());
  p.host->connect(*p.shared, *p.bridge);
  if (const std::string problem = p.restore(); !problem.empty()) return problem;

  p.open_control();  // before the ports: who reaches one of them can ask
  if (const auto unbound = p.listeners.bind(p.first, *p.loops); !unbound.empty()) return text_of(unbound);
  p.listeners.commit(std::move(p.first), *p.loops, p.host->log());
  for (const std::string& name : p.listeners.left())
    p.shared->log.write(
        broker::LogLevel::warning, "listeners", "listener.not_taken",
        "a socket was passed that no listener takes: " + name + "; bind one to systemd:" + name, nullptr, {});
  p.bridge->opened();
  p.loops->start();
  return {};
}

// Clients are served without it, too.
void Assembly::Parts::open_control() {
  verbs.emplace(ControlVerbs::Reach{*shared, *loops, *host, listeners, calls, invocation.config,
                                    [this](Reload how, const std::string& by) {
                                      Reloaded reloaded = app::reload(reach(), how);
                                      if (how != Reload::look) log_reload(reloaded, by, host->log());
                                      return reloaded;
                                    },
                                    [this] { return reload_files(); }, std::chrono::steady_clock::now()});
  const std::string problem =
      control.open(std::filesystem::absolute(invocation.state_dir) / control_socket_name,
                   [this](const std::string& request, const std::string& caller,
                          const ControlServer::Reply& reply) { verbs->answer(request, caller, reply); });
  if (!problem.empty())
    shared->log.write(broker::LogLevel::warning, "kernel", "control.not_open", problem, nullptr, {});
  for (const std::string& name : verbs->hidden_instances())
    shared->log.write(broker::LogLevel::warning, "kernel", "control.hidden",
                      "the verbs of plugin \"" + name +
                          "\" cannot be asked for, since mortise ctl has a verb of that name; give the "
                          "instance another name",
                      nullptr, {});
}

// Everything the store has goes to its loop's broker before the first port opens.
std::string Assembly::Parts::restore() {
  broker::Restorer restorer{*shared};
  if (host->store())
    if (const std::string problem = host->restore(restorer); !problem.empty()) return problem;
  net::LoopsOptions options;
  options.limits = guest_limits(settings.kernel.limits);
  options.latest_stored = restorer.latest();
  options.observer = bridge.get();
  loops = std::make_unique<net::Loops>(*shared, options);
  bridge->connect(*loops);
  if (!host->store()) return {};

  std::vector<broker::Broker*> brokers;
  const base::Now now = loops->now();
  for (std::uint32_t i = 0; i < shared->loops(); ++i) {
    host->begin_turn(i);
    brokers.push_back(&loops->broker(i));
    brokers.back()->begin_turn(now);
  }
  const broker::Restorer::Outcome outcome = restorer.finish(brokers, now);
  for (std::uint32_t i = 0; i < shared->loops(); ++i) {
    brokers[i]->end_turn();
    host->end_turn(i);
  }
  const std::string text = "restored " + std::to_string(outcome.sessions) + " sessions, " +
                           std::to_string(outcome.subscriptions) + " subscriptions, " +
                           std::to_string(outcome.deliveries) + " queued messages, " +
                           std::to_string(outcome.retained) + " retained messages";
  shared->log.write(broker::LogLevel::info, "kernel", "store.restored", text, nullptr, {});
  if (!bridge->wait_until([&] { return shared->journal.line(broker::Level::synced) >= 1; }))
    return "the store did not bring its first batch to the disk within a minute; its log lines say why";
  // Numbers are reserved now, and the loops are to know: who comes first is not turned away.
  for (std::uint32_t i = 0; i < shared->loops(); ++i) {
    host->begin_turn(i);
    brokers[i]->begin_turn(loops->now());
    brokers[i]->on_stored(shared->journal.line(broker::Level::written),
                          shared->journal.line(broker::Level::synced));
    brokers[i]->end_turn();
    host->end_turn(i);
  }
  return {};
}

std::vector<std::string> Assembly::listening() const { return parts_->listeners.listening(); }

void Assembly::reload() {
  Parts& p = *parts_;
  const Reloaded reloaded = app::reload(p.reach(), Reload::apply_changes);
  log_reload(reloaded, "SIGHUP", p.host->log());
  if (reloaded.outcome != Reloaded::Outcome::applied) p.reload_files();
}

std::vector<config::RenewedFiles> Assembly::Parts::reload_files() {
  std::vector<config::RenewedFiles> renewed = host->reload_files();
  config::RenewedFiles about_all;
  for (const config::Finding& finding : warn_of_missing_psk(settings, has_psk(), host->log()))
    about_all.findings.push_back(finding.to_text());
  listeners.reload_files(host->log(), renewed);
  renewed.push_back(std::move(about_all));
  return renewed;
}

void Assembly::run_calls() { parts_->calls.run_all(); }

bool Assembly::watches_files() const { return parts_->listeners.watches_files(); }

void Assembly::look_at_files() { parts_->listeners.look_at_files(parts_->host->log()); }

std::optional<std::uint32_t> Assembly::find_missing_turn() { return parts_->bridge->find_missing_turn(); }

std::string Assembly::holder_of(std::uint32_t loop) const {
  const auto inside = parts_->host->inside(loop);
  if (!inside) return "it is in no plugin's hook; the machine may be overloaded";
  return "the plugin \"" + inside->plugin + "\" holds it in its hook " + std::string{inside->hook};
}

Traffic Assembly::traffic() const {
  Traffic traffic{.connections = parts_->loops->connections()};
  for (const auto& ledger : parts_->shared->ledgers) {
    traffic.in += ledger->published.value();
    traffic.out += ledger->out.value();
  }
  return traffic;
}

broker::Log& Assembly::log() { return parts_->host->log(); }

void Assembly::stop() { parts_->stop(); }

void Assembly::Parts::stop() {
  if (!started) return;
  started = false;
  calls.close();
  control.close();
  if (loops) {
    loops->stop(goodbye);
    // What rode along with the next batch has no next batch to wait for.
    for (std::uint32_t i = 0; i < shared->loops(); ++i) loops->broker(i).end_last_turn();
    if (const std::string wrong = broker::imbalance(shared->ledgers); !wrong.empty())
      host->log().write(broker::LogLevel::error, "broker", "ledger.imbalance",
                        "the ledger does not balance, a fault of the broker: " + wrong, nullptr, {});
  }
  host->stop();
}

}  // namespace mortise::app
