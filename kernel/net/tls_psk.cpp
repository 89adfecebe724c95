#include "net/tls_psk.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cstring>
#include <new>
#include <vector>

#include "config/finding.hpp"
#include "mqtt/utf8.hpp"
#include "net/tls_context.hpp"

namespace mortise::net {

namespace {

using broker::PskAnswer;
using broker::PskKey;
using Digest = std::array<std::uint8_t, 32>;

constexpr std::size_t stand_in_size = 32;
// A ClientHello has room for thousands of identities, from anybody. An honest one names a ticket and a key,
// and both once more when it is asked for another curve.
constexpr std::uint8_t look_ups_max = 4;
// TLS_AES_128_GCM_SHA256: what counts of it is SHA-256, the hash of a key for which none is agreed on.
// (RFC 8446 §4.2.11)
constexpr unsigned char suite_of_keys[] = {0x13, 0x01};

int index_in_context() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

const TlsSettings::Psk* psk_of(const SSL& ssl) {
  return static_cast<const TlsSettings::Psk*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(&ssl), index_in_context()));
}

TlsRefusal& refusal_of(const SSL& ssl) { return *static_cast<TlsRefusal*>(SSL_get_app_data(&ssl)); }

PskAnswer look_up(const SSL& ssl, std::string_view identity, PskKey& key) {
  TlsRefusal& refusal = refusal_of(ssl);
  if (refusal.psk_look_ups == look_ups_max)
    return {PskAnswer::Outcome::refused, "the client names more than " + std::to_string(look_ups_max) +
                                             " identities (PSK) in one handshake"};
  ++refusal.psk_look_ups;
  return psk_of(ssl)->find(identity, key);
}

bool is_identity(std::string_view name) {
  return !name.empty() && name.size() <= PskKey::identity_size_max && mqtt::is_utf8(name);
}

bool digest_of(std::span<const std::uint8_t> key, Digest& digest) {
  return EVP_Digest(key.data(), key.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1;
}

// What a ticket keeps: the digest, then the identity.
bool note_in(SSL_SESSION& session, std::string_view identity, const PskKey& key) {
  Digest digest;
  if (!digest_of(key.bytes(), digest)) return false;
  std::vector<std::uint8_t> data{digest.begin(), digest.end()};
  data.insert(data.end(), identity.begin(), identity.end());
  return SSL_SESSION_set1_ticket_appdata(&session, data.data(), data.size()) == 1;
}

struct Noted {
  std::string_view identity;
  const std::uint8_t* digest = nullptr;
};
Noted noted_in(const SSL_SESSION& session) {
  void* data = nullptr;
  std::size_t size = 0;
  SSL_SESSION_get0_ticket_appdata(const_cast<SSL_SESSION*>(&session), &data, &size);
  if (!data || size <= sizeof(Digest)) return {};
  const auto* const bytes = static_cast<const std::uint8_t*>(data);
  return {{reinterpret_cast<const char*>(bytes) + sizeof(Digest), size - sizeof(Digest)}, bytes};
}

// The identity's key, or one nobody has. False: there is no randomness.
bool find_or_stand_in(SSL& ssl, std::string_view identity, PskKey& key) {
  std::array<std::uint8_t, stand_in_size> random;
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) return false;
  key.set(random);
  OPENSSL_cleanse(random.data(), random.size());
  TlsRefusal& refusal = refusal_of(ssl);
  if (!is_identity(identity)) {
    refusal.of_psk = "the client names an identity (PSK) that is not UTF-8 of 1 to 256 bytes";
    return true;
  }
  PskKey found;
  const PskAnswer answer = look_up(ssl, identity, found);
  if (answer.outcome == PskAnswer::Outcome::found) {
    key.set(found.bytes());
    refusal.of_psk = "the client's key is not the one of its identity " + config::in_quotes(identity);
  } else {
    refusal.of_psk = answer.why;
  }
  return true;
}

// TLS 1.2. OpenSSL overwrites what it is given.
unsigned int find_key(SSL* ssl, const char* name, unsigned char* out, unsigned int room) noexcept {
  if (SSL_version(ssl) != TLS1_2_VERSION || !name) return 0;  // of 1.3 find_session() has been asked
  return guarded(0U, [&] {
    const std::string_view identity{name};
    PskKey key;
    if (!find_or_stand_in(*ssl, identity, key)) return 0U;
    const auto bytes = key.bytes();
    if (bytes.size() > room || !note_in(*SSL_get_session(ssl), identity, key)) return 0U;
    std::memcpy(out, bytes.data(), bytes.size());
    return static_cast<unsigned int>(bytes.size());
  });
}

// Null: there is no memory or no randomness.
SslSessionPtr session_for(SSL& ssl, std::string_view identity) {
  PskKey key;
  SslSessionPtr made{SSL_SESSION_new()};
  const SSL_CIPHER* const suite = SSL_CIPHER_find(&ssl, suite_of_keys);
  if (!made || !suite || !find_or_stand_in(ssl, identity, key)) return {};
  const auto bytes = key.bytes();
  if (SSL_SESSION_set1_master_key(made.get(), bytes.data(), bytes.size()) != 1 ||
      SSL_SESSION_set_cipher(made.get(), suite) != 1 ||
      SSL_SESSION_set_protocol_version(made.get(), TLS1_3_VERSION) != 1 || !note_in(*made, identity, key))
    return {};
  SSL_SESSION_set_timeout(made.get(), SSL_CTX_get_timeout(SSL_get_SSL_CTX(&ssl)));
  return made;
}

// OpenSSL lays a session aside whose hash is not the chosen suite's, and would ask for the next identity's.
bool goes_with_chosen_suite(const SSL& ssl) {
  const SSL_CIPHER* const chosen = SSL_get_pending_cipher(&ssl);
  return chosen && EVP_MD_is_a(SSL_CIPHER_get_handshake_digest(chosen), "SHA256") == 1;
}

// TLS 1.3. No session: OpenSSL takes the identity for a ticket, and looks at the client's next one.
int find_session(SSL* ssl, const unsigned char* name, std::size_t size, SSL_SESSION** session) noexcept {
  *session = nullptr;
  const std::string_view identity{reinterpret_cast<const char*>(name), size};
  if (!is_identity(identity) || !goes_with_chosen_suite(*ssl)) return 1;
  *session = guarded(SslSessionPtr{}, [&] { return session_for(*ssl, identity); }).release();
  return *session ? 1 : 0;
}

}  // namespace

bool serve_psk(SSL_CTX& context, const TlsSettings::Psk& psk) {
  SSL_CTX_set_ex_data(&context, index_in_context(), const_cast<TlsSettings::Psk*>(&psk));
  SSL_CTX_set_psk_server_callback(&context, find_key);
  SSL_CTX_set_psk_find_session_callback(&context, find_session);
  return psk.hint.empty() || SSL_CTX_use_psk_identity_hint(&context, psk.hint.c_str()) == 1;
}

bool has_current_psk(SSL& ssl, const SSL_SESSION& session) {
  const Noted noted = noted_in(session);
  if (!noted.digest) return true;
  PskKey key;
  Digest digest;
  return psk_of(ssl) && look_up(ssl, noted.identity, key).outcome == PskAnswer::Outcome::found &&
         digest_of(key.bytes(), digest) && CRYPTO_memcmp(digest.data(), noted.digest, sizeof digest) == 0;
}

std::string_view psk_identity_of(const SSL& ssl) {
  const SSL_SESSION* const session = SSL_get_session(&ssl);
  return session ? noted_in(*session).identity : std::string_view{};
}

}  // namespace mortise::net
