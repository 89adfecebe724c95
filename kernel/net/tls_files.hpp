// Certificates, keys and revocation lists from PEM files.
//
// Thread: any.   Owns: what it read.
// Fails:  with a finding that names the file and says what to do, about the key it is given.
// Private to this room.
#pragma once

#include <optional>

#include "net/openssl.hpp"
#include "net/tls_settings.hpp"

namespace mortise::net {

struct TlsPair {
  std::vector<CertificatePtr> chain;  // the server's own first
  KeyPtr key;

  X509* certificate() const { return chain.front().get(); }
};

class TlsFiles {
 public:
  explicit TlsFiles(std::vector<TlsFinding>& findings) : findings_{findings} {}

  // A certificate and the key that belongs to it; empty: there is an error.
  std::optional<TlsPair> pair(const TlsSettings::Pair& files, std::size_t index);
  // All certificates of a file, or of the files in a folder. Empty: there is an error.
  std::vector<CertificatePtr> authorities(const std::filesystem::path& path, const std::string& key);
  std::vector<CrlPtr> crls(const std::filesystem::path& path, const std::string& key);

 private:
  std::optional<std::string> content(const std::filesystem::path& path, const std::string& key);
  std::vector<CertificatePtr> certificates(const std::filesystem::path& path, const std::string& key);
  KeyPtr private_key(const std::filesystem::path& path, const std::string& key);
  void tell_of_dates(const X509& certificate, const std::filesystem::path& path, const std::string& key);
  void error(const std::string& key, std::string text, std::string remedy);
  void warn(const std::string& key, std::string text, std::string remedy);

  std::vector<TlsFinding>& findings_;
};

// "2027-03-01", in UTC; empty when the certificate does not say.
std::string date_of(const ASN1_TIME* time);
// As RFC 2253 writes it: "CN=broker,O=Example".
std::string text_of(const X509_NAME* name);

}  // namespace mortise::net
