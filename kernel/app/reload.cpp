#include "app/reload.hpp"

#include <algorithm>
#include <array>

#include "app/broker_options.hpp"
#include "app/doors.hpp"
#include "app/psk_check.hpp"
#include "config/settings_reader.hpp"

namespace mortise::app {

namespace {

using config::Finding;
using config::Severity;

std::string text_of_threads(const config::Settings& settings) {
  const std::string count = std::to_string(loop_count(settings));
  return settings.kernel.threads ? count : "auto (" + count + ")";
}

// What the loops, the store and the plugins' rights stand on from the start. `file` is what `after` was read
// from.
std::vector<Finding> check_changeable(const config::Settings& before, const config::Settings& after,
                                      const config::Tree& file, const std::vector<config::Change>& changes,
                                      bool has_store) {
  std::vector<Finding> findings;
  const auto refuse = [&](const std::string& key, std::string text) {
    findings.push_back({Severity::error, file.nearest("/" + key).where(), key,
                        std::move(text) + " cannot change while the broker runs",
                        "set it back, or restart the broker"});
  };
  if (loop_count(before) != loop_count(after))
    refuse("kernel/threads", "the number of threads, " + text_of_threads(before) + ",");
  for (const config::Change& change : changes)
    if (change.key == "kernel/grants") refuse(change.key, "what plugins are granted");
  const auto keeps_sessions = [&](const config::Settings& settings) {
    return broker_options(settings, has_store, {}).session_store != broker::Level::memory;
  };
  if (keeps_sessions(before) != keeps_sessions(after))
    refuse("kernel/session/store", "whether sessions are stored at all");
  return findings;
}

const std::string& name_of_plugin(const config::Plugin& plugin) { return plugin.name.value; }

// Everything that was asked, and is ready to be taken.
struct Prepared {
  config::Settings settings;
  std::unique_ptr<host::Renewal> plugins;
  Listeners::Plan listeners;
};

void commit(const ReloadReach& reach, Prepared prepared) {
  const bool has_store = reach.host.store() != nullptr;
  // Nobody meets the new plugins at an old listener, or the other way round.
  reach.loops.hold_doors();
  reach.host.set_hook_time(prepared.settings.kernel.limits.hook_time.value_or(base::Duration::max()));
  prepared.plugins->commit();
  reach.shared.set_options(broker_options(prepared.settings, has_store, reach.shared.seed));
  reach.loops.renew_options(guest_limits(prepared.settings.kernel.limits));
  reach.listeners.commit(std::move(prepared.listeners), reach.loops, reach.host.log());
  reach.loops.release_doors();
  reach.settings = std::move(prepared.settings);
  prepared.plugins->retire();
}

// Everything before the commit. Whether that is to come.
bool prepare(const ReloadReach& reach, Reload how, Prepared& next, Reloaded& reloaded) {
  config::SettingsReading reading =
      config::read_settings(reach.invocation.config, config::process_environment());
  reloaded.findings = std::move(reading.findings);
  const auto add = [&](std::vector<Finding> more) {
    for (Finding& finding : more) reloaded.findings.push_back(std::move(finding));
  };
  if (!reading.plugins_known) return false;
  next.settings = std::move(reading.settings);
  reloaded.changes = config::difference(reach.settings, next.settings);
  for (const std::string& name : reach.host.changed_libraries()) {
    const std::string key = "plugins/" + name + "/library";
    if (std::ranges::count(next.settings.plugins, name, name_of_plugin) != 0)
      reloaded.changes.push_back({config::Change::Kind::changed, key, "as it was opened", "another file"});
  }
  if (how == Reload::apply_changes && reloaded.changes.empty() && !config::has_errors(reloaded.findings)) {
    reloaded.outcome = Reloaded::Outcome::unchanged;
    return false;
  }

  const bool has_store = reach.host.store() != nullptr;
  if (!config::has_errors(reloaded.findings))  // what could not be read is as if it were not there
    add(check_changeable(reach.settings, next.settings, reading.file, reloaded.changes, has_store));
  next.plugins = reach.host.renew(next.settings.plugins, plugin_path(reach.invocation, next.settings));
  const bool is_readable = !config::has_errors(reloaded.findings);
  add(next.plugins->prepare());
  if (is_readable) add(next.plugins->check_store());
  add(check_settings(next.settings, has_store));
  if (std::ranges::all_of(next.settings.plugins, &config::Plugin::sound))
    add(check_psk(next.settings, [&](const auto& listener) { return next.plugins->provides_psk(listener); }));
  next.listeners = reach.listeners.plan(next.settings, reach.host, reloaded.findings);
  config::sort_by_place(reloaded.findings);
  if (config::has_errors(reloaded.findings)) return false;
  const bool only_looks = how == Reload::look;
  if (!only_looks) add(next.plugins->start());
  if (config::has_errors(reloaded.findings)) return false;
  using Binding = Listeners::Binding;
  add(reach.listeners.bind(next.listeners, reach.loops, only_looks ? Binding::free_places : Binding::all));
  if (config::has_errors(reloaded.findings)) return false;
  if (only_looks) reloaded.outcome = Reloaded::Outcome::possible;
  return !only_looks;
}

}  // namespace

std::vector<std::filesystem::path> plugin_path(const Invocation& invocation,
                                               const config::Settings& settings) {
  std::vector<std::filesystem::path> path = invocation.plugin_path;
  path.insert(path.end(), settings.kernel.plugin_path.begin(), settings.kernel.plugin_path.end());
  path.emplace_back(MORTISE_PLUGIN_DIR);
  return path;
}

Reloaded reload(const ReloadReach& reach, Reload how) {
  Reloaded reloaded;
  Prepared next;
  try {
    if (!prepare(reach, how, next, reloaded)) return reloaded;
  } catch (const std::exception& fault) {
    reloaded.outcome = Reloaded::Outcome::refused;
    reloaded.findings.push_back({Severity::error,
                                 {reach.settings.file.string()},
                                 "",
                                 fault.what(),
                                 "the broker goes on as it was; try again"});
    return reloaded;
  }
  commit(reach, std::move(next));
  reloaded.outcome = Reloaded::Outcome::applied;
  return reloaded;
}

void log_findings(const std::vector<Finding>& findings, broker::Log& log) {
  for (const Finding& finding : findings) {
    const bool is_error = finding.severity == Severity::error;
    log.write(is_error ? broker::LogLevel::error : broker::LogLevel::warning, "kernel", "config.finding",
              finding.to_text(), nullptr, {});
  }
}

void log_reload(const Reloaded& reloaded, std::string_view by, broker::Log& log) {
  using Outcome = Reloaded::Outcome;
  const bool is_refused = reloaded.outcome == Outcome::refused;
  log_findings(reloaded.findings, log);
  if (reloaded.outcome == Outcome::applied)
    for (const config::Change& change : reloaded.changes) {
      const std::string text = change.to_text();
      const std::array<broker::Log::Field, 1> fields{{{"change", text}}};
      log.write(broker::LogLevel::notice, "kernel", "config.changed", "the configuration changes", nullptr,
                fields);
    }
  const std::string changes = std::to_string(reloaded.changes.size());
  const std::array<broker::Log::Field, 2> fields{{{"changes", changes}, {"by", by}}};
  if (is_refused)
    log.write(broker::LogLevel::error, "kernel", "config.refused",
              "the configuration is not taken; what was in force stays in force", nullptr, fields);
  else if (reloaded.outcome == Outcome::applied)
    log.write(broker::LogLevel::notice, "kernel", "config.reloaded", "the configuration is taken", nullptr,
              fields);
}

}  // namespace mortise::app
