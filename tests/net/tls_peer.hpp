// A TLS client in memory, for tests of the server's side: no socket, every byte passes through the test.
//
// Thread: one.   Owns: its connection.   Fails: step() says how.
#pragma once

#include <string>
#include <vector>

#include "mqtt/encode.hpp"
#include "net/openssl.hpp"
#include "net/tls_authority.hpp"

namespace mortise::testing {

class TlsPeer {
 public:
  struct Choices {
    int lowest = TLS1_2_VERSION, highest = TLS1_3_VERSION;
    const Issued* certificate = nullptr;  // its own
    std::string server_name;
    std::vector<std::string> protocols;
    std::string ciphers;  // of TLS 1.2
    std::string groups;
    SSL_SESSION* session = nullptr;  // to resume
    bool judges = true;              // whether it checks the server's certificate
    std::string psk_identity, psk;   // its key, as bytes; empty: it has none
    std::string psk_suite;           // of two bytes: a key for this suite's hash, of TLS 1.3 only
  };
  TlsPeer(X509* authority, const Choices& choices);

  // Takes what came and reads on. False: the connection has failed; error() says why.
  bool take(mqtt::Bytes bytes);
  bool send(const std::string& text);
  void close();  // close_notify

  mqtt::Buffer sent();  // and forgets it
  const std::string& received() const { return received_; }
  bool is_open() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  bool was_closed() const { return closed_; }  // by close_notify
  const std::string& error() const { return error_; }
  std::string protocol() const;
  std::string server_subject() const;
  const std::string& psk_hint() const { return psk_hint_; }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  SSL_SESSION* session() { return session_.get(); }
  SSL* raw() { return ssl_.get(); }

 private:
  bool read_on();
  void use_psk();
  using SessionPtr = std::unique_ptr<SSL_SESSION, net::FreedBy<SSL_SESSION_free>>;

  net::SslContextPtr context_;
  SessionPtr session_;
  net::SslPtr ssl_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
  const std::string psk_identity_, psk_, psk_suite_;
  std::string psk_hint_;
  std::string received_;
  std::string error_;
  bool closed_ = false;
};

}  // namespace mortise::testing
