// See puppet.hpp. The build defines what it provides: PUPPET_ON_STRAND, PUPPET_SINK, PUPPET_STORE,
// PUPPET_PSK, PUPPET_ACCEPT.
#include "puppet.hpp"

#include <cstdlib>
#include <iterator>
#include <string>

namespace mortise::host {

namespace {

// The address of the test's look-up function, in the environment of the one process both live in.
Strings& strings_of(const mortise_host_t* host) {
  const char* const where = std::getenv("MORTISE_TEST_STRINGS");
  const auto find = reinterpret_cast<FindStrings>(std::strtoull(where, nullptr, 16));
  return *find(host->instance.data, host->instance.size);
}

Strings& of(void* self) { return *static_cast<Strings*>(self); }

// Not noexcept, on purpose: what a test throws crosses the border.
mortise_status_t create(const mortise_host_t* host, void** self) {
  Strings& strings = strings_of(host);
  strings.host = host;
  *self = &strings;
  return strings.create ? strings.create() : MORTISE_OK;
}
mortise_status_t configure(void* self, const mortise_node_t* config, const mortise_report_t* report) {
  return of(self).configure ? of(self).configure(config, report) : MORTISE_OK;
}
mortise_answer_t start(void* self, mortise_call_t* call, const mortise_report_t* report) {
  return of(self).start ? of(self).start(call, report) : MORTISE_ALLOW;
}
mortise_answer_t drain(void* self, mortise_call_t* call) {
  return of(self).drain ? of(self).drain(call) : MORTISE_ALLOW;
}
void stop(void* self) {
  if (of(self).stop) of(self).stop();
}
void destroy(void* self) { of(self).host = nullptr; }
void cancelled(void* self, mortise_token_t token, std::uint32_t why) {
  if (of(self).cancelled) of(self).cancelled(token, why);
}
mortise_answer_t authenticate(void* self, mortise_call_t* call, const mortise_connect_t* connect) {
  return of(self).authenticate ? of(self).authenticate(call, connect) : MORTISE_PASS;
}
mortise_answer_t exchange(void* self, mortise_call_t* call, const mortise_exchange_t* step) {
  return of(self).exchange ? of(self).exchange(call, step) : MORTISE_PASS;
}
void forget(void* self, std::uint64_t data) {
  if (of(self).forget) of(self).forget(data);
}
mortise_answer_t authorise(void* self, mortise_call_t* call, const mortise_access_t* access) {
  return of(self).authorise ? of(self).authorise(call, access) : MORTISE_PASS;
}
mortise_answer_t intercept(void* self, mortise_call_t* call, const mortise_client_view_t* client,
                           const mortise_message_view_t* message) {
  return of(self).intercept ? of(self).intercept(call, client, message) : MORTISE_PASS;
}
mortise_answer_t intercept_connect(void* self, mortise_call_t* call, const mortise_connect_t* connect) {
  return of(self).intercept_connect ? of(self).intercept_connect(call, connect) : MORTISE_PASS;
}
mortise_answer_t intercept_will(void* self, mortise_call_t* call, const mortise_client_view_t* client,
                                const mortise_message_view_t* message) {
  return of(self).intercept_will ? of(self).intercept_will(call, client, message) : MORTISE_PASS;
}
[[maybe_unused]] mortise_answer_t accept(void* self, mortise_call_t* call, const mortise_peer_t* peer) {
  return of(self).accept ? of(self).accept(call, peer) : MORTISE_PASS;
}
[[maybe_unused]] mortise_answer_t find_psk(void* self, mortise_call_t* call, const mortise_psk_query_t* asked,
                                           mortise_psk_key_t* key) {
  return of(self).find_psk ? of(self).find_psk(call, asked, key) : MORTISE_PASS;
}
void events(void* self, mortise_call_t* call, const mortise_event_t* const* list, std::size_t count) {
  if (of(self).events) of(self).events(call, list, count);
}
mortise_answer_t run(void* self, mortise_call_t* call, const mortise_request_t* request) {
  return of(self).run ? of(self).run(call, request) : MORTISE_ALLOW;
}
mortise_status_t prepare(void* self, const mortise_node_t*, const mortise_report_t* report, void** plan) {
  return of(self).prepare ? of(self).prepare(report, plan) : MORTISE_OK;
}
void commit(void* self, void* plan) {
  if (of(self).commit) of(self).commit(plan);
}
void rollback(void* self, void* plan) {
  if (of(self).rollback) of(self).rollback(plan);
}
void log_write(void* self, const mortise_log_event_t* const* list, std::size_t count) {
  if (of(self).log_write) of(self).log_write(list, count);
}
void log_flush(void* self) {
  if (of(self).log_flush) of(self).log_flush();
}
mortise_status_t store_commit(void* self, const mortise_batch_t* const* batches, std::size_t count) {
  return of(self).store_commit ? of(self).store_commit(batches, count) : MORTISE_OK;
}
mortise_status_t store_read(void* self, const mortise_read_t* read) {
  if (of(self).store_read) return of(self).store_read(read);
  return of(self)
      .service<mortise_host_store_t>(MORTISE_HOST_STORE)
      ->done(of(self).host, read->request, MORTISE_OK);
}
mortise_status_t store_flush(void* self, std::uint64_t request) {
  if (of(self).store_flush) return of(self).store_flush(request);
  return of(self).service<mortise_host_store_t>(MORTISE_HOST_STORE)->done(of(self).host, request, MORTISE_OK);
}
mortise_status_t store_health(void* self, mortise_health_t* out) {
  if (of(self).store_health) return of(self).store_health(out);
  out->state = MORTISE_STORE_GOOD;
  return MORTISE_OK;
}

const char* const say_schema = R"({"type": "object", "additionalProperties": false, "required": ["text"],
  "properties": {
    "text": {"type": "string", "minLength": 1, "description": "what is said"},
    "times": {"type": "integer", "minimum": 1, "default": 2},
    "loud": {"type": "boolean", "default": false},
    "to": {"type": "array", "items": {"type": "string"}}, "how": {"enum": ["kindly", "firmly"]}}})";
const mortise_command_t commands[] = {{"say", "says something", say_schema},
                                      {"plain", "takes nothing", nullptr}};
const mortise_control_t control_table{sizeof control_table, 0, commands, std::size(commands), run};

const mortise_plugin_t life{sizeof life, 0, create, configure, start, drain, stop, destroy, cancelled};
const mortise_authenticate_t authenticate_table{sizeof authenticate_table, 0, authenticate, forget, exchange};
const mortise_authorise_t authorise_table{sizeof authorise_table, 0, authorise};
const mortise_intercept_t intercept_table{sizeof intercept_table, 0, intercept, intercept_connect,
                                          intercept_will};
[[maybe_unused]] const mortise_accept_t accept_table{sizeof accept_table, 0, accept};
const mortise_observe_t observe_table{sizeof observe_table, 0, events};
const mortise_reload_t reload_table{sizeof reload_table, 0, prepare, commit, rollback};
[[maybe_unused]] const mortise_psk_t psk_table{sizeof psk_table, 0, find_psk};
[[maybe_unused]] const mortise_log_sink_t log_sink_table{sizeof log_sink_table, 0, log_write, log_flush};
[[maybe_unused]] const mortise_store_t store_table{sizeof store_table, 0,           store_commit,
                                                   store_read,         store_flush, store_health};

const mortise_extension_t extensions[] = {
    {MORTISE_AUTHENTICATE, &authenticate_table},
    {MORTISE_AUTHORISE, &authorise_table},
    {MORTISE_INTERCEPT, &intercept_table},
    {MORTISE_OBSERVE, &observe_table},
    {MORTISE_RELOAD, &reload_table},
    {MORTISE_CONTROL, &control_table},
#ifdef PUPPET_SINK
    {MORTISE_LOG_SINK, &log_sink_table},
#endif
#ifdef PUPPET_ACCEPT
    {MORTISE_ACCEPT, &accept_table},
#endif
#ifdef PUPPET_PSK
    {MORTISE_PSK, &psk_table},
#endif
#ifdef PUPPET_STORE
    {MORTISE_STORE, &store_table},
#endif
};

#ifndef PUPPET_CLIENTS
#define PUPPET_CLIENTS nullptr
#endif
const mortise_want_t wants[] = {{MORTISE_HOST_PUBLISH, "alerts/#", "raises alerts", 0, 0},
                                {MORTISE_HOST_INLINE, "lines/#", "carries messages elsewhere", 0, 0},
                                {MORTISE_HOST_CLIENTS, PUPPET_CLIENTS, "looks at sessions", 0, 0}};

#ifdef PUPPET_ON_STRAND
constexpr std::uint32_t flags = MORTISE_ON_STRAND;
#else
constexpr std::uint32_t flags = 0;
#endif

const char* const schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "path": {"type": "string"}, "limit": {"type": "integer", "minimum": 1, "default": 7},
  "span": {"type": "string"}, "size": {}, "list": {"type": "array", "items": {"type": "string"}}}})";

const mortise_descriptor_t descriptor{sizeof descriptor,
                                      flags,
                                      "org.mortise.test.puppet",
                                      "1.2.3",
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      schema,
                                      wants,
                                      sizeof wants / sizeof *wants};

}  // namespace

}  // namespace mortise::host

using namespace mortise::host;
extern "C" const mortise_plugin_entry_t mortise_plugin_entry = {MORTISE_MAGIC,
                                                                sizeof(mortise_plugin_entry_t),
                                                                MORTISE_ABI_MAJOR,
                                                                MORTISE_NEEDS_MINOR,
                                                                0,
                                                                &descriptor,
                                                                &life,
                                                                extensions,
                                                                std::size(extensions)};
