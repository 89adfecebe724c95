#include "net/tls_peer.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "net/tls_files.hpp"

namespace mortise::testing {

TlsPeer::TlsPeer(X509* authority, const Choices& choices)
    : context_{SSL_CTX_new(TLS_client_method())},
      psk_identity_{choices.psk_identity},
      psk_{choices.psk},
      psk_suite_{choices.psk_suite} {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_min_proto_version(context, choices.lowest);
  SSL_CTX_set_max_proto_version(context, choices.highest);
  if (choices.highest < TLS1_2_VERSION) SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
  if (!choices.ciphers.empty() && SSL_CTX_set_cipher_list(context, choices.ciphers.c_str()) != 1)
    throw std::runtime_error{"no such cipher: " + choices.ciphers};
  if (!choices.groups.empty()) SSL_CTX_set1_groups_list(context, choices.groups.c_str());
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
  SSL_CTX_set_verify(context, choices.judges ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (choices.certificate) {
    SSL_CTX_use_certificate(context, choices.certificate->certificate.get());
    SSL_CTX_use_PrivateKey(context, choices.certificate->key.get());
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
    static_cast<TlsPeer*>(SSL_get_app_data(ssl))->session_.reset(session);
    return 1;
  });
  ssl_.reset(SSL_new(context));
  SSL_set_app_data(ssl_.get(), this);
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl_.get(), in_, out_);
  if (!choices.server_name.empty()) SSL_set_tlsext_host_name(ssl_.get(), choices.server_name.c_str());
  std::string offer;
  for (const std::string& protocol : choices.protocols)
    offer += static_cast<char>(protocol.size()) + protocol;
  if (!offer.empty())
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(offer.data()),
                        static_cast<unsigned>(offer.size()));
  if (!psk_.empty()) use_psk();
  if (choices.session) SSL_set_session(ssl_.get(), choices.session);
  SSL_set_connect_state(ssl_.get());
  read_on();
}

void TlsPeer::use_psk() {
  if (psk_suite_.empty()) {
    const auto give = [](SSL* ssl, const char* hint, char* identity, unsigned int identity_room,
                         unsigned char* key, unsigned int key_room) -> unsigned int {
      auto& self = *static_cast<TlsPeer*>(SSL_get_app_data(ssl));
      if (hint) self.psk_hint_ = hint;
      if (self.psk_identity_.size() >= identity_room || self.psk_.size() > key_room) return 0;
      std::ranges::copy(self.psk_identity_, identity);
      identity[self.psk_identity_.size()] = '\0';
      std::ranges::copy(self.psk_, key);
      return static_cast<unsigned int>(self.psk_.size());
    };
    return SSL_set_psk_client_callback(ssl_.get(), give);
  }
  const auto use = [](SSL* ssl, const EVP_MD*, const unsigned char** identity, std::size_t* size,
                      SSL_SESSION** session) {
    const auto& self = *static_cast<TlsPeer*>(SSL_get_app_data(ssl));
    *identity = reinterpret_cast<const unsigned char*>(self.psk_identity_.data());
    *size = self.psk_identity_.size();
    *session = SSL_SESSION_new();
    SSL_SESSION_set1_master_key(*session, reinterpret_cast<const unsigned char*>(self.psk_.data()),
                                self.psk_.size());
    SSL_SESSION_set_cipher(
        *session, SSL_CIPHER_find(ssl, reinterpret_cast<const unsigned char*>(self.psk_suite_.data())));
    return SSL_SESSION_set_protocol_version(*session, TLS1_3_VERSION);
  };
  SSL_set_psk_use_session_callback(ssl_.get(), use);
}

bool TlsPeer::take(mqtt::Bytes bytes) {
  BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  return read_on();
}

bool TlsPeer::read_on() {
  if (!error_.empty()) return false;
  std::array<char, 4096> block;
  ERR_clear_error();
  for (;;) {
    std::size_t count = 0;
    if (SSL_read_ex(ssl_.get(), block.data(), block.size(), &count) == 1) {
      received_.append(block.data(), count);
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), 0);
    if (error == SSL_ERROR_WANT_READ) return true;
    if (error == SSL_ERROR_ZERO_RETURN) return closed_ = true;
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    error_ = reason ? reason : "unknown";
    ERR_clear_error();
    return false;
  }
}

bool TlsPeer::send(const std::string& text) {
  std::size_t count = 0;
  return SSL_write_ex(ssl_.get(), text.data(), text.size(), &count) == 1;
}

void TlsPeer::close() { SSL_shutdown(ssl_.get()); }

mqtt::Buffer TlsPeer::sent() {
  mqtt::Buffer bytes(BIO_ctrl_pending(out_));
  if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

std::string TlsPeer::protocol() const {
  const unsigned char* text = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &text, &size);
  return {reinterpret_cast<const char*>(text), size};
}

std::string TlsPeer::server_subject() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  return certificate ? net::text_of(X509_get_subject_name(certificate)) : "";
}

}  // namespace mortise::testing
