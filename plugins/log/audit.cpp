#include "audit.hpp"

#include <algorithm>
#include <array>

namespace mortise::log {

bool is_audited(std::string_view event) {
  static constexpr std::array<std::string_view, 38> events{"client.authenticated",  "client.connected",
                                                           "client.denied",         "client.disconnected",
                                                           "client.fault",          "client.kicked",
                                                           "client.not_accepted",   "client.refused",
                                                           "config.changed",        "config.finding",
                                                           "config.refused",        "config.reloaded",
                                                           "listener.failed",       "listener.full",
                                                           "listener.no_keys",      "listener.not_taken",
                                                           "listener.tls_kept",     "listener.tls_loaded",
                                                           "listener.tls_refused",  "log.client_unwatched",
                                                           "log.client_watched",    "log.failed",
                                                           "log.level_changed",     "log.level_restored",
                                                           "log.recovered",         "log.suppressed",
                                                           "plugin.attach_refused", "plugin.not_started",
                                                           "plugin.not_stopped",    "plugin.reload_finding",
                                                           "plugin.reload_refused", "plugin.reloaded",
                                                           "plugin.start_finding",  "plugin.started",
                                                           "plugin.stopped",        "plugin.verb",
                                                           "store.backed_up",       "store.not_backed_up"};
  static_assert(std::ranges::is_sorted(events));
  return std::ranges::binary_search(events, event);
}

}  // namespace mortise::log
