#include "config/settings_check.hpp"

#include <algorithm>

#include "config/nearest.hpp"

namespace mortise::config {

namespace {

std::string line_of(const Location& where) { return "line " + std::to_string(where.line); }

std::string key_of(std::string_view list, std::size_t index, std::string_view key) {
  return std::string{list} + '/' + std::to_string(index) + '/' + std::string{key};
}

template <class Named>
void refuse_repeated_names(const std::vector<Named>& things, std::string_view list, ValueReader& values) {
  for (std::size_t i = 0; i < things.size(); ++i) {
    const auto& name = things[i].name;
    if (name.value.empty()) continue;
    const auto first = std::ranges::find_if(
        things, [&](const std::string& other) { return other == name.value; },
        [](const Named& t) { return t.name.value; });
    if (&*first != &things[i])
      values.error(name.where, key_of(list, i, "name"), "the name " + in_quotes(name.value) + " is taken",
                   line_of(first->name.where) + " has it already; give this one another");
  }
}

void refuse_shared_addresses(const std::vector<Listener>& listeners, ValueReader& values) {
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const auto& bind = listeners[i].bind;
    if (bind.value.text.empty()) continue;
    for (std::size_t j = 0; j < i; ++j) {
      const auto& other = listeners[j].bind;
      if (other.value.text.empty() || !overlap(bind.value, other.value)) continue;
      values.error(
          bind.where, key_of("listeners", i, "bind"), in_quotes(bind.value.text) + " is taken",
          line_of(other.where) + " listens on " + in_quotes(other.value.text) +
              (bind.value.kind == Bind::Kind::internet ? "; choose another port" : "; choose another"));
      break;
    }
  }
}

void warn_of_open_doors(const Settings& settings, ValueReader& values) {
  for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
    const Listener& listener = settings.listeners[i];
    if (listener.bind.value.text.empty()) continue;
    if (listener.anonymous == Anonymous::allow && !listener.bind.value.is_local())
      values.warn(listener.bind.where, key_of("listeners", i, "bind"),
                  "whoever reaches " + in_quotes(listener.bind.value.text) + " gets in without a name",
                  "fine in a closed network; else remove anonymous: allow and list an authenticating plugin");
  }
}

bool is_mode(std::string_view text) {
  if (text.starts_with('0')) text.remove_prefix(1);
  return text.size() == 3 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '7'; });
}

void check_unix_socket(const Listener& listener, std::size_t index, ValueReader& values) {
  const bool is_unix = listener.bind.value.kind == Bind::Kind::unix_socket;
  for (const auto& [key, setting] :
       {std::pair{"mode", &listener.mode}, {"owner", &listener.owner}, {"group", &listener.group}})
    if (*setting && !is_unix && !listener.bind.value.text.empty())
      values.error((*setting)->where, key_of("listeners", index, key),
                   "only a Unix socket has a" + std::string{*key == 'o' ? "n " : " "} + key,
                   "remove it, or bind to unix:PATH");
  if (is_unix && listener.mode && !listener.mode->value.empty() && !is_mode(listener.mode->value))
    values.error(listener.mode->where, key_of("listeners", index, "mode"),
                 in_quotes(listener.mode->value) + " is not a mode",
                 "write three octal digits, such as \"0660\"");
}

void check_websocket(const Listener& listener, std::size_t index, ValueReader& values) {
  if (!listener.websocket) return;
  if (listener.transport != Transport::websocket)
    values.error(listener.websocket->where, key_of("listeners", index, "websocket"),
                 "this listener is not for WebSocket", "add transport: websocket, or remove it");
  const auto& path = listener.websocket->value.path;
  if (!path.value.empty() &&
      (path.value.front() != '/' || path.value.find_first_of("?# ") != std::string::npos))
    values.error(path.where, key_of("listeners", index, "websocket/path"),
                 in_quotes(path.value) + " is not a path",
                 "begin it with a slash, such as /mqtt, without ? and #");
}

// Whoever is believed can say to be anybody, so nobody is without being named.
void check_proxies(const Listener& listener, std::size_t index, ValueReader& values) {
  const bool is_off = listener.proxy_protocol == ProxyProtocol::off;
  if (is_off && !listener.proxies.empty())
    values.error(listener.proxies.front().where, key_of("listeners", index, "proxies"),
                 "no PROXY header is read from them", "add proxy_protocol: required, or optional");
  const auto& bind = listener.bind;
  if (!is_off && listener.proxies.empty() && !bind.value.text.empty() &&
      bind.value.kind != Bind::Kind::unix_socket)
    values.error(listener.name.where.line != 0 ? listener.name.where : bind.where,
                 key_of("listeners", index, "proxies"), "missing key \"proxies\"",
                 "list the networks whose PROXY header is believed, such as proxies: [10.0.0.0/8]");
}

void check_transports(const std::vector<Listener>& listeners, ValueReader& values) {
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    check_unix_socket(listeners[i], i, values);
    check_websocket(listeners[i], i, values);
    check_proxies(listeners[i], i, values);
  }
}

void refuse_unlisted_authenticators(const Settings& settings, ValueReader& values) {
  std::vector<std::string_view> plugins;
  for (const Plugin& plugin : settings.plugins) plugins.push_back(plugin.name.value);
  for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
    if (!settings.listeners[i].authenticate) continue;
    const auto& asked = *settings.listeners[i].authenticate;
    for (std::size_t j = 0; j < asked.size(); ++j) {
      if (asked[j].value.empty() || std::ranges::find(plugins, asked[j].value) != plugins.end()) continue;
      const auto near = nearest_name(asked[j].value, plugins);
      values.error(asked[j].where, key_of("listeners", i, "authenticate/" + std::to_string(j)),
                   "no plugin is named " + in_quotes(asked[j].value),
                   near ? "did you mean " + in_quotes(*near) + "?" : "list it under plugins");
    }
  }
}

bool any_error_below(const std::vector<Finding>& findings, std::string_view way) {
  return std::ranges::any_of(
      findings, [&](const Finding& f) { return f.severity == Severity::error && f.key.starts_with(way); });
}

// With keys (PSK) a certificate may be missing, half of one may not.
void check_certificate(const Located<Tls>& tls, std::size_t listener, ValueReader& values) {
  const auto demand = [&](bool is_there, const char* key, const char* example) {
    if (!is_there)
      values.error(tls.where, key_of("listeners", listener, std::string{"tls/"} + key),
                   "missing key \"" + std::string{key} + '"',
                   "add it, such as " + std::string{key} + ": " + example);
  };
  const bool is_wanted = !tls.value.psk || tls.value.certificate || tls.value.key ||
                         !tls.value.certificates.empty() || tls.value.verify.value != Verify::none;
  demand(!is_wanted || tls.value.certificate, "certificate", "server.pem");
  demand(!is_wanted || tls.value.key, "key", "server.key");
}

// A key that would do nothing lets an operator believe that clients are looked at.
void check_tls(const Settings& settings, ValueReader& values) {
  for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
    if (!settings.listeners[i].tls || any_error_below(values.findings(), key_of("listeners", i, "tls")))
      continue;
    check_certificate(*settings.listeners[i].tls, i, values);
    const Tls& tls = settings.listeners[i].tls->value;
    const auto error = [&](const Location& where, const char* key, const char* text, const char* remedy) {
      values.error(where, key_of("listeners", i, std::string{"tls/"} + key), text, remedy);
    };
    const bool verifies = tls.verify.value != Verify::none;
    if (verifies && !tls.client_ca)
      error(tls.verify.where, "verify", "no authority is there to verify a certificate by",
            "name the file of those that issue your clients' certificates as client_ca");
    if (verifies) continue;
    static constexpr const char* remedy = "write verify: required, or optional; or remove this key";
    if (tls.client_ca)
      error(tls.client_ca->where, "client_ca", "no client is asked for a certificate", remedy);
    if (tls.crl) error(tls.crl->where, "crl", "no client is asked for a certificate", remedy);
    if (tls.identity.value != CertificateIdentity::none)
      error(tls.identity.where, "identity", "no client is asked for a certificate", remedy);
  }
}

void demand_grants(const Settings& settings, ValueReader& values) {
  if (settings.kernel.grants != GrantPolicy::strict) return;
  for (std::size_t i = 0; i < settings.plugins.size(); ++i) {
    const Plugin& plugin = settings.plugins[i];
    if (plugin.grants) continue;
    values.error(
        plugin.name.where, key_of("plugins", i, "grants"), "missing key \"grants\"",
        "kernel/grants is strict: list what the plugin may use; with [] mortise check tells what it needs");
  }
}

}  // namespace

void check_settings(const Settings& settings, ValueReader& values) {
  const bool plugins_known = !any_error_below(values.findings(), "plugins");
  refuse_repeated_names(settings.listeners, "listeners", values);
  refuse_repeated_names(settings.plugins, "plugins", values);
  refuse_shared_addresses(settings.listeners, values);
  check_transports(settings.listeners, values);
  if (plugins_known) refuse_unlisted_authenticators(settings, values);
  if (plugins_known) demand_grants(settings, values);
  check_tls(settings, values);
  warn_of_open_doors(settings, values);
}

}  // namespace mortise::config
