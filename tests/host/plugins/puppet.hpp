// A plugin that does what a test tells it: each of its functions calls the one
// its test has put into the strings.
//
// Thread: the strings are set before load(), and read by the plugin's functions wherever the host calls them.
#pragma once

#include <functional>
#include <string>

#include "mortise/draft/accept.h"
#include "mortise/draft/psk.h"
#include "mortise/draft/store_service.h"
#include "mortise/plugin.h"

namespace mortise::host {

// An empty function stands for doing what is right and dull.
struct Strings {
  std::function<mortise_status_t()> create;
  std::function<mortise_status_t(const mortise_node_t*, const mortise_report_t*)> configure;
  std::function<mortise_answer_t(mortise_call_t*, const mortise_report_t*)> start;
  std::function<mortise_answer_t(mortise_call_t*)> drain;
  std::function<void()> stop;
  std::function<void(mortise_token_t, std::uint32_t)> cancelled;
  std::function<mortise_answer_t(mortise_call_t*, const mortise_connect_t*)> authenticate;
  std::function<mortise_answer_t(mortise_call_t*, const mortise_exchange_t*)> exchange;
  std::function<void(std::uint64_t)> forget;
  std::function<mortise_answer_t(mortise_call_t*, const mortise_access_t*)> authorise;
  std::function<mortise_answer_t(mortise_call_t*, const mortise_client_view_t*,
                                 const mortise_message_view_t*)>
      intercept;
  std::function<mortise_answer_t(mortise_call_t*, const mortise_connect_t*)> intercept_connect;
  std::function<mortise_answer_t(mortise_call_t*, const mortise_client_view_t*,
                                 const mortise_message_view_t*)>
      intercept_will;
  std::function<mortise_answer_t(mortise_call_t*, const mortise_peer_t*)> accept;
  std::function<mortise_answer_t(mortise_call_t*, const mortise_psk_query_t*, mortise_psk_key_t*)> find_psk;
  std::function<void(mortise_call_t*, const mortise_event_t* const*, std::size_t)> events;
  std::function<mortise_answer_t(mortise_call_t*, const mortise_request_t*)> run;
  std::function<mortise_status_t(const mortise_report_t*, void**)> prepare;
  std::function<void(void*)> commit;
  std::function<void(void*)> rollback;
  std::function<void(const mortise_log_event_t* const*, std::size_t)> log_write;
  std::function<void()> log_flush;
  std::function<mortise_status_t(const mortise_batch_t* const*, std::size_t)> store_commit;
  std::function<mortise_status_t(const mortise_read_t*)> store_read;
  std::function<mortise_status_t(std::uint64_t)> store_flush;
  std::function<mortise_status_t(mortise_health_t*)> store_health;

  const mortise_host_t* host = nullptr;  // from create() on

  // A service of the host; null when it is not open or not granted.
  template <class Table>
  const Table* service(const char* id) const {
    const void* table = nullptr;
    return host->service(host, id, &table) == MORTISE_OK ? static_cast<const Table*>(table) : nullptr;
  }
  mortise_status_t attach(const char* extension, const mortise_attach_t* how = nullptr) const {
    mortise_hook_t hook{};
    return service<mortise_hooks_t>(MORTISE_HOST_HOOKS)->attach(host, extension, how, &hook);
  }
};

// Where the strings of an instance lie, by its name; the test sets it before load().
using FindStrings = Strings* (*)(const char* instance, std::size_t size);

}  // namespace mortise::host
