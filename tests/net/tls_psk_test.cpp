// Clients with a key of their own (PSK): who is let in, as whom, what the others see and what the log says.
#include "net/tls_psk.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "net/tls_pair.hpp"

namespace mortise::net {
namespace {

using broker::PskAnswer;
using broker::PskKey;

const std::string key_of_pump(32, 'k');
const std::string another_key(32, 'x');
const std::string sha256_suite{"\x13\x01"};  // TLS_AES_128_GCM_SHA256
const std::string sha384_suite{"\x13\x02"};  // TLS_AES_256_GCM_SHA384

// Who knows the keys; changed while contexts live.
struct Keys {
  std::map<std::string, std::string, std::less<>> known{{"pump-7", key_of_pump}};
  std::string refuses;  // an identity
  bool throws = false;
  std::vector<std::string> asked;

  PskAnswer find(std::string_view identity, PskKey& key) {
    asked.emplace_back(identity);
    if (throws) throw std::bad_alloc{};
    if (identity == refuses) return {PskAnswer::Outcome::refused, "the plugin said no"};
    const auto found = known.find(identity);
    if (found == known.end()) return {PskAnswer::Outcome::unknown, "nobody knows it"};
    key.set(bytes_of(found->second));
    return {PskAnswer::Outcome::found, {}};
  }
};

class PskOfOneVersion : public ::testing::Test {
 protected:
  TlsSettings psk_settings(bool names_client = true, bool has_certificate = false) {
    TlsSettings made = settings();
    if (!has_certificate) made.pairs.clear();
    made.psk.emplace();
    made.psk->find = [this](std::string_view identity, PskKey& key) { return keys.find(identity, key); };
    made.psk->names_client = names_client;
    return made;
  }

  Keys keys;
};

class Psk : public PskOfOneVersion, public ::testing::WithParamInterface<int> {
 protected:
  static TlsPeer::Choices client(const std::string& identity = "pump-7",
                                 const std::string& key = key_of_pump) {
    TlsPeer::Choices choices = speaking(GetParam());
    choices.psk_identity = identity;
    choices.psk = key;
    return choices;
  }
  // What the log says of a client that is not let in; `seen` is what the client sees.
  std::string refusal_of(const TlsPeer::Choices& choices, std::string* seen = nullptr) {
    Pair pair{context_of(psk_settings()), choices};
    EXPECT_FALSE(pair.talk());
    EXPECT_EQ(pair.filter.introduction().identity, "");
    EXPECT_EQ(pair.learnt, 0);
    pair.to_client();
    if (seen) *seen = pair.peer.error();
    return pair.failure;
  }
};
INSTANTIATE_TEST_SUITE_P(Tls, Psk, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& row) { return row.param == TLS1_2_VERSION ? "tls_1_2" : "tls_1_3"; });

TEST_P(Psk, the_right_key_lets_in_and_may_name_the_client) {
  for (const bool names_client : {true, false}) {
    Pair pair{context_of(psk_settings(names_client)), client()};
    ASSERT_TRUE(pair.talk()) << pair.failure << pair.peer.error();
    EXPECT_EQ(pair.learnt, 1);
    EXPECT_EQ(pair.filter.introduction().identity, names_client ? "pump-7" : "");
    EXPECT_TRUE(pair.filter.introduction().cipher.starts_with(GetParam() == TLS1_2_VERSION
                                                                  ? "TLSv1.2 ECDHE-PSK-CHACHA20-POLY1305"
                                                                  : "TLSv1.3 TLS_AES_128_GCM_SHA256"))
        << pair.filter.introduction().cipher;
    pair.peer.send("up");
    ASSERT_TRUE(pair.talk());
    EXPECT_EQ(text_of(pair.up), "up");
  }
  EXPECT_EQ(keys.asked, (std::vector<std::string>{"pump-7", "pump-7"})) << "once a handshake";
}

TEST_P(Psk, keys_may_have_any_length_up_to_256_bytes) {
  for (const std::size_t size : {1, 16, 255, 256}) {
    keys.known["pump-7"] = std::string(size, 'k');
    Pair pair{context_of(psk_settings()), client("pump-7", std::string(size, 'k'))};
    EXPECT_TRUE(pair.talk()) << size << ": " << pair.failure << pair.peer.error();
  }
}

TEST_P(Psk, a_wrong_key_an_unknown_identity_and_a_refused_one_look_the_same_from_outside) {
  std::string wrong, unknown, refused;
  keys.refuses = "pump-8";
  EXPECT_EQ(refusal_of(client("pump-7", another_key), &wrong),
            "the client's key is not the one of its identity \"pump-7\"");
  EXPECT_EQ(refusal_of(client("pump-9"), &unknown), "nobody knows it");
  EXPECT_EQ(refusal_of(client("pump-8"), &refused), "the plugin said no");
  EXPECT_NE(wrong, "");
  EXPECT_EQ(unknown, wrong);
  EXPECT_EQ(refused, wrong);
}

TEST_P(Psk, what_an_identity_is_made_of_cannot_write_the_log) {
  keys.known["pump\n7"] = key_of_pump;
  EXPECT_EQ(refusal_of(client("pump\n7", another_key)),
            "the client's key is not the one of its identity \"pump?7\"");
}

TEST_P(Psk, a_search_that_throws_refuses_the_handshake_and_goes_no_further) {
  const auto context = context_of(psk_settings());
  TlsPeer::Choices choices = client();
  Pair first{context, choices};
  ASSERT_TRUE(first.talk());
  keys.throws = true;
  EXPECT_NE(refusal_of(choices), "");
  choices.session = first.peer.session();
  Pair again{context, choices};
  EXPECT_FALSE(again.talk());
  EXPECT_NE(again.failure, "");
  keys.throws = false;
  Pair later{context, choices};
  EXPECT_TRUE(later.talk()) << later.failure;
}

TEST_P(Psk, an_identity_that_is_no_utf_8_is_asked_of_nobody) {
  EXPECT_NE(refusal_of(client("pump-\xFF")), "");
  EXPECT_TRUE(keys.asked.empty());
}

TEST_P(Psk, an_identity_has_256_bytes_at_most) {
  // OpenSSL's client of 1.2 keeps one byte for itself.
  const std::string longest(GetParam() == TLS1_2_VERSION ? 255 : 256, 'i'), too_long(257, 'i');
  keys.known[longest] = keys.known[too_long] = key_of_pump;
  TlsPeer::Choices choices = client(longest);
  if (GetParam() == TLS1_3_VERSION) choices.psk_suite = sha256_suite;
  Pair pair{context_of(psk_settings()), choices};
  ASSERT_TRUE(pair.talk()) << pair.failure << pair.peer.error();
  EXPECT_EQ(pair.filter.introduction().identity, longest);
  keys.asked.clear();
  if (GetParam() == TLS1_2_VERSION) return;  // its client cannot say more
  choices.psk_identity = too_long;
  EXPECT_EQ(refusal_of(choices),
            "the client offers no key (PSK) that this listener could know, and there is no certificate");
  EXPECT_TRUE(keys.asked.empty());
}

TEST_P(Psk, a_client_without_a_key_is_told_apart_in_the_log) {
  const std::string said = refusal_of(speaking(GetParam()));
  EXPECT_NE(said.find("(PSK)"), std::string::npos) << said;
}

TEST_P(Psk, the_handshake_may_be_cut_anywhere) {
  const auto context = context_of(psk_settings());
  std::size_t longest = 1;
  for (std::size_t cut = 0; cut < longest; ++cut) {
    Pair pair{context, client()};
    for (int flight = 0; flight < 4; ++flight) {
      const mqtt::Buffer said = pair.peer.sent();
      longest = std::max(longest, said.size());
      const auto at = static_cast<std::ptrdiff_t>(std::min(cut, said.size()));
      ASSERT_TRUE(pair.to_server({said.begin(), said.begin() + at}, 1 << 20));
      ASSERT_TRUE(pair.to_server({said.begin() + at, said.end()}, 1 << 20));
      ASSERT_TRUE(pair.to_client());
    }
    ASSERT_TRUE(pair.peer.is_open()) << cut;
    EXPECT_EQ(pair.filter.introduction().identity, "pump-7");
  }
  EXPECT_GT(longest, 100U);
}

// ---- beside certificates

TEST_P(Psk, beside_a_certificate_each_client_uses_what_it_has) {
  const auto context = context_of(psk_settings(true, true));
  Pair with_key{context, client()};
  ASSERT_TRUE(with_key.talk()) << with_key.failure << with_key.peer.error();
  EXPECT_EQ(with_key.filter.introduction().identity, "pump-7");
  EXPECT_EQ(with_key.peer.server_subject(), "");
  Pair without{context, speaking(GetParam())};
  ASSERT_TRUE(without.talk()) << without.failure << without.peer.error();
  EXPECT_EQ(without.filter.introduction().identity, "");
  EXPECT_EQ(without.peer.server_subject(), "CN=broker.example,O=Mortise Tests");
  Pair wrong{context, client("pump-7", another_key)};
  EXPECT_FALSE(wrong.talk());
  EXPECT_EQ(wrong.failure, "the client's key is not the one of its identity \"pump-7\"");
}

TEST_P(Psk, a_key_stands_for_the_certificate_that_is_required) {
  TlsSettings both = mutual();
  both.psk = psk_settings().psk;
  const auto context = context_of(both);
  Pair with_key{context, client()};
  ASSERT_TRUE(with_key.talk()) << with_key.failure << with_key.peer.error();
  EXPECT_EQ(with_key.filter.introduction().identity, "pump-7");
  TlsPeer::Choices choices = speaking(GetParam());
  Pair without{context, choices};
  EXPECT_FALSE(without.talk());
  choices.certificate = &world().pump;
  Pair with_certificate{context, choices};
  ASSERT_TRUE(with_certificate.talk()) << with_certificate.failure;
  EXPECT_EQ(with_certificate.filter.introduction().identity, "pump-7");
}

// ---- coming back

TEST_P(Psk, a_second_visit_resumes_and_keeps_the_identity) {
  const auto context = context_of(psk_settings());
  TlsPeer::Choices choices = client();
  Pair first{context, choices};
  ASSERT_TRUE(first.talk());
  ASSERT_NE(first.peer.session(), nullptr);
  choices.session = first.peer.session();
  Pair second{context, choices};
  ASSERT_TRUE(second.talk()) << second.failure << second.peer.error();
  EXPECT_TRUE(second.peer.resumed());
  EXPECT_EQ(second.filter.introduction().identity, "pump-7");
  EXPECT_EQ(keys.asked, (std::vector<std::string>{"pump-7", "pump-7"}));
  Pair third{context, choices};
  ASSERT_TRUE(third.talk());
  EXPECT_EQ(third.filter.introduction().identity, "pump-7");
}

TEST_P(Psk, a_ticket_is_worth_nothing_without_its_key) {
  const auto context = context_of(psk_settings());
  TlsPeer::Choices choices = client();
  Pair first{context, choices};
  ASSERT_TRUE(first.talk());
  choices.session = first.peer.session();

  keys.known["pump-7"] = another_key;
  Pair with_old_key{context, choices};
  EXPECT_FALSE(with_old_key.talk());
  EXPECT_EQ(with_old_key.failure, "the client's key is not the one of its identity \"pump-7\"");
  choices.psk = another_key;
  Pair with_new_key{context, choices};
  ASSERT_TRUE(with_new_key.talk()) << with_new_key.failure << with_new_key.peer.error();
  EXPECT_EQ(with_new_key.filter.introduction().identity, "pump-7");

  keys.known.clear();
  Pair without{context, choices};
  EXPECT_FALSE(without.talk());
  EXPECT_EQ(without.failure, "nobody knows it");
}

// ---- the listener's settings

TEST_P(Psk, a_hint_is_for_clients_of_1_2) {
  TlsSettings chosen = psk_settings();
  chosen.psk->hint = "the cellar's broker";
  Pair pair{context_of(chosen), client()};
  ASSERT_TRUE(pair.talk());
  EXPECT_EQ(pair.peer.psk_hint(), GetParam() == TLS1_2_VERSION ? chosen.psk->hint : "");
}

TEST_P(Psk, a_small_device_is_served_by_ciphers_the_operator_names) {
  TlsPeer::Choices choices = client();
  choices.ciphers = "PSK-AES128-CCM8:PSK-AES128-GCM-SHA256";
  if (GetParam() == TLS1_2_VERSION) {
    EXPECT_EQ(refusal_of(choices),
              "the client and this listener have no cipher in common: without a certificate only those of "
              "keys (PSK) are served");
  }
  TlsSettings chosen = psk_settings();
  chosen.ciphers = "ECDHE-PSK-CHACHA20-POLY1305:PSK-AES128-GCM-SHA256:PSK-AES128-CCM8";
  for (const char* only : {"PSK-AES128-GCM-SHA256", "PSK-AES128-CCM8"}) {
    choices.ciphers = only;
    Pair pair{context_of(chosen), choices};
    EXPECT_TRUE(pair.talk()) << only << ": " << pair.failure << pair.peer.error();
  }
}

// Its own client does not say more than 255 bytes, so two are put into what it says.
TEST_F(PskOfOneVersion, an_identity_of_257_bytes_in_1_2_ends_the_handshake_and_is_asked_of_nobody) {
  TlsPeer::Choices choices = speaking(TLS1_2_VERSION);
  choices.psk_identity = std::string(255, 'i');
  choices.psk = key_of_pump;
  Pair pair{context_of(psk_settings()), choices};
  ASSERT_TRUE(pair.to_server(pair.peer.sent(), 1 << 20));
  ASSERT_TRUE(pair.to_client());
  mqtt::Buffer said = pair.peer.sent();
  constexpr std::size_t record_size = 3, message_size = 7,
                        identity_size = 9;  // where they are, two bytes each
  constexpr std::uint8_t client_key_exchange = 16;
  ASSERT_EQ(said.at(5), client_key_exchange);
  ASSERT_EQ(said.at(identity_size + 1), 255);
  for (const std::size_t at : {record_size, message_size, identity_size}) {
    const int size = said[at] * 256 + said[at + 1] + 2;
    said[at] = static_cast<std::uint8_t>(size / 256);
    said[at + 1] = static_cast<std::uint8_t>(size % 256);
  }
  said.insert(said.begin() + identity_size + 2, 2, 'i');
  EXPECT_FALSE(pair.to_server(said, 1 << 20));
  EXPECT_TRUE(keys.asked.empty());
}

// A ClientHello that names its first identity, a ticket, so many times more. (RFC 8446 §4.1.2, §4.2.11)
mqtt::Buffer with_more_identities(mqtt::Buffer hello, std::size_t copies) {
  const auto number_at = [&](std::size_t at) {
    return static_cast<std::size_t>(hello.at(at) * 256 + hello.at(at + 1));
  };
  const auto add_at = [&](std::size_t at, std::size_t more) {
    const std::size_t sum = number_at(at) + more;
    hello[at] = static_cast<std::uint8_t>(sum / 256);
    hello[at + 1] = static_cast<std::uint8_t>(sum % 256);
  };
  const auto repeat = [&](std::size_t at, std::size_t size) {
    const auto place = hello.begin() + static_cast<std::ptrdiff_t>(at);
    const mqtt::Buffer one{place, place + static_cast<std::ptrdiff_t>(size)};
    for (std::size_t i = 0; i < copies; ++i)
      hello.insert(hello.begin() + static_cast<std::ptrdiff_t>(at), one.begin(), one.end());
  };
  constexpr std::size_t record_size = 3, message_size = 7, session = 5 + 4 + 2 + 32;
  constexpr std::size_t extension_of_keys = 41;
  const std::size_t suites = session + 1 + hello.at(session);
  const std::size_t compressions = suites + 2 + number_at(suites);
  const std::size_t extensions = compressions + 1 + hello.at(compressions);
  std::size_t extension = extensions + 2;
  while (number_at(extension) != extension_of_keys) extension += 4 + number_at(extension + 2);
  const std::size_t identities = extension + 4, binders = identities + 2 + number_at(identities);
  const std::size_t identity_size = 2 + number_at(identities + 2) + 4,
                    binder_size = 1 + hello.at(binders + 2);
  for (const std::size_t at : {record_size, message_size, extensions, extension + 2})
    add_at(at, copies * (identity_size + binder_size));
  add_at(identities, copies * identity_size);
  add_at(binders, copies * binder_size);
  repeat(binders + 2, binder_size);
  repeat(identities + 2, identity_size);
  return hello;
}

// A key goes with one hash, and who agreed on none takes SHA-256.
TEST_F(PskOfOneVersion, a_key_for_another_hash_is_no_key_in_1_3) {
  const TlsSettings chosen = psk_settings();
  TlsPeer::Choices choices = speaking(TLS1_3_VERSION);
  choices.psk_identity = "pump-7";
  choices.psk = key_of_pump;
  choices.psk_suite = sha256_suite;
  Pair fits{context_of(chosen), choices};
  EXPECT_TRUE(fits.talk()) << fits.failure;
  choices.psk_suite = sha384_suite;
  Pair does_not{context_of(chosen), choices};
  EXPECT_FALSE(does_not.talk());
}

// OpenSSL would lay each key aside and ask for the next identity's, thousands in one ClientHello.
TEST_F(PskOfOneVersion, nobody_is_asked_for_a_key_that_cannot_go_with_the_suite_of_1_3) {
  TlsSettings chosen = psk_settings();
  chosen.cipher_suites = "TLS_AES_256_GCM_SHA384";
  TlsPeer::Choices choices = speaking(TLS1_3_VERSION);
  choices.psk_identity = "pump-7";
  choices.psk = key_of_pump;
  choices.psk_suite = sha384_suite;
  Pair pair{TlsContext::load(chosen).context, choices};
  EXPECT_FALSE(pair.talk());
  EXPECT_TRUE(keys.asked.empty());
}

TEST_F(PskOfOneVersion, one_handshake_of_1_3_asks_for_four_keys_at_most) {
  const auto context = context_of(psk_settings());
  TlsPeer::Choices choices = speaking(TLS1_3_VERSION);
  choices.psk_identity = "pump-7";
  choices.psk = key_of_pump;
  Pair first{context, choices};
  ASSERT_TRUE(first.talk());
  choices.session = first.peer.session();
  keys.known.clear();
  keys.asked.clear();
  Pair pair{context, choices};
  EXPECT_FALSE(pair.to_server(with_more_identities(pair.peer.sent(), 30), 1 << 20));
  EXPECT_EQ(keys.asked.size(), 4U);
  EXPECT_EQ(pair.failure, "the client names more than 4 identities (PSK) in one handshake");
}

struct Row {
  const char* name;
  std::function<void(TlsSettings&)> change;
  bool works;
  const char* key;
  const char* text;
};

class PskFindings : public ::testing::TestWithParam<Row> {};

TEST_P(PskFindings, name_the_key_and_a_remedy) {
  TlsSettings chosen = settings();
  chosen.psk.emplace();
  GetParam().change(chosen);
  const auto loading = TlsContext::load(chosen);
  EXPECT_EQ(loading.context != nullptr, GetParam().works);
  ASSERT_EQ(loading.findings.size(), 1U);
  EXPECT_EQ(loading.findings.front().key, GetParam().key);
  EXPECT_NE(loading.findings.front().text.find(GetParam().text), std::string::npos)
      << loading.findings.front().text;
  EXPECT_NE(loading.findings.front().remedy, "");
}

INSTANTIATE_TEST_SUITE_P(
    Tls, PskFindings,
    ::testing::Values(
        Row{"a_hint_too_long", [](auto& s) { s.psk->hint.assign(257, 'h'); }, false, "psk/hint", "257 bytes"},
        Row{"ciphers_without_keys", [](auto& s) { s.ciphers = "ECDHE+AESGCM"; }, true, "ciphers",
            "goes with a key (PSK)"},
        // Its group would be OpenSSL's choice, of 1024 bits for some.
        Row{"ciphers_that_are_not_served", [](auto& s) { s.ciphers = "DHE-PSK-AES128-GCM-SHA256"; }, true,
            "ciphers", "goes with a key (PSK)"},
        Row{"suites_that_begin_with_another_hash",
            [](auto& s) { s.cipher_suites = "TLS_AES_256_GCM_SHA384"; }, true, "cipher_suites", "SHA-256"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace mortise::net
