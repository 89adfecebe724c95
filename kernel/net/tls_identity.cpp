#include "net/tls_identity.hpp"

#include "mqtt/utf8.hpp"
#include "net/tls_files.hpp"

namespace mortise::net {

namespace {

constexpr std::size_t user_name_max = 65'535;

std::string utf8_of(const ASN1_STRING* string) {
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, string);
  if (size < 0) return {};
  std::string copy{reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)};
  OPENSSL_free(text);
  return copy;
}

// The last one: names go from the widest to the most specific.
std::string common_name_of(const X509_NAME* name) {
  int last = -1;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0;) last = at;
  return last < 0 ? std::string{} : utf8_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
}

std::string first_alternative_of(const X509& certificate) {
  struct Free {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  };
  const std::unique_ptr<GENERAL_NAMES, Free> names{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type == GEN_DNS || type == GEN_URI || type == GEN_EMAIL)
      return utf8_of(static_cast<const ASN1_STRING*>(value));
  }
  return {};
}

}  // namespace

base::Result<std::string, std::string> identity_of(const X509& certificate, TlsSettings::Identity wanted) {
  using Identity = TlsSettings::Identity;
  std::string identity;
  std::string missing;
  switch (wanted) {
    case Identity::none: return std::string{};
    case Identity::common_name:
      identity = common_name_of(X509_get_subject_name(&certificate));
      missing = "common name";
      break;
    case Identity::subject:
      identity = text_of(X509_get_subject_name(&certificate));
      missing = "subject";
      break;
    case Identity::san:
      identity = first_alternative_of(certificate);
      missing = "alternative name that is a DNS name, a URI or an e-mail address";
      break;
  }
  ERR_clear_error();
  if (identity.empty()) return base::Failure{"its certificate has no " + missing};
  if (identity.size() > user_name_max || !mqtt::is_utf8(identity))
    return base::Failure{std::string{"the name in its certificate cannot be a user name of MQTT"}};
  return identity;
}

}  // namespace mortise::net
