// What is wrong with a TLS listener's files and settings is told with the key, the file and what to do.
#include "net/tls_context.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <functional>

#include "net/tls_authority.hpp"

namespace mortise::net {
namespace {

using testing::TlsAuthority;

struct World {
  TlsAuthority authority;
  testing::Issued server = authority.issue("server", {"broker.example", {"DNS:broker.example"}});
  testing::Issued second = authority.issue("second", {"second.example"});
  testing::Issued old = authority.issue("old", {"old.example", {}, -7200, -60});
  testing::Issued early = authority.issue("early", {"early.example", {}, 3600});

  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream{authority.file(name)} << text;
    ::chmod(authority.file(name).c_str(), 0600);
    return authority.file(name);
  }
};
World& world() {
  static World made;
  return made;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

TlsSettings settings() {
  TlsSettings made;
  made.listener = "public";
  made.pairs.push_back({world().authority.file("server.pem"), world().authority.file("server.key")});
  return made;
}

struct Row {
  const char* name;
  std::function<void(TlsSettings&)> change;
  bool works;
  const char* key;
  const char* text;
  const char* remedy;
};

class TlsFindings : public ::testing::TestWithParam<Row> {};

TEST_P(TlsFindings, name_the_key_the_file_and_the_remedy) {
  const Row& row = GetParam();
  TlsSettings chosen = settings();
  row.change(chosen);
  const auto loading = TlsContext::load(chosen);
  EXPECT_EQ(loading.context != nullptr, row.works);
  ASSERT_EQ(loading.findings.size(), 1U);
  const TlsFinding& finding = loading.findings.front();
  EXPECT_EQ(finding.is_error, !row.works);
  EXPECT_EQ(finding.key, row.key);
  EXPECT_NE(finding.text.find(row.text), std::string::npos) << finding.text;
  EXPECT_NE(finding.remedy.find(row.remedy), std::string::npos) << finding.remedy;
}

void encrypt_key(const std::filesystem::path& to) {
  const std::string command = "openssl pkey -aes256 -passout pass:secret -in " +
                              world().authority.file("server.key").string() + " -out " + to.string();
  ASSERT_EQ(std::system(command.c_str()), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Tls, TlsFindings,
    ::testing::Values(
        Row{"a_certificate_that_is_not_there", [](auto& s) { s.pairs[0].certificate += ".gone"; }, false,
            "certificate", "server.pem.gone\" is not there", "put the file there"},
        Row{"a_key_that_is_not_there", [](auto& s) { s.pairs[0].key += ".gone"; }, false, "key",
            "server.key.gone\" is not there", "put the file there"},
        Row{"a_folder_for_a_certificate",
            [](auto& s) { s.pairs[0].certificate = world().authority.folder(); }, false, "certificate",
            "is not a file", "PEM file"},
        Row{"a_certificate_that_is_not_pem",
            [](auto& s) { s.pairs[0].certificate = world().write("der.pem", "0\x82\x01"); }, false,
            "certificate", "holds no certificate in PEM form", "openssl x509 -inform der"},
        Row{"a_certificate_that_is_cut_off",
            [](auto& s) {
              const std::string whole = text_of(world().authority.file("server.pem"));
              s.pairs[0].certificate = world().write("cut.pem", whole + whole.substr(0, whole.size() / 2));
            },
            false, "certificate", "has a broken certificate, number 2", "damaged"},
        Row{"a_key_that_is_a_certificate", [](auto& s) { s.pairs[0].key = s.pairs[0].certificate; }, false,
            "key", "holds no private key in PEM form", "openssl pkey -inform der"},
        Row{"another_key", [](auto& s) { s.pairs[0].key = world().authority.file("second.key"); }, false,
            "key", "second.key\" is not the key of the first certificate in", "made for it"},
        Row{"another_key_of_a_second_pair",
            [](auto& s) {
              s.pairs.push_back({world().authority.file("second.pem"), world().authority.file("server.key")});
            },
            false, "certificates/0/key", "is not the key of", "made for it"},
        Row{"an_encrypted_key",
            [](auto& s) {
              s.pairs[0].key = world().authority.file("locked.key");
              encrypt_key(s.pairs[0].key);
            },
            false, "key", "is encrypted", "openssl pkey -in"},
        Row{"a_key_for_all_to_read",
            [](auto& s) {
              s.pairs[0].key = world().write("open.key", text_of(s.pairs[0].key));
              ::chmod(s.pairs[0].key.c_str(), 0644);
            },
            true, "key", "can be read by every user", "chmod 640"},
        Row{"a_certificate_that_has_ended",
            [](auto& s) {
              s.pairs[0] = {world().authority.file("old.pem"), world().authority.file("old.key")};
            },
            true, "certificate", "\"CN=old.example,O=Mortise Tests\" ended on 20", "renewed"},
        Row{"a_certificate_that_is_to_begin",
            [](auto& s) {
              s.pairs[0] = {world().authority.file("early.pem"), world().authority.file("early.key")};
            },
            true, "certificate", "begins on 20", "clock"},
        Row{"authorities_that_are_not_there",
            [](auto& s) {
              s.verify = TlsSettings::Verify::required;
              s.client_ca = world().authority.file("nobody.pem");
            },
            false, "client_ca", "nobody.pem\" is not there", "put the file there"},
        Row{"an_empty_folder_of_authorities",
            [](auto& s) {
              s.verify = TlsSettings::Verify::required;
              s.client_ca = world().authority.file("empty");
              std::filesystem::create_directory(s.client_ca);
            },
            false, "client_ca", "without a .pem or .crt file", "or name a file"},
        Row{"a_list_that_is_none",
            [](auto& s) {
              s.verify = TlsSettings::Verify::required;
              s.client_ca = world().authority.ca_file();
              s.crl = world().authority.ca_file();
            },
            false, "crl", "holds no sound revocation list", "openssl crl"},
        Row{"a_list_that_is_stale",
            [](auto& s) {
              s.verify = TlsSettings::Verify::required;
              s.client_ca = world().authority.ca_file();
              s.crl = world().authority.revoke({}, -60);
            },
            true, "crl", "was good until 20", "fetch its new list"},
        Row{"unknown_ciphers", [](auto& s) { s.ciphers = "ROT13"; }, false, "ciphers", "none of \"ROT13\"",
            "openssl ciphers -v"},
        Row{"unknown_suites", [](auto& s) { s.cipher_suites = "TLS_ROT13"; }, false, "cipher_suites",
            "\"TLS_ROT13\"", "-tls1_3"},
        Row{"unknown_curves", [](auto& s) { s.curves = "circle"; }, false, "curves", "\"circle\"", "X25519"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(TlsContext, several_faults_are_told_at_once) {
  TlsSettings chosen = settings();
  chosen.pairs[0].key += ".gone";
  chosen.pairs.push_back({world().authority.file("gone.pem"), world().authority.file("second.key")});
  chosen.curves = "circle";
  EXPECT_EQ(TlsContext::load(chosen).findings.size(), 3U);
}

TEST(TlsContext, a_folder_of_authorities_is_read_whole) {
  TlsSettings chosen = settings();
  chosen.verify = TlsSettings::Verify::required;
  chosen.client_ca = world().authority.file("several");
  std::filesystem::create_directory(chosen.client_ca);
  const TlsAuthority other{"Another Authority"};
  std::filesystem::copy(world().authority.ca_file(), chosen.client_ca / "one.pem");
  std::filesystem::copy(other.ca_file(), chosen.client_ca / "two.crt");
  std::ofstream{chosen.client_ca / "README"} << "not looked at";
  const auto loading = TlsContext::load(chosen);
  EXPECT_TRUE(loading.context && loading.findings.empty());
}

TEST(TlsContext, says_whose_certificate_it_has_and_how_long_it_is_good) {
  const auto loading = TlsContext::load(settings());
  ASSERT_TRUE(loading.context);
  EXPECT_TRUE(loading.context->to_text().starts_with(
      "the certificate of \"CN=broker.example,O=Mortise Tests\", good until 20"))
      << loading.context->to_text();
}

TEST(TlsContext, a_finding_is_a_sentence) {
  const TlsFinding finding{true, "key", "\"a.key\" is not there", "put the file there"};
  EXPECT_EQ(finding.to_text("public"),
            "listener \"public\": tls/key: \"a.key\" is not there; put the file there");
}

}  // namespace
}  // namespace mortise::net
