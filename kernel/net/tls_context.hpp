// What all TLS connections of a listener share: certificates, keys, whom to trust, what to speak. Immutable;
// a reload makes another, for new connections.
//
// Safe by default: TLS 1.2 and 1.3, suites with forward secrecy and authenticated encryption, no
// renegotiation, no compression. Sessions are resumed by tickets whose keys are this context's, so nothing is
// kept for a client that has gone, and after a reload a client makes a full handshake again.
//
// Thread: any, several at once.   Owns: OpenSSL's context; connections keep it alive.
// Cost:   a few hundred KiB with a folder of a hundred authorities, else some ten.
// Fails:  load() with findings, each about one key and with a remedy; warnings keep nothing from working.
// Source: RFC 5246, RFC 8446, RFC 6066 §3 (SNI), RFC 7301 (ALPN), RFC 5077 (tickets).
#pragma once

#include <cstdint>
#include <memory>

#include "net/tls_settings.hpp"

struct ssl_st;

namespace mortise::net {

// What a handshake leaves behind for the log; OpenSSL's callbacks write it.
struct TlsRefusal {
  std::string text;  // "the certificate of \"CN=pump-7\": certificate has expired"; empty: not refused by us
  std::string of_psk;  // why the key of the identity that was named last would not fit; empty: none was named
  std::uint8_t psk_look_ups = 0;  // in this handshake, which has few of them
};

class TlsContext {
 public:
  struct Loading {
    std::shared_ptr<const TlsContext> context;  // null: there is an error among the findings
    std::vector<TlsFinding> findings;
  };
  static Loading load(const TlsSettings& settings);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // The server's side of a new connection, for its owner to free; this context outlives it, as does
  // `refusal`.
  ssl_st* open(TlsRefusal& refusal) const;

  // Lets go of the client's certificate after the handshake, of which OpenSSL would keep the parts. Session
  // and context of the connection are then ones that hold no more than its records need.
  void let_go_of_certificate(ssl_st& ssl) const;

  TlsSettings::Identity identity() const noexcept;
  // Whether the identity of a client's key is who it is.
  bool psk_names_client() const noexcept;
  // For the log: the first certificate's subject and its last day; or that there are keys (PSK) only.
  std::string to_text() const;

  struct Parts;

 private:
  explicit TlsContext(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace mortise::net
