#include "host/instance.hpp"

#include <array>

#include "host/host_table.hpp"
#include "host/innards.hpp"

namespace mortise::host {

namespace {

constexpr base::Duration fault_line_period = std::chrono::seconds{10};
constexpr std::size_t fault_places_max = 64;

constexpr std::array<std::string_view, 8> state_names{"described", "created",  "configured", "starting",
                                                      "running",   "draining", "stopping",   "stopped"};

}  // namespace

std::string_view name_of(State state) noexcept { return state_names[static_cast<std::size_t>(state)]; }

Instance::Instance(Innards& inside, const config::Plugin& chosen, std::size_t place,
                   std::filesystem::path library)
    : in{inside},
      settings{chosen},
      index{place},
      number{inside.roster.size()},
      file{std::move(library)},
      config{std::make_unique<config::Tree>(chosen.config)},
      strand{chosen.name.value},
      timers{inside.clock, strand},
      publishing{*this},
      accounts{inside.accounts.emplace_back()},
      hook_time{inside.hook_time},
      hook_account{inside.options.loops},
      metrics{inside.metric_names, inside.options.loops} {
  fill_host_table(*this);
}

Instance::~Instance() = default;

void Instance::fault(std::string_view where, std::string_view text) {
  faults.fetch_add(1, std::memory_order_relaxed);
  std::uint64_t times = 0;
  {
    const std::lock_guard lock{fault_mutex_};
    const auto now = monotonic_now();
    auto found = faults_told_.find(where);
    if (found == faults_told_.end()) {
      if (faults_told_.size() >= fault_places_max) return;
      found = faults_told_.emplace(where, Told{now - fault_line_period, 0}).first;
    }
    const auto due = found->second.count(now);
    if (!due) return;
    times = *due;
  }
  const std::string count = std::to_string(times);
  const std::array<broker::Log::Field, 4> fields{
      {{"plugin", name()}, {"file", file.native()}, {"where", where}, {"times", count}}};
  in.log.write(broker::LogLevel::error, "host", "plugin.fault", text, nullptr, fields);
}

std::optional<std::uint64_t> Instance::Told::count(base::TimePoint now) {
  ++since;
  if (now - at < fault_line_period) return {};
  at = now;
  return std::exchange(since, 0);
}

void Instance::tell_slow(std::size_t hook, base::Duration took) {
  std::optional<std::uint64_t> times;
  {
    const std::lock_guard lock{fault_mutex_};
    times = slow_told_[hook].count(monotonic_now());
  }
  if (!times) return;
  const auto us = [](base::Duration span) {
    return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(span).count());
  };
  const std::string microseconds = us(took), allowed = us(hook_time.load()), count = std::to_string(*times);
  const std::array<broker::Log::Field, 5> fields{{{"plugin", name()},
                                                  {"hook", hook_name(hook)},
                                                  {"took_us", microseconds},
                                                  {"allowed_us", allowed},
                                                  {"times", count}}};
  in.log.write(
      broker::LogLevel::warning, "host", "plugin.slow_hook",
      "a hook takes longer than limits.hook_time allows, and every client of its loop waits for it; one call "
      "in 64 is looked at",
      nullptr, fields);
}

bool Instance::has_hook(std::size_t hook) const noexcept {
  if (hook == HookAccount::observe) return manifest.observe != nullptr;
  switch (static_cast<Point>(hook)) {
    case Point::authenticate:
    case Point::exchange: return manifest.authenticate != nullptr;
    case Point::intercept: return manifest.has_intercept_publish();
    case Point::intercept_connect: return manifest.has_intercept_connect();
    case Point::intercept_will: return manifest.has_intercept_will();
    case Point::accept: return manifest.accept != nullptr;
    case Point::psk: return manifest.psk != nullptr;
    default: return manifest.authorise != nullptr;
  }
}

mortise_call_t Instance::quiet_call(void* context) const noexcept {
  mortise_call_t call{};
  call.size = sizeof call;
  call.loop = MORTISE_NO_LOOP;
  call.now_ns = static_cast<std::uint64_t>(monotonic_now().time_since_epoch().count());
  call.context = context;
  return call;
}

}  // namespace mortise::host
