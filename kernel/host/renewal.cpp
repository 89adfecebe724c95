#include "host/renewal.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "config/difference.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"
#include "host/life.hpp"
#include "host/loading.hpp"
#include "host/plugin_lines.hpp"

namespace mortise::host {

namespace {

using config::Finding;
using config::Severity;

constexpr auto loop_patience = std::chrono::seconds{30};
constexpr auto token_step = std::chrono::milliseconds{5};

// Told by the board when no loop can be inside of what has left.
class Passing {
 public:
  std::function<void()> teller() {
    return [state = state_] {
      const std::lock_guard lock{state->mutex};
      state->has_passed = true;
      state->changed.notify_all();
    };
  }
  bool wait() {
    std::unique_lock lock{state_->mutex};
    return state_->changed.wait_for(lock, loop_patience, [this] { return state_->has_passed; });
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool has_passed = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// False: a loop has not taken a turn for a long time.
bool publish_and_wait(Innards& in, const std::vector<Instance*>& coming,
                      const std::vector<Instance*>& leaving) {
  Passing passing;
  in.board.publish(coming, leaving, passing.teller());
  in.wake_loops();
  return passing.wait();
}

// What a question under way is answered is taken as long as its deadline allows.
void wait_for_answers(Instance& instance) {
  const auto give_up = monotonic_now() + instance.in.options.drain_patience;
  while (instance.in.tokens.open_of(instance) != 0 && monotonic_now() < give_up)
    std::this_thread::sleep_for(token_step);
}

bool have_same_hooks_and_grants(config::Plugin a, const config::Plugin& b) {
  a.config = b.config;
  a.required = b.required;
  return config::is_same(a, b);
}

bool have_same_section(config::Plugin a, const config::Plugin& b) {
  a.required = b.required;
  return config::is_same(a, b);
}

// Without the means to end it, it stays; and whoever is served goes on.
void stop_quietly(Instance& instance, const std::function<bool()>& pass) {
  try {
    stop_instance(instance, pass);
  } catch (const std::exception& fault) {
    instance.fault("stop", fault.what());
  }
}

bool has_another_file(const Instance& instance) {
  const auto now = FileIdentity::of(instance.file);
  return now && now != instance.identity;
}

Finding refusal(const config::Plugin& settings, std::size_t place, std::string text, std::string remedy) {
  return {Severity::error, settings.name.where, "plugins/" + std::to_string(place),
          "plugin " + config::in_quotes(settings.name.value) + " " + std::move(text), std::move(remedy)};
}

}  // namespace

Renewal::Renewal(Innards& in, std::vector<config::Plugin> plugins) : in_{in}, plugins_{std::move(plugins)} {}

Renewal::~Renewal() {
  if (!is_committed_) roll_back();
}

std::vector<std::string> changed_libraries(const Innards& in) {
  std::vector<std::string> names;
  const std::shared_ptr<const Roster::List> running = in.roster.list();
  for (const Instance* const instance : *running)
    if (instance != in.store.provider() && has_another_file(*instance)) names.push_back(instance->name());
  return names;
}

// ---- what becomes of each entry

void Renewal::decide(std::size_t place, std::vector<Finding>& findings) {
  const config::Plugin& settings = plugins_[place];
  Entry& entry = entries_.emplace_back();
  if (!settings.sound) return;
  const std::shared_ptr<const Roster::List> running = in_.roster.list();
  const auto found = std::ranges::find_if(
      *running, [&](const Instance* instance) { return instance->name() == settings.name.value; });
  Instance* const before = found == running->end() ? nullptr : *found;
  const bool is_alive = before && before->is(State::running);
  const bool is_store = before && in_.store.provider() == before;
  const auto file = find_library(settings.library.value, in_.plugin_path);
  const bool is_elsewhere = before && file && *file != before->file;
  const bool stays = is_alive && !is_elsewhere && (is_store || !has_another_file(*before)) &&
                     have_same_hooks_and_grants(before->settings, settings) &&
                     (before->manifest.reload || have_same_section(before->settings, settings));
  if (stays) {
    entry.instance = before;
    if (before->manifest.reload) prepare(entry, settings, place, findings);
    return;
  }
  entry.replaces = before;
  if (is_store) {
    config::Tree section = settings.config;
    const std::string key = "plugins/" + std::to_string(place);
    if (!check_section(*before, settings, key, section, findings)) return;
    findings.push_back(refusal(settings, place, "is the store, and what it has taken is in its hands",
                               "restart the broker to change its entry"));
    return;
  }
  auto made = load_instance(in_, settings, place, findings);
  if (!made) return;
  entry.is_fresh = true;
  entry.instance = &in_.roster.add(std::move(made));
  if (entry.instance->manifest.store && !in_.store.provider())
    findings.push_back(refusal(settings, place, "provides a store, and the broker runs without",
                               "restart the broker to give it one"));
}

void Renewal::prepare(Entry& entry, const config::Plugin& settings, std::size_t place,
                      std::vector<Finding>& findings) {
  entry.config = std::make_unique<config::Tree>(settings.config);
  const std::string key = "plugins/" + std::to_string(place);
  if (!check_section(*entry.instance, settings, key, *entry.config, findings)) return;
  const Prepared prepared = prepare_reload(*entry.instance, settings, *entry.config, findings);
  entry.has_prepared = prepared.is_ready;
  entry.plan = prepared.plan;
}

std::vector<Finding> Renewal::prepare() {
  std::vector<Finding> findings;
  for (std::size_t place = 0; place < plugins_.size(); ++place) decide(place, findings);
  for (const Entry& entry : entries_)
    if (entry.instance) next_.push_back(entry.instance);
  check_together(plugins_, next_, findings);
  config::sort_by_place(findings);
  return findings;
}

std::vector<Finding> Renewal::check_store() const {
  const Instance* const store = in_.store.provider();
  const auto is_store = [&](const Entry& entry) {
    return entry.instance == store || entry.replaces == store;
  };
  if (!store || std::ranges::any_of(entries_, is_store)) return {};
  return {{Severity::error,
           {store->settings.name.where.file},
           "plugins",
           "the store " + config::in_quotes(store->name()) +
               " cannot be taken out while the broker runs: sessions and messages are kept there",
           "put it back, or restart the broker"}};
}

std::vector<Finding> Renewal::start() {
  std::vector<Finding> findings;
  for (const Entry& entry : entries_) {
    if (!entry.is_fresh) continue;
    Instance& instance = *entry.instance;
    std::vector<Finding> own;
    const bool is_started = start_instance(instance, own);
    if (!is_started && !instance.settings.required)
      for (Finding& finding : own) finding.severity = Severity::warning;
    log_start_warnings(instance, is_started, own);
    std::ranges::move(own, std::back_inserter(findings));
    if (config::has_errors(findings)) break;
  }
  return findings;
}

// ---- from here on nothing can fail

std::vector<Instance*> Renewal::leaving() const {
  std::vector<Instance*> leaving;
  const std::shared_ptr<const Roster::List> running = in_.roster.list();
  for (Instance* const instance : *running)
    if (std::ranges::count(next_, instance) == 0) leaving.push_back(instance);
  return leaving;
}

void Renewal::take(Entry& entry, const config::Plugin& settings, std::size_t place) {
  Instance& instance = *entry.instance;
  instance.index = place;
  if (entry.has_prepared) commit_reload(instance, entry.plan);
  if (entry.config) instance.config = std::move(entry.config);
  instance.settings.config = settings.config;
  instance.settings.required = settings.required;
  instance.settings.name.where = settings.name.where;
  instance.settings.library.where = settings.library.where;
}

void Renewal::commit() {
  is_committed_ = true;
  retiring_ = leaving();
  for (std::size_t place = 0; place < entries_.size(); ++place)
    if (entries_[place].instance && !entries_[place].is_fresh) take(entries_[place], plugins_[place], place);
  std::vector<Instance*> coming;
  for (const Entry& entry : entries_)
    if (entry.is_fresh && entry.instance->is(State::running)) coming.push_back(entry.instance);
  in_.roster.set(next_);
  is_passed_ = publish_and_wait(in_, coming, retiring_);
  for (Instance* const instance : coming) {
    in_.inline_clients.begin_all(*instance);
    log_started(*instance);
  }
}

void Renewal::retire() {
  for (Instance* const instance : retiring_) {
    const bool was_running = instance->is(State::running);
    if (is_passed_) {
      if (was_running) wait_for_answers(*instance);
      // What the loops were given before runs in the turn that begins with the first waiting.
      const auto pass = [&] {
        return publish_and_wait(in_, {}, {}) && publish_and_wait(in_, {}, {}) &&
               instance->strand.pass(in_.options.drain_patience);
      };
      stop_quietly(*instance, pass);
    }
    if (!was_running) continue;
    if (instance->is(State::stopped))
      log_line(*instance, broker::LogLevel::info, "plugin.stopped", "plugin stopped");
    else
      log_line(*instance, broker::LogLevel::error, "plugin.not_stopped",
               "a plugin that is out of the configuration goes on in the background: it, or a loop, does not "
               "come to an end");
  }
}

void Renewal::roll_back() {
  for (Entry& entry : entries_) {
    if (entry.has_prepared) roll_back_reload(*entry.instance, entry.plan);
    if (entry.is_fresh) stop_quietly(*entry.instance, [] { return true; });
  }
}

}  // namespace mortise::host
