#include "app/psk_check.hpp"

namespace mortise::app {

host::PskListener psk_listener_of(const config::Listener& listener) {
  host::PskListener made{listener.name.value, {}};
  if (listener.authenticate)
    for (const auto& plugin : *listener.authenticate) made.plugins.push_back(plugin.value);
  return made;
}

std::vector<config::Finding> check_psk(const config::Settings& settings, const HasPsk& has) {
  std::vector<config::Finding> findings;
  for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
    const config::Listener& listener = settings.listeners[i];
    if (!listener.tls || !listener.tls->value.psk || has(psk_listener_of(listener))) continue;
    const std::string name = config::in_quotes(listener.name.value);
    findings.push_back({config::Severity::error, listener.tls->value.psk->where,
                        "listeners/" + std::to_string(i) + "/tls/psk",
                        listener.authenticate
                            ? "no plugin that listener " + name + " lists in authenticate provides keys"
                            : "no plugin provides keys for listener " + name,
                        "add one that does, such as auth-file with a file of keys (psk:)"});
  }
  return findings;
}

std::vector<config::Finding> warn_of_missing_psk(const config::Settings& settings, const HasPsk& has,
                                                 broker::Log& log) {
  std::vector<config::Finding> findings = check_psk(settings, has);
  for (config::Finding& finding : findings) {
    log.write(broker::LogLevel::warning, "listeners", "listener.no_keys", finding.to_text(), nullptr, {});
    finding.severity = config::Severity::warning;
  }
  return findings;
}

}  // namespace mortise::app
