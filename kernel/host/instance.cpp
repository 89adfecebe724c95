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
      file{std::move(library)},
      config{chosen.config},
      strand{chosen.name.value},
      timers{inside.clock, strand},
      publishing{*this} {
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
    Told& told = found->second;
    ++told.since;
    if (now - told.at < fault_line_period) return;
    told.at = now;
    times = std::exchange(told.since, 0);
  }
  const std::string count = std::to_string(times);
  const std::array<broker::Log::Field, 4> fields{
      {{"plugin", name()}, {"file", file.native()}, {"where", where}, {"times", count}}};
  in.log.write(broker::LogLevel::error, "host", "plugin.fault", text, nullptr, fields);
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
