// The plugin SDK for C++20, header only: write a class, name it in MORTISE_PLUGIN.
//
// The class is made in configure() and ends in stop(). A member with one of these names is found and called:
//
//   constructor (mortise::host, mortise::config), or (mortise::host): keep the settings; no side effects
//   void start(), or mortise::answer start(mortise::call): open, connect; throw to fail, or return pending
//   mortise::answer drain(mortise::call): finish what is owed; allow, or pending
//   void stop(): join threads; the destructor follows
//   void cancelled(mortise_token_t, uint32_t why)
//
//   mortise::answer authenticate(mortise::call, const mortise_connect_t&)
//   mortise::answer exchange(mortise::call, const mortise_exchange_t&)
//   void forget(uint64_t client_data)
//   mortise::answer authorise(mortise::call, const mortise_access_t&)
//   mortise::answer intercept_publish(mortise::call, const mortise_client_view_t&,
//                                     const mortise_message_view_t&)
//   mortise::answer intercept_connect(mortise::call, const mortise_connect_t&)
//   mortise::answer intercept_will(mortise::call, const mortise_client_view_t&,
//                                  const mortise_message_view_t&)
//   mortise::answer accept(mortise::call, const mortise_peer_t&)
//   mortise::answer find_psk(mortise::call, const mortise_psk_query_t&, mortise_psk_key_t&)
//
//   void observe(mortise::call, std::span<const mortise_event_t* const>)
//
//   void log_write(std::span<const mortise_log_event_t* const>)
//   void log_flush()
//
//   Plan prepare(mortise::config)                            reload; Plan is any type that moves
//   void commit(Plan)
//
//   static constexpr auto verbs()                            of mortise ctl; see cpp/control.hpp
//
//   mortise_status_t store_commit(std::span<const mortise_batch_t* const>)
//   mortise_status_t store_read(const mortise_read_t&)
//   mortise_status_t store_flush(uint64_t request)
//   mortise_health_t store_health()
//
// Each hook is attached after start(); authenticate_attach(), authorise_attach(), intercept_attach(),
// accept_attach(), psk_attach(), observe_attach() (needed: the event types) and log_attach() return the
// mortise::attach to do it with.
//
// Static constants: bool on_strand; bool attaches_itself (nothing is attached after start(), which has called
// host.attach for what it wants); const char* display_name, vendor, licence, summary, url.
//
// Thread: as the C headers say of each function.
// Fails:  what a hook throws is counted as a fault and answered with the operator's fallback; what the
//         constructor, start() or prepare() throws becomes a finding of the report. host.warn() in one of the
//         three is a finding that stops nothing. Nothing crosses the border.
#pragma once

#include "mortise/cpp/clients.hpp"
#include "mortise/cpp/inline.hpp"
#include "mortise/cpp/metrics.hpp"
#include "mortise/cpp/tables.hpp"

namespace mortise {

// A service that must be wanted: see mortise_want_t.
struct want {
  const char* id;
  const char* scope;
  const char* why;
  bool required = true;
};

namespace detail {

template <class Plugin>
constexpr mortise_descriptor_t describe(const char* id, const char* version, const char* schema) {
  mortise_descriptor_t out{};
  out.size = sizeof out;
  if constexpr (requires { Plugin::on_strand; }) out.flags = Plugin::on_strand ? MORTISE_ON_STRAND : 0;
  out.id = id;
  out.version = version;
  if constexpr (requires { Plugin::display_name; }) out.name = Plugin::display_name;
  if constexpr (requires { Plugin::vendor; }) out.vendor = Plugin::vendor;
  if constexpr (requires { Plugin::licence; }) out.licence = Plugin::licence;
  if constexpr (requires { Plugin::summary; }) out.summary = Plugin::summary;
  if constexpr (requires { Plugin::url; }) out.url = Plugin::url;
  out.config_schema = schema;
  return out;
}

// At least one place, so that an empty list is an array too.
template <std::same_as<want>... Wants>
constexpr auto list_wants(Wants... wants) {
  return std::array<mortise_want_t, sizeof...(Wants) + 1>{
      mortise_want_t{wants.id, wants.scope, wants.why, wants.required, 0}..., mortise_want_t{}};
}

}  // namespace detail
}  // namespace mortise

// Defines the library's entry. `schema`: JSON Schema text, or nullptr. After it: any number of
// mortise::want{…}.
#define MORTISE_PLUGIN(Class, id, version, schema, ...)                            \
  namespace {                                                                      \
  constexpr auto mortise_wants_of_this = mortise::detail::list_wants(__VA_ARGS__); \
  constexpr mortise_descriptor_t mortise_descriptor_of_this = [] {                 \
    auto out = mortise::detail::describe<Class>(id, version, schema);              \
    out.wants = mortise_wants_of_this.data();                                      \
    out.want_count = mortise_wants_of_this.size() - 1;                             \
    return out;                                                                    \
  }();                                                                             \
  }                                                                                \
  constinit const mortise_plugin_entry_t mortise_plugin_entry = {                  \
      MORTISE_MAGIC,                                                               \
      sizeof(mortise_plugin_entry_t),                                              \
      MORTISE_ABI_MAJOR,                                                           \
      MORTISE_NEEDS_MINOR,                                                         \
      0,                                                                           \
      &mortise_descriptor_of_this,                                                 \
      &mortise::detail::tables<Class>::life,                                       \
      mortise::detail::tables<Class>::extensions.items.data(),                     \
      mortise::detail::tables<Class>::extensions.count}
