#include "host/host_table.hpp"

#include <array>
#include <string_view>

#include "host/abi_text.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

namespace {

struct Row {
  std::string_view id;
  const void* table;
  bool always;               // open before start
  std::string_view granted;  // what must be granted; empty: nothing
};

const std::array<Row, 12>& rows() {
  static const std::array<Row, 12> all{
      {{MORTISE_HOST_CONFIG, &config_service(), true, {}},
       {MORTISE_HOST_LOG, &log_service(), true, {}},
       {MORTISE_HOST_TIME, &time_service(), true, {}},
       {MORTISE_HOST_HOOKS, &hooks_service(), false, {}},
       {MORTISE_HOST_MESSAGES, &messages_service(), false, {}},
       {MORTISE_HOST_WORK, &work_service(), false, {}},
       {MORTISE_HOST_LEDGER, &ledger_service(), false, {}},
       {MORTISE_HOST_METRICS, &metrics_service(), false, {}},
       {MORTISE_HOST_PUBLISH, &publish_service(), false, MORTISE_HOST_PUBLISH},
       {MORTISE_HOST_INLINE, &inline_service(), false, MORTISE_HOST_INLINE},
       {MORTISE_HOST_CLIENTS, &clients_service(), false, MORTISE_HOST_CLIENTS},
       {MORTISE_HOST_STORE, &store_service(), false, MORTISE_STORE}}};
  return all;
}

mortise_status_t service(const mortise_host_t* host, const char* id, const void** table) {
  const Instance& instance = Instance::of(host);
  if (!id || !table) return MORTISE_E_INVALID;
  for (const Row& row : rows()) {
    if (row.id != id) continue;
    if (!row.always && (instance.now() < State::starting || instance.is(State::stopped)))
      return MORTISE_E_STATE;
    if (!row.granted.empty() && !instance.grants.has(row.granted)) return MORTISE_E_NOT_GRANTED;
    *table = row.table;
    return MORTISE_OK;
  }
  return MORTISE_E_UNKNOWN;
}

mortise_answer_t reply(mortise_call_t* call, mortise_answer_t answer, const mortise_verdict_t* verdict) {
  if (!call || !call->context) return MORTISE_FALLBACK;
  return reply_in(call, answer, verdict);
}

mortise_status_t defer(mortise_call_t* call, std::uint32_t deadline_ms, mortise_token_t* token) {
  if (!call || !call->context) return MORTISE_E_STATE;
  return defer_in(call, deadline_ms, token);
}

mortise_status_t answer(const mortise_host_t* host, mortise_token_t token, mortise_answer_t said,
                        const mortise_verdict_t* verdict) {
  Instance& instance = Instance::of(host);
  return as_status([&]() -> mortise_status_t {
    // The references in the verdict have passed to us in every case, and end here when nobody takes them.
    Said copied = copy_said(said, verdict);
    if (instance.is(State::stopped)) return MORTISE_E_STATE;
    if (instance.in.tokens.answer(instance, token, std::move(copied))) return MORTISE_OK;
    instance.late_answers.fetch_add(1, std::memory_order_relaxed);
    return MORTISE_E_LATE;
  });
}

void fault(const mortise_host_t* host, mortise_str_t where, mortise_str_t text) {
  Instance& instance = Instance::of(host);
  if (instance.is(State::stopped)) return;
  as_status([&] { return instance.fault(view_of(where), view_of(text)), MORTISE_OK; });
}

}  // namespace

void fill_host_table(Instance& instance) {
  mortise_host_t& table = instance.abi;
  table.size = sizeof table;
  table.abi_major = MORTISE_ABI_MAJOR;
  table.abi_minor = MORTISE_ABI_MINOR;
  table.context = &instance;
  table.instance = abi_str(instance.name());
  table.config_dir = abi_str(instance.in.options.config_dir.native());
  table.state_dir = abi_str(instance.in.options.state_dir.native());
  table.service = &service;
  table.reply = &reply;
  table.defer = &defer;
  table.answer = &answer;
  table.fault = &fault;
}

}  // namespace mortise::host
