// TLS as a function: bytes in, bytes out, whatever the pieces, whoever is at the other end.
#include "net/tls_filter.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "net/tls_pair.hpp"

namespace mortise::net {
namespace {

class Version : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Tls, Version, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& row) { return row.param == TLS1_2_VERSION ? "tls_1_2" : "tls_1_3"; });

TEST_P(Version, both_sides_hear_each_other_and_say_goodbye) {
  Pair pair{context_of(settings()), speaking(GetParam())};
  ASSERT_TRUE(pair.talk()) << pair.failure << pair.peer.error();
  EXPECT_EQ(pair.learnt, 1);
  EXPECT_TRUE(
      pair.filter.introduction().cipher.starts_with(GetParam() == TLS1_2_VERSION ? "TLSv1.2 " : "TLSv1.3 "))
      << pair.filter.introduction().cipher;
  EXPECT_EQ(pair.filter.introduction().identity, "");
  pair.peer.send("up");
  ASSERT_TRUE(pair.talk());
  EXPECT_EQ(text_of(pair.up), "up");
  const std::string two = "two ", words = "words";
  const mqtt::Bytes parts[]{bytes_of(two), {}, bytes_of(words)};
  pair.filter.give(parts, pair.down);
  ASSERT_TRUE(pair.to_client());
  EXPECT_EQ(pair.peer.received(), "two words");
  pair.peer.close();
  ASSERT_TRUE(pair.talk());
  EXPECT_TRUE(pair.ended);
  pair.filter.give(parts, pair.down);  // it closed its side only
  pair.filter.finish(pair.down);
  ASSERT_TRUE(pair.to_client());
  EXPECT_EQ(pair.peer.received(), "two wordstwo words");
  EXPECT_TRUE(pair.peer.was_closed());
}

TEST_P(Version, the_handshake_may_come_in_pieces_of_any_size) {
  TlsPeer::Choices choices = speaking(GetParam());
  choices.certificate = &world().pump;
  const auto context = context_of(mutual());
  for (std::size_t piece = 1; piece < 600; piece += piece < 20 ? 1 : 37) {
    Pair pair{context, choices};
    ASSERT_TRUE(pair.talk(piece)) << piece << ": " << pair.failure << pair.peer.error();
    EXPECT_EQ(pair.filter.introduction().identity, "pump-7");
    EXPECT_EQ(pair.learnt, 1);
    pair.peer.send("up");
    ASSERT_TRUE(pair.talk(piece));
    EXPECT_EQ(text_of(pair.up), "up");
  }
}

// Every place at which the first flight and what follows can be cut in two.
TEST_P(Version, the_handshake_may_be_cut_anywhere) {
  const auto context = context_of(settings());
  std::size_t longest = 1;
  for (std::size_t cut = 0; cut < longest; ++cut) {
    Pair pair{context, speaking(GetParam())};
    for (int flight = 0; flight < 4; ++flight) {
      const mqtt::Buffer said = pair.peer.sent();
      longest = std::max(longest, said.size());
      const std::size_t at = std::min(cut, said.size());
      ASSERT_TRUE(pair.to_server({said.begin(), said.begin() + static_cast<std::ptrdiff_t>(at)}, 1 << 20));
      ASSERT_TRUE(pair.to_server({said.begin() + static_cast<std::ptrdiff_t>(at), said.end()}, 1 << 20));
      ASSERT_TRUE(pair.to_client());
    }
    ASSERT_TRUE(pair.peer.is_open()) << cut;
    EXPECT_EQ(pair.learnt, 1);
  }
  EXPECT_GT(longest, 100U);
}

TEST_P(Version, a_megabyte_arrives_as_it_was_in_both_directions) {
  Pair pair{context_of(settings()), speaking(GetParam())};
  ASSERT_TRUE(pair.talk());
  std::string payload(1 << 20, '\0');
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * 2654435761U >> 24);
  ASSERT_TRUE(pair.peer.send(payload));
  ASSERT_TRUE(pair.talk(1447));
  EXPECT_TRUE(text_of(pair.up) == payload);
  const mqtt::Bytes all = bytes_of(payload);
  const mqtt::Bytes parts[]{all.first(10), all.subspan(10, 20'000), all.subspan(20'010)};
  pair.filter.give(parts, pair.down);
  EXPECT_LT(pair.down.size(), payload.size() + 70 * 40) << "more records than needed";
  ASSERT_TRUE(pair.to_client());
  EXPECT_TRUE(pair.peer.received() == payload);
}

TEST_P(Version, a_second_visit_resumes_and_keeps_the_identity) {
  TlsPeer::Choices choices = speaking(GetParam());
  choices.certificate = &world().pump;
  const auto context = context_of(mutual());
  Pair first{context, choices};
  ASSERT_TRUE(first.talk());
  ASSERT_NE(first.peer.session(), nullptr);
  choices.session = first.peer.session();
  Pair second{context, choices};
  ASSERT_TRUE(second.talk());
  EXPECT_TRUE(second.peer.resumed());
  EXPECT_EQ(second.filter.introduction().identity, "pump-7");
  Pair after_reload{context_of(mutual()), choices};
  ASSERT_TRUE(after_reload.talk());
  EXPECT_FALSE(after_reload.peer.resumed());
  EXPECT_EQ(after_reload.filter.introduction().identity, "pump-7");
}

// ---- who may come in

TEST_P(Version, identities_come_from_where_the_listener_says) {
  TlsPeer::Choices choices = speaking(GetParam());
  choices.certificate = &world().pump;
  const std::pair<Identity, const char*> rows[]{{Identity::none, ""},
                                                {Identity::common_name, "pump-7"},
                                                {Identity::subject, "CN=pump-7,O=Mortise Tests"},
                                                {Identity::san, "urn:pump:7"}};
  for (const auto& [identity, expected] : rows) {
    Pair pair{context_of(mutual(Verify::required, identity)), choices};
    ASSERT_TRUE(pair.talk()) << pair.failure;
    EXPECT_EQ(pair.filter.introduction().identity, expected);
  }
}

TEST_P(Version, an_optional_certificate_may_be_missing_but_not_wrong) {
  const auto context = context_of(mutual(Verify::optional));
  Pair without{context, speaking(GetParam())};
  ASSERT_TRUE(without.talk()) << without.failure;
  EXPECT_EQ(without.filter.introduction().identity, "");
  TlsPeer::Choices choices = speaking(GetParam());
  choices.certificate = &world().forged;
  Pair wrong{context, choices};
  EXPECT_FALSE(wrong.talk());
  EXPECT_NE(wrong.failure, "");
}

struct Refused {
  const char* name;
  const char* says;  // part of the reason
  std::function<TlsSettings()> settings;
  std::function<void(TlsPeer::Choices&)> change;
};

TlsSettings with_revocations() {
  TlsSettings made = mutual();
  made.crl = world().authority.revoke({&world().pump});
  return made;
}

class Refusal : public ::testing::TestWithParam<Refused> {};

TEST_P(Refusal, is_told_to_the_client_by_an_alert_and_to_the_log_in_words) {
  const Refused& row = GetParam();
  TlsPeer::Choices choices;
  row.change(choices);
  const bool resumes_1_2 = choices.highest == TLS1_2_VERSION;
  const auto context = context_of(row.settings());
  for (const std::size_t piece : {1U, 7U, 1U << 20}) {
    Pair pair{context, choices};
    EXPECT_FALSE(pair.talk(piece));
    EXPECT_NE(pair.failure.find(row.says), std::string::npos) << pair.failure;
    pair.to_client();
    EXPECT_NE(pair.peer.error().find("alert"), std::string::npos) << pair.peer.error();
    EXPECT_TRUE(pair.up.empty());
    const auto more = pair.filter.take(bytes_of("more"), pair.up, pair.down);
    EXPECT_TRUE(more && *more == Progress::ended);
    pair.filter.finish(pair.down);
    EXPECT_TRUE(pair.down.empty()) << resumes_1_2;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Tls, Refusal,
    ::testing::Values(
        Refused{"tls_1_1", "only TLS versions", settings,
                [](auto& c) { c.lowest = c.highest = TLS1_1_VERSION; }},
        Refused{"tls_1_0", "only TLS versions", settings,
                [](auto& c) { c.lowest = c.highest = TLS1_VERSION; }},
        Refused{"tls_1_2_where_1_3_is_the_least", "only TLS versions",
                [] {
                  auto made = settings();
                  made.minimum = TlsSettings::Version::v1_3;
                  return made;
                },
                [](auto& c) { c.highest = TLS1_2_VERSION; }},
        Refused{"no_cipher_in_common", "no cipher in common", settings,
                [](auto& c) {
                  c.highest = TLS1_2_VERSION;
                  c.ciphers = "AES128-SHA";
                }},
        Refused{"no_curve_in_common", "no curve in common", settings, [](auto& c) { c.groups = "P-521"; }},
        Refused{"other_protocols", "other protocols", settings, [](auto& c) { c.protocols = {"h2"}; }},
        Refused{"no_certificate", "sent no certificate", [] { return mutual(); }, [](auto&) {}},
        Refused{"no_certificate_1_2", "sent no certificate", [] { return mutual(); },
                [](auto& c) { c.highest = TLS1_2_VERSION; }},
        Refused{"a_stranger's_certificate",
                "CN=pump-7,O=Mortise Tests\": unable to get local issuer certificate",
                [] { return mutual(); }, [](auto& c) { c.certificate = &world().forged; }},
        Refused{"an_expired_certificate", "CN=old-pump,O=Mortise Tests\": certificate has expired",
                [] { return mutual(); }, [](auto& c) { c.certificate = &world().expired; }},
        Refused{"a_revoked_certificate", "CN=pump-7,O=Mortise Tests\": certificate revoked", with_revocations,
                [](auto& c) { c.certificate = &world().pump; }},
        Refused{"a_certificate_without_the_name", "has no common name", [] { return mutual(); },
                [](auto& c) { c.certificate = &world().nameless; }}),
    [](const auto& row) {
      std::string name = row.param.name;
      std::erase(name, '\'');
      return name;
    });

TEST(Tls, one_who_is_not_revoked_comes_in) {
  TlsSettings chosen = mutual();
  chosen.crl = world().authority.revoke({&world().expired});
  TlsPeer::Choices choices;
  choices.certificate = &world().pump;
  Pair pair{context_of(chosen), choices};
  EXPECT_TRUE(pair.talk()) << pair.failure;
}

TEST(Tls, a_client_that_refuses_our_certificate_is_understood) {
  TlsFilter filter{context_of(settings())};
  TlsPeer peer{world().stranger.certificate(), {}};
  mqtt::Buffer up, down;
  ASSERT_TRUE(filter.take(peer.sent(), up, down));
  EXPECT_FALSE(peer.take(down));
  down.clear();
  const auto progress = filter.take(peer.sent(), up, down);
  ASSERT_FALSE(progress);
  EXPECT_NE(progress.error().find("does not know who issued it"), std::string::npos) << progress.error();
}

// ---- what is not TLS, or no more

TEST(Tls, what_is_not_tls_is_named) {
  const std::pair<std::string, const char*> rows[]{
      {std::string{"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", 14}, "plain MQTT on a TLS listener"},
      {"GET / HTTP/1.1\r\n\r\n", "plain HTTP on a TLS listener"},
      {std::string(100, '\0'), "not TLS"},
      {"\x80garbage", "not TLS"}};
  for (const auto& [said, expected] : rows)
    for (const std::size_t piece : {std::size_t{1}, said.size()}) {
      TlsFilter filter{context_of(settings())};
      mqtt::Buffer up, down;
      const auto progress = filter.take(bytes_of(said).first(piece), up, down);
      ASSERT_FALSE(progress);
      EXPECT_NE(progress.error().find(expected), std::string::npos) << progress.error();
      EXPECT_TRUE(up.empty() && down.empty());
    }
}

TEST(Tls, broken_records_end_it_with_an_alert) {
  const std::string header{"\x16\x03\x01", 3};
  std::string empty_records;
  for (int i = 0; i < 100; ++i) empty_records += header + std::string{"\x00\x00", 2};
  const std::pair<const char*, std::string> rows[]{
      {"longer than a record may be", header + std::string{"\xff\xff", 2} + std::string(70'000, 'x')},
      {"no handshake in it", header + std::string{"\x00\x20", 2} + std::string(32, 'x')},
      {"empty ones without end", empty_records},
      {"a hello that promises 16 MiB",
       header + std::string{"\x40\x00\x01\xff\xff\xff", 6} + std::string(16'380, 'x')}};
  for (const auto& [name, said] : rows)
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}, said.size()}) {
      TlsFilter filter{context_of(settings())};
      mqtt::Buffer up, down;
      std::string failure;
      for (std::size_t at = 0; at < said.size() && failure.empty(); at += piece) {
        const auto progress =
            filter.take(bytes_of(said).subspan(at, std::min(piece, said.size() - at)), up, down);
        if (!progress) failure = progress.error();
      }
      EXPECT_NE(failure, "") << name << ' ' << piece;
      EXPECT_FALSE(down.empty()) << name << ": no alert";
    }
}

TEST_P(Version, a_record_that_was_changed_on_its_way_ends_it) {
  Pair pair{context_of(settings()), speaking(GetParam())};
  ASSERT_TRUE(pair.talk());
  pair.peer.send("up");
  mqtt::Buffer said = pair.peer.sent();
  said.back() ^= 1;
  EXPECT_FALSE(pair.to_server(said, 1 << 20));
  EXPECT_NE(pair.failure.find("damaged or forged"), std::string::npos) << pair.failure;
  EXPECT_TRUE(pair.up.empty());
  EXPECT_FALSE(pair.to_client());
}

TEST_P(Version, half_a_record_waits_for_its_rest) {
  Pair pair{context_of(settings()), speaking(GetParam())};
  ASSERT_TRUE(pair.talk());
  pair.peer.send(std::string(10'000, 'x'));
  mqtt::Buffer said = pair.peer.sent();
  const mqtt::Buffer start{said.begin(), said.end() - 1};
  ASSERT_TRUE(pair.to_server(start, 1 << 20));
  EXPECT_TRUE(pair.up.empty() && pair.down.empty());
  ASSERT_TRUE(pair.to_server({said.back()}, 1));
  EXPECT_EQ(pair.up.size(), 10'000U);
}

TEST(Tls, garbage_never_does_harm) {
  const auto context = context_of(settings());
  std::uint32_t state = 20'26;
  for (int round = 0; round < 2'000; ++round) {
    TlsPeer peer{world().authority.certificate(), {}};
    mqtt::Buffer said = peer.sent();
    const auto next = [&] { return state = state * 1664525U + 1013904223U, state >> 8; };
    for (std::uint32_t i = 0; i <= next() % 8; ++i)
      said[1 + next() % (said.size() - 1)] = static_cast<std::uint8_t>(next());
    TlsFilter filter{context};
    mqtt::Buffer up, down;
    const auto progress = filter.take(said, up, down);
    EXPECT_TRUE(up.empty());
    EXPECT_TRUE(progress || !progress.error().empty());
    filter.finish(down);
  }
}

TEST(Tls, a_renegotiation_is_not_served) {
  Pair pair{context_of(settings()), speaking(TLS1_2_VERSION)};
  ASSERT_TRUE(pair.talk());
  SSL_renegotiate(pair.peer.raw());
  SSL_do_handshake(pair.peer.raw());
  pair.talk();
  pair.peer.send("up");
  pair.talk();
  EXPECT_EQ(pair.learnt, 1);
}

TEST(Tls, a_key_update_in_pieces_does_not_disturb) {
  Pair pair{context_of(settings()), speaking(TLS1_3_VERSION)};
  ASSERT_TRUE(pair.talk());
  SSL_key_update(pair.peer.raw(), SSL_KEY_UPDATE_REQUESTED);
  pair.peer.send("up");
  ASSERT_TRUE(pair.talk(1)) << pair.failure;
  EXPECT_EQ(text_of(pair.up), "up");
  const mqtt::Bytes parts[]{bytes_of("down")};
  pair.filter.give(parts, pair.down);
  ASSERT_TRUE(pair.to_client());
  EXPECT_EQ(pair.peer.received(), "down");
}

TEST(Tls, nothing_is_said_before_the_handshake_is_over) {
  TlsFilter filter{context_of(settings())};
  mqtt::Buffer down;
  const mqtt::Bytes parts[]{bytes_of("early")};
  filter.give(parts, down);
  filter.finish(down);
  EXPECT_TRUE(down.empty());
}

// ---- names

TEST(Tls, protocols_are_agreed_or_not_spoken_of) {
  TlsPeer::Choices choices;
  choices.protocols = {"h2", "mqtt"};
  Pair pair{context_of(settings()), choices};
  ASSERT_TRUE(pair.talk());
  EXPECT_EQ(pair.peer.protocol(), "mqtt");
  Pair silent{context_of(settings())};
  ASSERT_TRUE(silent.talk());
  EXPECT_EQ(silent.peer.protocol(), "");
}

TEST_P(Version, the_certificate_is_that_of_the_server_the_client_names) {
  TlsSettings chosen = settings();
  for (const char* name : {"other", "other_rsa"})
    chosen.pairs.push_back({world().authority.file(std::string{name} + ".pem"),
                            world().authority.file(std::string{name} + ".key")});
  const auto context = context_of(chosen);
  const std::pair<const char*, const char*> rows[]{{"", "CN=broker.example,O=Mortise Tests"},
                                                   {"broker.example", "CN=broker.example,O=Mortise Tests"},
                                                   {"unknown.example", "CN=broker.example,O=Mortise Tests"},
                                                   {"other.example", "CN=other.example,O=Mortise Tests"},
                                                   {"a.other.example", "CN=other.example,O=Mortise Tests"}};
  for (const auto& [name, subject] : rows) {
    TlsPeer::Choices choices = speaking(GetParam());
    choices.server_name = name;
    Pair pair{context, choices};
    ASSERT_TRUE(pair.talk()) << name << pair.failure << pair.peer.error();
    EXPECT_EQ(pair.peer.server_subject(), subject) << name;
  }
  TlsPeer::Choices only_rsa = speaking(GetParam());
  only_rsa.server_name = "other.example";
  if (GetParam() == TLS1_2_VERSION) {
    only_rsa.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
    Pair pair{context, only_rsa};
    EXPECT_TRUE(pair.talk()) << pair.failure;
  }
}

}  // namespace
}  // namespace mortise::net
