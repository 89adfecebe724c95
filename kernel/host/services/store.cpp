#include <array>

#include "host/abi_text.hpp"
#include "host/host_table.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

namespace {

// What only the instance may say that provides the store.
template <class Body>
mortise_status_t from_provider(const mortise_host_t* host, Body body) {
  Instance& instance = Instance::of(host);
  if (instance.now() < State::starting || instance.is(State::stopped)) return MORTISE_E_STATE;
  if (instance.in.store.provider() != &instance) return MORTISE_E_STATE;
  return as_status([&]() -> mortise_status_t {
    const mortise_status_t status = body(instance.in.store);
    if (status == MORTISE_E_INVALID) instance.fault("host.store", "a call that makes no sense was ignored");
    return status;
  });
}

mortise_status_t durable(const mortise_host_t* host, std::uint64_t sequence, std::uint32_t level,
                         mortise_status_t status) {
  return from_provider(host, [&](StorePort& store) { return store.durable(sequence, level, status); });
}

mortise_status_t emit(const mortise_host_t* host, std::uint64_t request, const mortise_record_t* record) {
  return from_provider(
      host, [&](StorePort& store) { return record ? store.emit(request, *record) : MORTISE_E_INVALID; });
}

mortise_status_t emit_delivery(const mortise_host_t* host, std::uint64_t request,
                               const mortise_delivery_record_t* deliveries, std::size_t count) {
  return from_provider(host, [&](StorePort& store) {
    return deliveries || count == 0 ? store.emit_deliveries(request, deliveries, count) : MORTISE_E_INVALID;
  });
}

mortise_status_t done(const mortise_host_t* host, std::uint64_t request, mortise_status_t status) {
  return from_provider(host, [&](StorePort& store) { return store.done(request, status); });
}

mortise_status_t set_aside(const mortise_host_t* host, const mortise_set_aside_t* what) {
  Instance& instance = Instance::of(host);
  if (!instance.is(State::starting)) return MORTISE_E_STATE;
  if (!what || !MORTISE_HAS(what, reason)) return MORTISE_E_INVALID;
  return as_status([&]() -> mortise_status_t {
    const std::array<broker::Log::Field, 5> fields{
        {{"plugin", instance.name()},
         {"path", view_of(what->path)},
         {"kept_as", view_of(what->kept_as)},
         {"reason", view_of(what->reason)},
         {"starts", what->replaced ? "empty" : "with what could be saved"}}};
    instance.in.log.write(broker::LogLevel::error, "store", "store.set_aside", "a damaged file was set aside",
                          nullptr, fields);
    return MORTISE_OK;
  });
}

constexpr mortise_host_store_t table{sizeof table, 0, &durable, &emit, &emit_delivery, &done, &set_aside};

}  // namespace

const mortise_host_store_t& store_service() { return table; }

}  // namespace mortise::host
