#include "host/host_table.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

namespace {

constexpr std::uint64_t span_max =
    std::uint64_t{100} * 365 * 24 * 3600 * 1'000'000'000;  // a century, in nanoseconds

std::uint64_t monotonic_ns(const mortise_host_t*) {
  return static_cast<std::uint64_t>(monotonic_now().time_since_epoch().count());
}

std::uint64_t unix_ns(const mortise_host_t*) {
  return static_cast<std::uint64_t>(machine_wall_now().time_since_epoch().count());
}

mortise_status_t timer(const mortise_host_t* host, std::uint64_t delay_ns, std::uint64_t period_ns,
                       mortise_work_fn fn, void* context, mortise_timer_t* out) {
  Instance& instance = Instance::of(host);
  if (!instance.is_open()) return MORTISE_E_STATE;
  if (!fn || !out || delay_ns > span_max || period_ns > span_max) return MORTISE_E_INVALID;
  return as_status([&]() -> mortise_status_t {
    const std::uint64_t id =
        instance.timers.start(base::Duration{delay_ns}, base::Duration{period_ns}, fn, context);
    if (id == 0) return MORTISE_E_LIMIT;
    out->id = id;
    return MORTISE_OK;
  });
}

mortise_status_t cancel(const mortise_host_t* host, mortise_timer_t which) {
  return as_status(
      [&] { return Instance::of(host).timers.cancel(which.id) ? MORTISE_OK : MORTISE_E_UNKNOWN; });
}

constexpr mortise_time_t table{sizeof table, 0, &monotonic_ns, &unix_ns, &timer, &cancel};

}  // namespace

const mortise_time_t& time_service() { return table; }

}  // namespace mortise::host
