#include "app/listeners.hpp"

#include <algorithm>
#include <filesystem>

#include "app/broker_options.hpp"
#include "app/doors.hpp"
#include "app/tls.hpp"
#include "config/difference.hpp"

namespace mortise::app {

namespace {

bool is_same_place(const config::Bind& a, const config::Bind& b) {
  return a.kind == b.kind && a.address == b.address && a.port == b.port && a.path == b.path &&
         a.name == b.name;
}

template <class Setting>
std::string text_of(const Setting& setting) {
  return setting ? setting->value : std::string{};
}

// Something lies where its socket would; one that nobody listens on is removed when the listener is bound.
bool has_file(const config::Listener& setting) {
  std::error_code ignored;
  return setting.bind.value.kind == config::Bind::Kind::unix_socket &&
         std::filesystem::exists(std::filesystem::symlink_status(setting.bind.value.path, ignored));
}

// Who may use a socket in the file system is decided when it is made.
bool have_same_file(const config::Listener& a, const config::Listener& b) {
  return text_of(a.mode) == text_of(b.mode) && text_of(a.owner) == text_of(b.owner) &&
         text_of(a.group) == text_of(b.group);
}

}  // namespace

const Listeners::Running* Listeners::find(const std::string& name) const {
  const auto found = std::ranges::find_if(
      running_, [&](const Running& running) { return running.setting.name.value == name; });
  return found == running_.end() ? nullptr : &*found;
}

Listeners::Plan Listeners::plan(const config::Settings& settings, host::Host& host,
                                std::vector<config::Finding>& findings) const {
  Plan plan;
  for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
    Plan::Planned& planned = plan.all_.emplace_back();
    Running& as = planned.as;
    as.setting = settings.listeners[i];
    as.listener = broker_listener(as.setting);
    for (const auto* const those : {&running_, &retired_})
      for (const Running& earlier : *those)
        if (earlier.setting.name.value == as.setting.name.value)
          as.listener->traffic = earlier.listener->traffic;
    // Also where nothing changes: the files may be bad by now, and all of it is to be refused then.
    as.tls = read_tls(as.setting, i, host, findings);
    const Running* const before = find(as.setting.name.value);
    planned.stays = before && config::is_same(before->setting, as.setting);
    const auto at_its_place = std::ranges::find_if(running_, [&](const Running& running) {
      return is_same_place(running.setting.bind.value, as.setting.bind.value);
    });
    if (at_its_place == running_.end()) continue;
    planned.successor_of = at_its_place->setting.name.value;
    if (!have_same_file(at_its_place->setting, as.setting))
      findings.push_back(
          {config::Severity::error, as.setting.bind.where, "listeners/" + std::to_string(i) + "/bind",
           "mode, owner and group of a Unix socket cannot change while the broker listens on it",
           "restart the broker, or give it another path"});
  }
  config::sort_by_place(findings);
  return plan;
}

std::vector<config::Finding> Listeners::bind(Plan& plan, net::Loops& loops, Binding how) {
  std::vector<config::Finding> findings;
  const auto has_successor = [&](const Running& running) {
    return std::ranges::any_of(plan.all_, [&](const Plan::Planned& planned) {
      return planned.successor_of == running.setting.name.value;
    });
  };
  for (std::size_t i = 0; i < plan.all_.size(); ++i) {
    Plan::Planned& planned = plan.all_[i];
    if (!planned.successor_of.empty()) continue;
    std::vector<const net::Door*> yielding;
    for (const Running& running : running_)
      if (!has_successor(running) &&
          config::overlap(running.setting.bind.value, planned.as.setting.bind.value))
        yielding.insert(yielding.end(), running.doors.begin(), running.doors.end());
    if (how == Binding::free_places && (!yielding.empty() || has_file(planned.as.setting))) continue;
    auto entrances =
        bind_doors(planned.as.setting, *planned.as.listener, planned.as.tls, loops, passed_, yielding);
    if (entrances)
      planned.entrances = std::move(*entrances);
    else
      findings.push_back({config::Severity::error,
                          planned.as.setting.bind.where,
                          "listeners/" + std::to_string(i) + "/bind",
                          std::move(entrances.error()),
                          {}});
  }
  return findings;
}

void Listeners::commit(Plan plan, net::Loops& loops, broker::Log& log) {
  const std::lock_guard lock{mutex_};
  std::vector<Running> next;
  std::vector<std::string> succeeded;  // their sockets go on
  for (Plan::Planned& planned : plan.all_) {
    if (!planned.successor_of.empty()) succeeded.push_back(planned.successor_of);
    if (planned.stays) {
      const auto before = std::ranges::find_if(running_, [&](const Running& running) {
        return running.setting.name.value == planned.as.setting.name.value;
      });
      if (before->tls) reload_tls(*before->tls, log);
      next.push_back(std::move(*before));
      continue;
    }
    Running& as = planned.as;
    if (const Running* const before = find(planned.successor_of))
      for (net::Door* const door : before->doors)
        as.doors.push_back(&loops.replace(*door, make_door(as.setting, *as.listener, as.tls, loops)));
    for (net::Entrance& entrance : planned.entrances) as.doors.push_back(&loops.open(std::move(entrance)));
    next.push_back(std::move(as));
  }
  for (Running& running : running_) {
    if (!running.listener) continue;  // it stays
    const std::string& name = running.setting.name.value;
    const bool is_gone =
        std::ranges::none_of(next, [&](const Running& one) { return one.setting.name.value == name; });
    const auto close = [&](const Running& one, bool with_farewell) {
      for (net::Door* const door : one.doors)
        loops.close(*door, with_farewell ? std::optional{"listener " + name + " is closed"} : std::nullopt);
    };
    if (std::ranges::count(succeeded, name) == 0) {
      close(running, is_gone);
      // Who came by what it was before an earlier reload has to go, too.
      for (const Running& earlier : retired_)
        if (is_gone && earlier.setting.name.value == name) close(earlier, true);
    }
    retired_.push_back(std::move(running));
  }
  running_ = std::move(next);
}

std::vector<std::string> Listeners::listening() const {
  std::vector<std::string> lines;
  const std::lock_guard lock{mutex_};
  for (const Running& running : running_)
    lines.push_back(running.setting.name.value + "  " + running.setting.bind.value.text +
                    (running.tls ? "  TLS" : ""));
  return lines;
}

bool Listeners::watches_files() const {
  return std::ranges::any_of(running_, [](const Running& running) { return running.tls != nullptr; });
}

void Listeners::reload_files(broker::Log& log, std::vector<config::RenewedFiles>& renewed) {
  for (const Running& running : running_)
    if (running.tls) renewed.push_back(reload_tls(*running.tls, log));
}

void Listeners::look_at_files(broker::Log& log) {
  const auto now = std::chrono::steady_clock::now();
  for (const Running& running : running_)
    if (running.tls && running.tls->wants_reload(now)) reload_tls(*running.tls, log);
}

}  // namespace mortise::app
