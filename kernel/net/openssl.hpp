// OpenSSL's objects, freed by their owners, its queue of errors, and its callbacks kept from throwing.
//
// Thread: the queue of errors is its thread's own.   Owns: what it is given.
// Private to this room; headers that others see name no type of OpenSSL.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <vector>

namespace mortise::net {

template <auto Free>
struct FreedBy {
  template <class Object>
  void operator()(Object* object) const noexcept {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, FreedBy<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, FreedBy<X509_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, FreedBy<X509_CRL_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, FreedBy<SSL_CTX_free>>;
using SslSessionPtr = std::unique_ptr<SSL_SESSION, FreedBy<SSL_SESSION_free>>;
using SslPtr = std::unique_ptr<SSL, FreedBy<SSL_free>>;

// The body of a callback. What it throws, mostly for want of memory, must not pass through OpenSSL's frames,
// which are C: it is answered with `refusal`.
template <class Answer, class Body>
Answer guarded(Answer refusal, Body body) noexcept {
  try {
    return body();
  } catch (...) {
    return refusal;
  }
}

}  // namespace mortise::net
