#include "net/tls_files.hpp"

#include <openssl/pem.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>

namespace mortise::net {

namespace {

constexpr std::uintmax_t file_size_max = 64 * 1024 * 1024;  // a revocation list may be long

BioPtr over(const std::string& text) {
  return BioPtr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

// Nobody can be asked: it only notes that somebody would have to be.
int note_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

std::string in_quotes(const std::filesystem::path& path) { return '"' + path.string() + '"'; }

bool has_ended(const ASN1_TIME* time) { return time && X509_cmp_current_time(time) < 0; }
bool is_to_begin(const ASN1_TIME* time) { return time && X509_cmp_current_time(time) > 0; }

// Reads one object after the other until the text has no more of its kind.
template <class Pointer, class Read>
std::vector<Pointer> all_of(const std::string& text, Read read) {
  std::vector<Pointer> found;
  const BioPtr bio = over(text);
  bool asked = false;
  while (Pointer next{read(bio.get(), nullptr, note_passphrase, &asked)}) found.push_back(std::move(next));
  return found;
}

// Whether reading ended at the end of the text, and not at something broken in it.
bool read_to_the_end() {
  const auto last = ERR_peek_last_error();
  const bool ended = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return ended;
}

}  // namespace

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (!time || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  std::array<char, 16> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts)};
}

std::string text_of(const X509_NAME* name) {
  const BioPtr bio{BIO_new(BIO_s_mem())};
  // As RFC 2253 has it, but letters of other alphabets stay what they are.
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(std::max(size, 0L))};
}

void TlsFiles::error(const std::string& key, std::string text, std::string remedy) {
  findings_.push_back({true, key, std::move(text), std::move(remedy)});
}

void TlsFiles::warn(const std::string& key, std::string text, std::string remedy) {
  findings_.push_back({false, key, std::move(text), std::move(remedy)});
}

std::optional<std::string> TlsFiles::content(const std::filesystem::path& path, const std::string& key) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT)
      error(key, in_quotes(path) + " is not there", "put the file there, or name the one that is");
    else
      error(key, in_quotes(path) + " cannot be read: " + std::strerror(errno),
            "let the broker's user read the file and the folders above it");
    return {};
  }
  if (!S_ISREG(status.st_mode)) {
    error(key, in_quotes(path) + " is not a file", "name a PEM file");
    return {};
  }
  if (static_cast<std::uintmax_t>(status.st_size) > file_size_max) {
    error(key, in_quotes(path) + " is larger than 64 MiB", "name a PEM file");
    return {};
  }
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    error(key, in_quotes(path) + " cannot be read: " + std::strerror(errno),
          "let the broker's user read it: a group of its own and chmod 640 are enough");
    return {};
  }
  return std::string{std::istreambuf_iterator<char>{in}, {}};
}

std::vector<CertificatePtr> TlsFiles::certificates(const std::filesystem::path& path,
                                                   const std::string& key) {
  const auto text = content(path, key);
  if (!text) return {};
  ERR_clear_error();
  auto found = all_of<CertificatePtr>(*text, PEM_read_bio_X509);
  if (!read_to_the_end()) {
    error(key, in_quotes(path) + " has a broken certificate, number " + std::to_string(found.size() + 1),
          "it is cut off or damaged; write the file again");
    return {};
  }
  if (found.empty())
    error(key, in_quotes(path) + " holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)",
          "one in DER form becomes PEM with: openssl x509 -inform der -in FILE -out FILE.pem");
  return found;
}

KeyPtr TlsFiles::private_key(const std::filesystem::path& path, const std::string& key) {
  const auto text = content(path, key);
  if (!text) return {};
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH))
    warn(key, in_quotes(path) + " can be read by every user of this machine", "chmod 640 it, or 600");
  bool asked = false;
  const BioPtr bio = over(*text);
  KeyPtr found{PEM_read_bio_PrivateKey(bio.get(), nullptr, note_passphrase, &asked)};
  ERR_clear_error();
  if (found) return found;
  if (asked)
    error(key, in_quotes(path) + " is encrypted, and nobody is there to type its passphrase",
          "take it off with: openssl pkey -in FILE -out NEW, and let only the broker's user read NEW");
  else
    error(key, in_quotes(path) + " holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)",
          "one in DER form becomes PEM with: openssl pkey -inform der -in FILE -out FILE.pem");
  return {};
}

void TlsFiles::tell_of_dates(const X509& certificate, const std::filesystem::path& path,
                             const std::string& key) {
  const std::string which =
      in_quotes(path) + ": the certificate of \"" + text_of(X509_get_subject_name(&certificate)) + '"';
  if (has_ended(X509_get0_notAfter(&certificate)))
    warn(key, which + " ended on " + date_of(X509_get0_notAfter(&certificate)),
         "clients refuse it; have it renewed");
  else if (is_to_begin(X509_get0_notBefore(&certificate)))
    warn(key, which + " begins on " + date_of(X509_get0_notBefore(&certificate)),
         "clients refuse it until then; is this machine's clock right?");
}

std::optional<TlsPair> TlsFiles::pair(const TlsSettings::Pair& files, std::size_t index) {
  const std::string certificate_key = key_of_pair(index, "certificate");
  const std::string key_key = key_of_pair(index, "key");
  TlsPair pair{certificates(files.certificate, certificate_key), private_key(files.key, key_key)};
  if (pair.chain.empty() || !pair.key) return {};
  if (X509_check_private_key(pair.certificate(), pair.key.get()) != 1) {
    ERR_clear_error();
    error(
        key_key,
        in_quotes(files.key) + " is not the key of the first certificate in " + in_quotes(files.certificate),
        "name the key that was made for it; in a chain the server's own certificate stands first");
    return {};
  }
  for (const CertificatePtr& certificate : pair.chain)
    tell_of_dates(*certificate, files.certificate, certificate_key);
  return pair;
}

std::vector<CertificatePtr> TlsFiles::authorities(const std::filesystem::path& path, const std::string& key) {
  std::error_code fault;
  std::vector<CertificatePtr> found;
  if (!std::filesystem::is_directory(path, fault)) {
    found = certificates(path, key);
  } else {
    std::vector<std::filesystem::path> files;
    for (auto file = std::filesystem::directory_iterator{path, fault}; !fault && file != decltype(file){};
         file.increment(fault))
      if (const auto ending = file->path().extension(); ending == ".pem" || ending == ".crt")
        files.push_back(file->path());
    if (files.empty()) {
      error(key,
            in_quotes(path) + (fault ? " cannot be read: " + fault.message()
                                     : std::string{" is a folder without a .pem or .crt file"}),
            "put the certificates of the authorities there, or name a file");
      return {};
    }
    std::ranges::sort(files);
    for (const auto& file : files) {
      auto more = certificates(file, key);
      if (more.empty()) return {};
      std::ranges::move(more, std::back_inserter(found));
    }
  }
  for (const CertificatePtr& certificate : found) tell_of_dates(*certificate, path, key);
  return found;
}

std::vector<CrlPtr> TlsFiles::crls(const std::filesystem::path& path, const std::string& key) {
  const auto text = content(path, key);
  if (!text) return {};
  ERR_clear_error();
  auto found = all_of<CrlPtr>(*text, PEM_read_bio_X509_CRL);
  if (!read_to_the_end() || found.empty()) {
    error(key, in_quotes(path) + " holds no sound revocation list in PEM form (-----BEGIN X509 CRL-----)",
          "one in DER form becomes PEM with: openssl crl -inform der -in FILE -out FILE.pem");
    return {};
  }
  for (const CrlPtr& crl : found)
    if (has_ended(X509_CRL_get0_nextUpdate(crl.get())))
      warn(key,
           in_quotes(path) + ": the revocation list of \"" + text_of(X509_CRL_get_issuer(crl.get())) +
               "\" was good until " + date_of(X509_CRL_get0_nextUpdate(crl.get())),
           "clients of that authority are refused; fetch its new list");
  return found;
}

}  // namespace mortise::net
