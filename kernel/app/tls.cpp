#include "app/tls.hpp"

#include <algorithm>
#include <array>

#include "app/psk_check.hpp"

namespace mortise::app {

namespace {

net::TlsSettings settings_of(const config::Listener& listener, host::Host& host) {
  const config::Tls& tls = listener.tls->value;
  net::TlsSettings settings;
  settings.listener = listener.name.value;
  if (tls.certificate && tls.key) settings.pairs.push_back({tls.certificate->value, tls.key->value});
  if (tls.psk) {
    auto& psk = settings.psk.emplace(net::TlsSettings::Psk{});
    psk.find = [&host, whom = psk_listener_of(listener)](std::string_view identity, broker::PskKey& key) {
      return host.find_psk(whom, identity, key);
    };
    psk.names_client = tls.psk->value.identity == config::PskIdentity::username;
    if (tls.psk->value.hint) psk.hint = tls.psk->value.hint->value;
  }
  for (const config::TlsCertificate& more : tls.certificates)
    settings.pairs.push_back({more.certificate.value, more.key.value});
  if (tls.client_ca) settings.client_ca = tls.client_ca->value;
  if (tls.crl) settings.crl = tls.crl->value;
  settings.verify = static_cast<net::TlsSettings::Verify>(tls.verify.value);
  settings.identity = static_cast<net::TlsSettings::Identity>(tls.identity.value);
  settings.minimum = static_cast<net::TlsSettings::Version>(tls.minimum_version);
  const auto text = [](const auto& setting) { return setting ? setting->value : std::string{}; };
  settings.ciphers = text(tls.ciphers);
  settings.cipher_suites = text(tls.cipher_suites);
  settings.curves = text(tls.curves);
  settings.protocols = {listener.transport == config::Transport::websocket ? "http/1.1" : "mqtt"};
  return settings;
}

// Where the operator wrote what net calls by this key.
config::Location place_of(const config::Located<config::Tls>& section, const std::string& key) {
  const config::Tls& tls = section.value;
  const auto optional = [&](const auto& setting) { return setting ? setting->where : section.where; };
  if (key == "certificate") return optional(tls.certificate);
  if (key == "key") return optional(tls.key);
  if (key == "psk/hint" && tls.psk) return optional(tls.psk->value.hint);
  if (key == "client_ca") return optional(tls.client_ca);
  if (key == "crl") return optional(tls.crl);
  if (key == "ciphers") return optional(tls.ciphers);
  if (key == "cipher_suites") return optional(tls.cipher_suites);
  if (key == "curves") return optional(tls.curves);
  for (std::size_t i = 0; i < tls.certificates.size(); ++i) {
    if (key == net::key_of_pair(i + 1, "certificate")) return tls.certificates[i].certificate.where;
    if (key == net::key_of_pair(i + 1, "key")) return tls.certificates[i].key.where;
  }
  return section.where;
}

// Without them there is nothing to read; config has said so.
bool is_whole(const config::Tls& tls) {
  const auto named = [](const auto& pair) {
    return !pair.certificate.value.empty() && !pair.key.value.empty();
  };
  const bool has_pair =
      tls.certificate && !tls.certificate->value.empty() && tls.key && !tls.key->value.empty();
  const bool has_none = !tls.certificate && !tls.key && tls.certificates.empty();
  return (has_pair || (has_none && tls.psk)) && std::ranges::all_of(tls.certificates, named) &&
         (tls.verify.value == config::Verify::none || tls.client_ca);
}

}  // namespace

std::shared_ptr<net::TlsListener> read_tls(const config::Listener& listener, std::size_t index,
                                           host::Host& host, std::vector<config::Finding>& findings) {
  if (!listener.tls || !is_whole(listener.tls->value)) return nullptr;
  auto tls = std::make_shared<net::TlsListener>(settings_of(listener, host));
  for (net::TlsFinding& found : tls->load())
    findings.push_back({found.is_error ? config::Severity::error : config::Severity::warning,
                        place_of(*listener.tls, found.key),
                        "listeners/" + std::to_string(index) + "/tls/" + found.key, std::move(found.text),
                        std::move(found.remedy)});
  return tls;
}

config::RenewedFiles reload_tls(net::TlsListener& listener, broker::Log& log) {
  const std::string& name = listener.settings().listener;
  config::RenewedFiles renewed{"listener " + config::in_quotes(name), true, {}};
  const std::array<broker::Log::Field, 1> fields{{{"listener", name}}};
  const auto write = [&](broker::LogLevel level, std::string_view event, const std::string& text) {
    if (log.wants(level, "listeners")) log.write(level, "listeners", event, text, nullptr, fields);
  };
  for (const net::TlsFinding& finding : listener.load()) {
    renewed.is_taken = renewed.is_taken && !finding.is_error;
    renewed.findings.push_back((finding.is_error ? "" : "warning: ") + finding.to_text(name));
    write(finding.is_error ? broker::LogLevel::error : broker::LogLevel::warning,
          finding.is_error ? "listener.tls_refused" : "listener.tls_warning", finding.to_text(name));
  }
  if (!renewed.is_taken)
    write(broker::LogLevel::error, "listener.tls_kept",
          "listener \"" + name + "\": its TLS files are not taken; it goes on with " + listener.to_text());
  else
    write(broker::LogLevel::notice, "listener.tls_loaded",
          "listener \"" + name + "\": new connections get " + listener.to_text());
  return renewed;
}

}  // namespace mortise::app
