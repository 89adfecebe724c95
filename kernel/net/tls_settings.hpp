// What a TLS listener is told, and what may be wrong with it.
//
// Thread: any.   Owns: its texts.   Fails: never.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "broker/psk.hpp"

namespace mortise::net {

struct TlsSettings {
  enum class Verify { none, optional, required };
  enum class Identity { none, common_name, subject, san };
  enum class Version { v1_2, v1_3 };
  struct Pair {
    std::filesystem::path certificate;  // PEM: the server's own first, then those that lead to its root
    std::filesystem::path key;          // PEM
  };

  struct Psk {
    broker::FindPsk find;
    bool names_client = false;  // the identity is who the client is
    std::string hint;           // for TLS 1.2, 256 bytes at most; empty: none
  };

  std::string listener;     // its name, for people
  std::vector<Pair> pairs;  // the first serves whoever names no server, or one that none is for; with psk it
                            // may be empty
  std::optional<Psk> psk;   // empty: certificates only
  std::filesystem::path client_ca;  // a PEM file, or a folder of them; empty: none
  std::filesystem::path crl;        // PEM; empty: none
  Verify verify = Verify::none;
  Identity identity = Identity::none;
  Version minimum = Version::v1_2;
  std::string ciphers;        // of TLS 1.2, as OpenSSL writes them; empty: ours
  std::string cipher_suites;  // of TLS 1.3; empty: OpenSSL's
  std::string curves;         // empty: ours
  std::vector<std::string>
      protocols;  // ALPN, the one we like best first; a client that offers only others is refused
};

struct TlsFinding {
  bool is_error = true;
  std::string key;  // below tls: "certificate", "certificates/0/key"
  std::string text;
  std::string remedy;

  // One sentence, for the log.
  std::string to_text(const std::string& listener) const {
    return "listener \"" + listener + "\": tls/" + key + ": " + text + (remedy.empty() ? "" : "; " + remedy);
  }
};

// The way to a field of a pair, as the operator wrote it: the first pair stands in tls itself.
inline std::string key_of_pair(std::size_t index, const std::string& field) {
  return index == 0 ? field : "certificates/" + std::to_string(index - 1) + '/' + field;
}

}  // namespace mortise::net
