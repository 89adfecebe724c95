#include "net/tls_context.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>

#include "net/tls_files.hpp"
#include "net/tls_identity.hpp"
#include "net/tls_psk.hpp"

namespace mortise::net {

namespace {

constexpr const char* our_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// With forward secrecy and AEAD, too. OpenSSL 3.0 has no others but those of DHE, whose group would be the
// library's choice or the operator's work; none is served, with or without keys.
constexpr const char* our_psk_ciphers = "ECDHE-PSK-CHACHA20-POLY1305";
// A key (PSK) goes with SHA-256; with a suite of another hash in front it would not be looked at.
constexpr const char* our_psk_suites =
    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
constexpr const char* our_curves = "X25519:P-256:P-384";
constexpr std::string_view session_context = "mortise";
constexpr std::size_t tickets_a_handshake = 1;  // a client holds one connection at a time

// As ALPN has them on the wire: a length, then the name.
std::string wire_form(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols)
    wire += static_cast<char>(static_cast<unsigned char>(protocol.size())) + protocol;
  return wire;
}

}  // namespace

struct TlsContext::Parts {
  TlsSettings settings;
  std::vector<TlsPair> pairs;
  std::string protocols;  // in wire form
  SslContextPtr ssl;
  mutable std::mutex mutex;
  mutable std::map<const SSL_METHOD*, SslContextPtr>
      bare;  // under mutex; a context for each version, see below
};

namespace {

// A client that speaks only what we do not is told so; one that says nothing is taken at its word later.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void* parts) noexcept {
  const std::string& ours = static_cast<const TlsContext::Parts*>(parts)->protocols;
  unsigned char* found = nullptr;
  const int outcome = SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(ours.data()),
                                            static_cast<unsigned int>(ours.size()), offered, offered_size);
  *chosen = found;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool use(SSL* ssl, const TlsPair& pair) {
  STACK_OF(X509)* rest = sk_X509_new_null();
  for (std::size_t i = 1; i < pair.chain.size(); ++i) sk_X509_push(rest, pair.chain[i].get());
  const bool done = SSL_use_cert_and_key(ssl, pair.certificate(), pair.key.get(), rest, 1) == 1;
  sk_X509_free(rest);
  return done;
}

// Those for the server the client names take the first one's place; of two for one name, with keys of
// different kinds, the client's abilities choose.
bool choose_certificate(SSL* ssl, const TlsContext::Parts& parts) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (!name) return true;
  const auto is_for_name = [&](const TlsPair& pair) {
    return X509_check_host(pair.certificate(), name, 0, 0, nullptr) == 1;
  };
  if (std::ranges::none_of(parts.pairs, is_for_name)) return true;
  SSL_certs_clear(ssl);
  std::set<int> kinds;
  for (const TlsPair& pair : parts.pairs)
    if (is_for_name(pair) && kinds.insert(EVP_PKEY_get_base_id(pair.key.get())).second && !use(ssl, pair))
      return false;
  return true;
}
int choose_certificate(SSL* ssl, void* parts) noexcept {
  return guarded(false,
                 [&] { return choose_certificate(ssl, *static_cast<const TlsContext::Parts*>(parts)); });
}

void note(X509_STORE_CTX* chain, const std::string& why) {
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* refusal = static_cast<TlsRefusal*>(SSL_get_app_data(ssl));
  if (!refusal->text.empty()) return;
  const X509* certificate = X509_STORE_CTX_get_current_cert(chain);
  refusal->text = certificate
                      ? "the certificate of \"" + text_of(X509_get_subject_name(certificate)) + "\": " + why
                      : why;
}

// Adds to OpenSSL's judgement that the certificate has the name the listener goes by.
bool is_sound(bool sound, X509_STORE_CTX* chain) {
  if (!sound) {
    note(chain, X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain)));
    return false;
  }
  if (X509_STORE_CTX_get_error_depth(chain) != 0) return true;
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto& parts = *static_cast<const TlsContext::Parts*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const auto identity = identity_of(*X509_STORE_CTX_get_current_cert(chain), parts.settings.identity);
  if (identity) return true;
  note(chain, identity.error());
  X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
  return false;
}
int judge_certificate(int sound, X509_STORE_CTX* chain) noexcept {
  return guarded(false, [&] { return is_sound(sound != 0, chain); });
}

// Verifies as OpenSSL does by itself, but leaves it no chain to keep: nobody asks for it later.
int verify_certificate(X509_STORE_CTX* chain, void*) noexcept {
  const int verified = X509_verify_cert(chain);
  X509_STORE_CTX_set0_verified_chain(chain, nullptr);
  return verified;
}

// A ticket holds the client's certificate, or names its key, and is good for hours; one whose certificate has
// ended meanwhile, or whose key has gone, is of no use, and the full handshake says why.
SSL_TICKET_RETURN judge_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t,
                               SSL_TICKET_STATUS status, void*) noexcept {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  const X509* peer = session ? SSL_SESSION_get0_peer(session) : nullptr;
  if (peer && X509_cmp_current_time(X509_get0_notAfter(peer)) < 0) return SSL_TICKET_RETURN_IGNORE_RENEW;
  if (session && !guarded(false, [&] { return has_current_psk(*ssl, *session); }))
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

class Builder {
 public:
  Builder(TlsContext::Parts& parts, std::vector<TlsFinding>& findings)
      : parts_{parts}, settings_{parts.settings}, findings_{findings}, files_{findings} {}

  void build() {
    parts_.ssl.reset(SSL_CTX_new(TLS_server_method()));
    if (!parts_.ssl) return refuse("certificate", "OpenSSL cannot be set up", "is its configuration sound?");
    set_habits();
    set_suites();
    if (settings_.psk) set_psk();
    load_pairs();
    if (settings_.verify != TlsSettings::Verify::none) set_verification();
    set_callbacks();
    ERR_clear_error();
  }

 private:
  SSL_CTX* ssl() const { return parts_.ssl.get(); }

  void refuse(std::string key, std::string text, std::string remedy) {
    findings_.push_back({true, std::move(key), std::move(text), std::move(remedy)});
  }
  void warn(std::string key, std::string text, std::string remedy) {
    findings_.push_back({false, std::move(key), std::move(text), std::move(remedy)});
  }

  void set_habits() const {
    SSL_CTX_set_min_proto_version(
        ssl(), settings_.minimum == TlsSettings::Version::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(ssl(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ssl(), SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ssl(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ssl(), tickets_a_handshake);
    SSL_CTX_set_session_id_context(ssl(), reinterpret_cast<const unsigned char*>(session_context.data()),
                                   static_cast<unsigned int>(session_context.size()));
  }

  // Those for keys come first: a client that offers them has one, and is to be known by it.
  std::string ciphers() const {
    if (!settings_.ciphers.empty()) return settings_.ciphers;
    if (!settings_.psk) return our_ciphers;
    return settings_.pairs.empty() ? our_psk_ciphers : std::string{our_psk_ciphers} + ':' + our_ciphers;
  }

  void set_suites() {
    const std::string ciphers = this->ciphers();
    if (SSL_CTX_set_cipher_list(ssl(), ciphers.c_str()) != 1)
      refuse("ciphers", "OpenSSL knows none of \"" + ciphers + '"',
             "names stand in a row with ':' between them; openssl ciphers -v lists them");
    const std::string suites =
        settings_.cipher_suites.empty() && settings_.psk ? our_psk_suites : settings_.cipher_suites;
    if (!suites.empty() && SSL_CTX_set_ciphersuites(ssl(), suites.c_str()) != 1)
      refuse("cipher_suites", "OpenSSL does not know all of \"" + suites + '"',
             "names stand in a row with ':' between them; openssl ciphers -v -s -tls1_3 lists them");
    const std::string curves = settings_.curves.empty() ? our_curves : settings_.curves;
    if (SSL_CTX_set1_groups_list(ssl(), curves.c_str()) != 1)
      refuse("curves", "OpenSSL does not know all of \"" + curves + '"',
             "names stand in a row with ':' between them, such as X25519:P-256:P-384");
  }

  void set_psk() {
    if (!serve_psk(*ssl(), *settings_.psk))
      refuse("psk/hint",
             "OpenSSL does not take a hint of " + std::to_string(settings_.psk->hint.size()) + " bytes",
             "256 are the most");
    const STACK_OF(SSL_CIPHER)* const all = SSL_CTX_get_ciphers(ssl());
    bool serves_1_2 = settings_.minimum == TlsSettings::Version::v1_3;
    std::optional<bool> serves_1_3;  // what its first suite says
    for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
      const SSL_CIPHER* const cipher = sk_SSL_CIPHER_value(all, i);
      const int exchange = SSL_CIPHER_get_kx_nid(cipher);
      if (exchange == NID_kx_any && !serves_1_3)
        serves_1_3 = EVP_MD_is_a(SSL_CIPHER_get_handshake_digest(cipher), "SHA256") == 1;
      serves_1_2 =
          serves_1_2 || exchange == NID_kx_psk || exchange == NID_kx_ecdhe_psk || exchange == NID_kx_rsa_psk;
    }
    if (!serves_1_2)
      warn("ciphers", "none of them goes with a key (PSK), so TLS 1.2 clients cannot use one",
           "add ECDHE-PSK-CHACHA20-POLY1305, or PSK-AES128-GCM-SHA256 for small devices");
    if (serves_1_3 == false)
      warn("cipher_suites", "a key (PSK) goes with SHA-256, which is not what the first of them has",
           "put TLS_AES_128_GCM_SHA256 in front");
  }

  void load_pairs() {
    for (std::size_t i = 0; i < settings_.pairs.size(); ++i)
      if (auto pair = files_.pair(settings_.pairs[i], i)) parts_.pairs.push_back(std::move(*pair));
    if (parts_.pairs.size() != settings_.pairs.size() || parts_.pairs.empty()) return;
    const TlsPair& first = parts_.pairs.front();
    STACK_OF(X509)* rest = sk_X509_new_null();
    for (std::size_t i = 1; i < first.chain.size(); ++i) sk_X509_push(rest, first.chain[i].get());
    if (SSL_CTX_use_cert_and_key(ssl(), first.certificate(), first.key.get(), rest, 1) != 1)
      refuse("certificate", std::string{"OpenSSL does not take it: "} + reason(),
             "have one issued with a key of today's strength");
    sk_X509_free(rest);
  }

  static std::string reason() {
    const char* text = ERR_reason_error_string(ERR_peek_last_error());
    return text ? text : "no reason given";
  }

  void set_verification() {
    X509_STORE* store = SSL_CTX_get_cert_store(ssl());
    for (const CertificatePtr& authority : files_.authorities(settings_.client_ca, "client_ca")) {
      X509_STORE_add_cert(store, authority.get());
      SSL_CTX_add_client_CA(ssl(), authority.get());
    }
    if (!settings_.crl.empty()) {
      for (const CrlPtr& crl : files_.crls(settings_.crl, "crl")) X509_STORE_add_crl(store, crl.get());
      X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    }
    const int mode = settings_.verify == TlsSettings::Verify::required
                         ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                         : SSL_VERIFY_PEER;
    SSL_CTX_set_verify(ssl(), mode, judge_certificate);
    SSL_CTX_set_cert_verify_callback(ssl(), verify_certificate, nullptr);
  }

  void set_callbacks() {
    SSL_CTX_set_app_data(ssl(), &parts_);
    parts_.protocols = wire_form(settings_.protocols);
    if (!parts_.protocols.empty()) SSL_CTX_set_alpn_select_cb(ssl(), choose_protocol, &parts_);
    if (parts_.pairs.size() > 1) SSL_CTX_set_cert_cb(ssl(), choose_certificate, &parts_);
    SSL_CTX_set_session_ticket_cb(ssl(), nullptr, judge_ticket, nullptr);
  }

  TlsContext::Parts& parts_;
  const TlsSettings& settings_;
  std::vector<TlsFinding>& findings_;
  TlsFiles files_;
};

}  // namespace

TlsContext::TlsContext(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
TlsContext::~TlsContext() = default;

TlsContext::Loading TlsContext::load(const TlsSettings& settings) {
  Loading loading;
  auto parts = std::make_unique<Parts>();
  parts->settings = settings;
  Builder{*parts, loading.findings}.build();
  if (std::ranges::none_of(loading.findings, &TlsFinding::is_error))
    loading.context.reset(new TlsContext{std::move(parts)});
  return loading;
}

ssl_st* TlsContext::open(TlsRefusal& refusal) const {
  SSL* ssl = SSL_new(parts_->ssl.get());
  if (!ssl) return nullptr;
  SSL_set_app_data(ssl, &refusal);
  SSL_set_accept_state(ssl);
  return ssl;
}

// A session can only be exchanged for another when connection and context have the same method; otherwise
// OpenSSL begins the connection anew. A handshake leaves the connection with the method of its version, so it
// gets a context of that method first.
void TlsContext::let_go_of_certificate(ssl_st& ssl) const {
  const SSL_METHOD* const method = SSL_get_ssl_method(&ssl);
  const SslSessionPtr bare{SSL_SESSION_new()};
  if (!bare || SSL_SESSION_set_cipher(bare.get(), SSL_get_current_cipher(&ssl)) != 1 ||
      SSL_SESSION_set_protocol_version(bare.get(), SSL_version(&ssl)) != 1)
    return;
  const std::lock_guard lock{parts_->mutex};
  SslContextPtr& context = parts_->bare[method];
  if (!context) context.reset(SSL_CTX_new(method));
  if (!context || !SSL_set_SSL_CTX(&ssl, context.get())) return;
  SSL_set_session(&ssl, bare.get());
  SSL_set_verify_result(&ssl, X509_V_OK);  // it was, or we were not here
}

TlsSettings::Identity TlsContext::identity() const noexcept { return parts_->settings.identity; }
bool TlsContext::psk_names_client() const noexcept {
  return parts_->settings.psk && parts_->settings.psk->names_client;
}

std::string TlsContext::to_text() const {
  if (parts_->pairs.empty()) return "no certificate, only keys that clients have (PSK)";
  const X509* certificate = parts_->pairs.front().certificate();
  return "the certificate of \"" + text_of(X509_get_subject_name(certificate)) + "\", good until " +
         date_of(X509_get0_notAfter(certificate));
}

}  // namespace mortise::net
