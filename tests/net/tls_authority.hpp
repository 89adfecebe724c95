// Certificates for tests, made while they run: an authority, what it issues, revokes, and writes to files.
//
// Owns: its folder, which goes with it.   Fails: with std::runtime_error.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "net/openssl.hpp"

namespace mortise::testing {

struct Issued {
  net::CertificatePtr certificate;
  net::KeyPtr key;
  std::string name;  // of its files in the folder
};

class TlsAuthority {
 public:
  struct Wish {
    std::string common_name;                  // empty: none
    std::vector<std::string> alternatives{};  // "DNS:broker.example", "URI:urn:pump:7", "email:a@example"
    long begins_s = -3600;                    // from now
    long ends_s = 24 * 3600;
    bool rsa = false;  // else EC P-256
  };

  explicit TlsAuthority(const std::string& name = "Test Authority");
  ~TlsAuthority();
  TlsAuthority(const TlsAuthority&) = delete;
  TlsAuthority& operator=(const TlsAuthority&) = delete;

  // Also writes <file>.pem and <file>.key, which only their owner may read.
  Issued issue(const std::string& file, const Wish& wish);
  // A file crl.pem that revokes these, good until `ends_s` from now.
  std::filesystem::path revoke(const std::vector<const Issued*>& revoked, long ends_s = 3600);

  std::filesystem::path folder() const { return folder_; }
  std::filesystem::path file(const std::string& name) const { return folder_ / name; }
  std::filesystem::path ca_file() const { return folder_ / "ca.pem"; }
  X509* certificate() const { return self_.certificate.get(); }

 private:
  Issued make(const Wish& wish, const Issued* issuer);

  std::filesystem::path folder_;
  Issued self_;
  long serial_ = 0;
};

}  // namespace mortise::testing
