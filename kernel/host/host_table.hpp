// The mortise_host_t each instance is given, and the services behind its service().
//
// Thread: as the SDK's headers say of each function.
// Fails:  by status; no exception leaves one of these functions.
#pragma once

#include <new>

#include "mortise/draft/store_service.h"
#include "mortise/plugin.h"

namespace mortise::host {

struct Instance;

void fill_host_table(Instance& instance);

// ---- the tables, one a file in services/
const mortise_clients_t& clients_service();
const mortise_config_t& config_service();
const mortise_log_t& log_service();
const mortise_time_t& time_service();
const mortise_hooks_t& hooks_service();
const mortise_messages_t& messages_service();
const mortise_work_t& work_service();
const mortise_metrics_t& metrics_service();
const mortise_publisher_t& publish_service();
const mortise_inline_clients_t& inline_service();
const mortise_ledger_t& ledger_service();
const mortise_host_store_t& store_service();

// Runs the body of a host function: what it throws becomes a status.
template <class Body>
mortise_status_t as_status(Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return MORTISE_E_MEMORY;
  } catch (...) {
    return MORTISE_E_INTERNAL;
  }
}

}  // namespace mortise::host
