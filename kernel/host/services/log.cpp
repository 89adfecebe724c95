#include "host/abi_text.hpp"
#include "host/host_table.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

namespace {

std::int32_t level(const mortise_host_t* host) { return Instance::of(host).in.log.lowest_level(); }

void write(const mortise_host_t* host, const mortise_log_event_t* event) {
  Instance& instance = Instance::of(host);
  if (!event || !MORTISE_HAS(event, text) || instance.is(State::stopped)) return;
  if (event->level < instance.in.log.lowest_level()) return;
  as_status([&]() -> mortise_status_t {
    std::span<const mortise_field_t> fields;
    if (MORTISE_HAS(event, field_count) && event->fields) fields = {event->fields, event->field_count};
    const std::uint64_t when =
        event->unix_ns != 0 ? event->unix_ns
                            : static_cast<std::uint64_t>(machine_wall_now().time_since_epoch().count());
    instance.in.log.write(std::make_shared<const LogLine>(
        event->level, when, instance.name(), view_of(event->event), view_of(event->text), fields));
    return MORTISE_OK;
  });
}

constexpr mortise_log_t table{sizeof table, 0, &level, &write};

}  // namespace

const mortise_log_t& log_service() { return table; }

}  // namespace mortise::host
