#include "net/tls_authority.hpp"

#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

namespace mortise::testing {

namespace {

void demand(bool done, const char* what) {
  if (!done) throw std::runtime_error{std::string{"cannot make a test certificate: "} + what};
}

void extend(X509& certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, &certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  demand(extension && X509_add_ext(&certificate, extension, -1) == 1, value.c_str());
  X509_EXTENSION_free(extension);
}

template <class Write, class Object>
void write_pem(const std::filesystem::path& path, Write write, Object* object) {
  const net::BioPtr bio{BIO_new_file(path.c_str(), "w")};
  demand(bio && write(bio.get(), object) == 1, path.c_str());
  ::chmod(path.c_str(), 0600);
}

}  // namespace

TlsAuthority::TlsAuthority(const std::string& name) {
  std::string place = (std::filesystem::temp_directory_path() / "mortise-tls-XXXXXX").string();
  demand(::mkdtemp(place.data()) != nullptr, "folder");
  folder_ = place;
  self_ = make({name, {}, -7200, 48 * 3600}, nullptr);
  write_pem(
      ca_file(), [](BIO* bio, X509* x) { return PEM_write_bio_X509(bio, x); }, certificate());
}

TlsAuthority::~TlsAuthority() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Issued TlsAuthority::make(const Wish& wish, const Issued* issuer) {
  Issued made;
  made.key.reset(wish.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  made.certificate.reset(X509_new());
  X509& x = *made.certificate;
  demand(made.key && X509_set_version(&x, X509_VERSION_3) == 1, "key");
  ASN1_INTEGER_set(X509_get_serialNumber(&x), ++serial_);
  X509_gmtime_adj(X509_getm_notBefore(&x), wish.begins_s);
  X509_gmtime_adj(X509_getm_notAfter(&x), wish.ends_s);
  X509_set_pubkey(&x, made.key.get());
  X509_NAME* name = X509_get_subject_name(&x);
  const auto add = [&](const char* field, const std::string& value) {
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value.data()),
                               static_cast<int>(value.size()), -1, 0);
  };
  add("O", "Mortise Tests");
  if (!wish.common_name.empty()) add("CN", wish.common_name);
  X509* signer = issuer ? issuer->certificate.get() : &x;
  X509_set_issuer_name(&x, X509_get_subject_name(signer));
  if (issuer) {
    std::string names;
    for (const std::string& each : wish.alternatives) names += (names.empty() ? "" : ",") + each;
    if (!names.empty()) extend(x, signer, NID_subject_alt_name, names);
  } else {
    extend(x, signer, NID_basic_constraints, "critical,CA:TRUE");
    extend(x, signer, NID_key_usage, "critical,keyCertSign,cRLSign");
  }
  demand(X509_sign(&x, issuer ? issuer->key.get() : made.key.get(), EVP_sha256()) > 0, "signature");
  return made;
}

Issued TlsAuthority::issue(const std::string& file, const Wish& wish) {
  Issued made = make(wish, &self_);
  made.name = file;
  write_pem(
      folder_ / (file + ".pem"), [](BIO* bio, X509* x) { return PEM_write_bio_X509(bio, x); },
      made.certificate.get());
  write_pem(
      folder_ / (file + ".key"),
      [](BIO* bio, EVP_PKEY* key) {
        return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
      },
      made.key.get());
  return made;
}

std::filesystem::path TlsAuthority::revoke(const std::vector<const Issued*>& revoked, long ends_s) {
  const net::CrlPtr crl{X509_CRL_new()};
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(certificate()));
  ASN1_TIME* time = X509_gmtime_adj(nullptr, -3600 * 2);
  X509_CRL_set1_lastUpdate(crl.get(), time);
  X509_gmtime_adj(time, ends_s);
  X509_CRL_set1_nextUpdate(crl.get(), time);
  X509_gmtime_adj(time, -3600);
  for (const Issued* each : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(each->certificate.get()));
    X509_REVOKED_set_revocationDate(entry, time);
    X509_CRL_add0_revoked(crl.get(), entry);
  }
  ASN1_TIME_free(time);
  X509_CRL_sort(crl.get());
  demand(X509_CRL_sign(crl.get(), self_.key.get(), EVP_sha256()) > 0, "revocation list");
  write_pem(
      folder_ / "crl.pem", [](BIO* bio, X509_CRL* list) { return PEM_write_bio_X509_CRL(bio, list); },
      crl.get());
  return folder_ / "crl.pem";
}

}  // namespace mortise::testing
