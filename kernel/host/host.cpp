#include "host/host.hpp"

#include <algorithm>
#include <array>

#include "host/innards.hpp"
#include "host/instance.hpp"
#include "host/life.hpp"
#include "host/loading.hpp"
#include "host/plugin_lines.hpp"

namespace mortise::host {

namespace {

// Log sinks first, so that everything after them is logged; then the store; then the order of the file.
int start_rank(const Instance& instance) {
  if (instance.manifest.log_sink) return 0;
  return instance.manifest.store ? 1 : 2;
}

std::vector<Instance*> in_start_order(const Innards& in) {
  std::vector<Instance*> order = *in.roster.list();
  std::ranges::stable_sort(order, {}, [](const Instance* one) { return start_rank(*one); });
  return order;
}

void log_reload_findings(Instance& instance, const std::vector<config::Finding>& findings) {
  for (const config::Finding& finding : findings) {
    const bool is_error = finding.severity == config::Severity::error;
    log_line(instance, is_error ? broker::LogLevel::error : broker::LogLevel::warning,
             "plugin.reload_finding", finding.to_text());
  }
}

// Behind the findings, so that whoever has read them knows that clients are served as before.
void log_refused_reload(Instance& instance, const std::vector<config::Finding>& findings) {
  const auto first = std::ranges::find(findings, config::Severity::error, &config::Finding::severity);
  const std::string reason = first == findings.end() ? "" : first->to_text();
  const std::string text = "plugin " + config::in_quotes(instance.name()) +
                           " did not take its new files; what it had before stays in force";
  const std::array<broker::Log::Field, 2> fields{{{"plugin", instance.name()}, {"reason", reason}}};
  instance.in.log.write(broker::LogLevel::error, "host", "plugin.reload_refused", text, nullptr, fields);
}

}  // namespace

Host::Host(Options options, const std::vector<config::Plugin>& plugins)
    : plugins_{plugins}, in_{std::make_unique<Innards>(std::move(options))} {}

Host::~Host() { stop(); }

std::vector<config::Finding> Host::load() {
  std::vector<config::Finding> findings;
  std::vector<Instance*> loaded;
  for (std::size_t i = 0; i < plugins_.size(); ++i) {
    if (!plugins_[i].sound) continue;
    if (auto instance = load_instance(*in_, plugins_[i], i, findings)) {
      if (instance->manifest.store && !in_->store.provider()) in_->store.set_provider(instance.get());
      loaded.push_back(&in_->roster.add(std::move(instance)));
    } else if (!plugins_[i].required) {
      absent_.push_back({plugins_[i].name.value, findings.back().to_text()});
    }
  }
  check_together(plugins_, loaded, findings);
  in_->roster.set(std::move(loaded));
  config::sort_by_place(findings);
  return findings;
}

std::vector<config::Finding> Host::start() {
  std::vector<config::Finding> findings;
  for (Instance* const instance : in_start_order(*in_)) {
    std::vector<config::Finding> own;
    const bool is_started = start_instance(*instance, own);
    if (is_started) {
      in_->board.publish({instance}, {}, {});
      log_started(*instance);
      if (in_->store.provider() == instance && !instance->has_attached_store)
        own.push_back(
            {config::Severity::error, instance->settings.name.where, instance->key(),
             "plugin " + config::in_quotes(instance->name()) + " provides a store and did not attach it",
             "this is a fault of the plugin, report it to its author"});
    } else if (!instance->settings.required && in_->store.provider() != instance) {
      for (config::Finding& finding : own) finding.severity = config::Severity::warning;
    }
    log_start_warnings(*instance, is_started, own);
    std::ranges::move(own, std::back_inserter(findings));
    if (config::has_errors(findings)) break;
  }
  for (const Absent& absent : absent_) {
    const std::array<broker::Log::Field, 1> fields{{{"plugin", absent.name}}};
    in_->log.write(broker::LogLevel::warning, "host", "plugin.not_started", absent.why, nullptr, fields);
  }
  if (config::has_errors(findings)) stop();
  return findings;
}

void Host::stop() {
  if (std::exchange(stopped_, true)) return;
  // What the last turns left, and nothing to the loops from here on.
  for (std::uint32_t loop = 0; loop < in_->options.loops; ++loop) in_->hooks.end_turn(loop);
  in_->loops = nullptr;
  in_->board.set_running(false);
  std::vector<Instance*> order = in_start_order(*in_);
  std::ranges::reverse(order);
  for (Instance* const instance : order) {
    if (in_->store.provider() == instance && instance->is(State::running)) {
      const std::string problem = in_->store.finish(in_->options.flush_patience);
      const std::array<broker::Log::Field, 2> fields{{{"plugin", instance->name()}, {"reason", problem}}};
      if (!problem.empty())
        in_->log.write(broker::LogLevel::error, "store", "store.not_flushed",
                       "the store could not keep everything", nullptr, fields);
    }
    stop_instance(*instance, [] { return true; });
  }
  in_->store.forget_all();
  in_->shared = nullptr;
}

std::vector<config::RenewedFiles> Host::reload_files() {
  std::vector<config::RenewedFiles> renewed;
  std::string done;
  for (Instance* const instance : in_start_order(*in_)) {
    std::vector<config::Finding> findings;
    const Reload outcome = reload_instance(*instance, findings);
    log_reload_findings(*instance, findings);
    if (outcome == Reload::has_none) continue;
    if (outcome == Reload::done) done += (done.empty() ? "" : ", ") + instance->name();
    if (outcome == Reload::refused) log_refused_reload(*instance, findings);
    config::RenewedFiles& own = renewed.emplace_back();
    own.owner = "plugin " + config::in_quotes(instance->name());
    own.is_taken = outcome == Reload::done;
    for (const config::Finding& finding : findings) own.findings.push_back(finding.to_text());
  }
  const std::array<broker::Log::Field, 1> fields{{{"plugins", done}}};
  in_->log.write(broker::LogLevel::notice, "host", "plugin.reloaded",
                 done.empty() ? "no plugin read its files again" : "plugins read their files again", nullptr,
                 fields);
  return renewed;
}

std::unique_ptr<Renewal> Host::renew(const std::vector<config::Plugin>& plugins,
                                     std::vector<std::filesystem::path> plugin_path) {
  in_->plugin_path = std::move(plugin_path);
  return std::make_unique<Renewal>(*in_, plugins);
}

std::vector<std::string> Host::changed_libraries() const { return host::changed_libraries(*in_); }

void Host::set_hook_time(base::Duration allowed) noexcept { in_->hook_time = allowed; }

broker::Hooks& Host::hooks() noexcept { return in_->hooks; }
broker::Log& Host::log() noexcept { return in_->log; }
broker::Store* Host::store() noexcept { return in_->store.provider() ? &in_->store : nullptr; }

void Host::connect(broker::Shared& shared, Loops& loops) {
  in_->shared = &shared;
  in_->loops = &loops;
  in_->board.set_running(true);
  const std::shared_ptr<const Roster::List> instances = in_->roster.list();
  for (const Instance* const instance : *instances) in_->inline_clients.begin_all(*instance);
}

std::string Host::restore(broker::Restorer& to) { return in_->store.restore(to); }

void Host::begin_turn(std::uint32_t loop) { in_->hooks.begin_turn(loop); }
void Host::end_turn(std::uint32_t loop) { in_->hooks.end_turn(loop); }

void Host::on_resumed(std::uint32_t loop, broker::Broker& broker) {
  in_->inline_clients.on_resumed(loop, broker);
}
void Host::on_output(std::uint32_t loop, broker::Broker& broker) {
  in_->inline_clients.on_output(loop, broker);
}

broker::PskAnswer Host::find_psk(const PskListener& listener, std::string_view identity,
                                 broker::PskKey& key) {
  return host::find_psk(*in_, listener, identity, key);
}
bool Host::provides_psk(const PskListener& listener) const {
  return host::provides_psk(*in_->roster.list(), listener);
}
bool Host::has_psk(const PskListener& listener) const { return host::has_psk(*in_, listener); }

namespace {

std::vector<Host::Status::Hook> hooks_of(const Instance& instance) {
  std::vector<Host::Status::Hook> hooks;
  for (std::size_t hook = 0; hook < HookAccount::hooks; ++hook)
    if (instance.has_hook(hook)) hooks.push_back({hook_name(hook), instance.hook_account.sum(hook)});
  return hooks;
}

}  // namespace

std::vector<Host::Status> Host::status() const {
  std::vector<Status> all;
  const std::shared_ptr<const Roster::List> instances = in_->roster.list();
  for (const Instance* const instance : *instances)
    all.push_back({instance->name(), instance->manifest.descriptor->id,
                   instance->manifest.descriptor->version, instance->file.string(),
                   std::string{name_of(instance->now())}, instance->grants.text(), instance->faults.load(),
                   instance->late_answers.load(), instance->accounts.charged(), hooks_of(*instance)});
  return all;
}

// Instances that are leaving are not in the list any more, and stay.
std::optional<Host::Inside> Host::inside(std::uint32_t loop) const {
  for (std::size_t i = 0; i < in_->roster.size(); ++i) {
    const Instance& instance = in_->roster.at(i);
    if (const auto hook = instance.hook_account.inside(loop))
      return Inside{instance.name(), hook_name(*hook)};
  }
  return std::nullopt;
}

std::vector<VerbRow> Host::verbs() const { return verbs_of(*in_); }
std::vector<std::string> Host::instances_with_verbs() const { return host::instances_with_verbs(*in_); }
void Host::ask_verb(const VerbQuestion& question, std::function<void(VerbAnswer)> tell) {
  host::ask_verb(*in_, question, std::move(tell));
}

std::vector<Losses::Row> Host::losses() const { return in_->losses.rows(); }
std::uint64_t Host::log_lines_dropped() const noexcept { return in_->log.dropped(); }
std::int64_t Host::message_bytes() const noexcept {
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < in_->roster.size(); ++i)
    bytes += in_->roster.at(i).accounts.charged(broker::Account::message);
  return bytes;
}

}  // namespace mortise::host
