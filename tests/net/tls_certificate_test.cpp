// What becomes of a connection whose client has shown a certificate: that goes, and the rest goes on.
#include "net/tls_pair.hpp"

namespace mortise::net {
namespace {

class Certificate : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Tls, Certificate, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& row) { return row.param == TLS1_2_VERSION ? "tls_1_2" : "tls_1_3"; });

// Its connection goes on with another session and context of OpenSSL's then.
TEST_P(Certificate, a_client_whose_certificate_has_gone_is_served_as_before) {
  const bool is_1_3 = GetParam() == TLS1_3_VERSION;
  TlsPeer::Choices choices = speaking(GetParam());
  choices.certificate = &world().pump;
  const auto context = context_of(mutual());
  Pair pair{context, choices};
  ASSERT_TRUE(pair.talk()) << pair.failure;
  EXPECT_EQ(pair.filter.introduction().identity, "pump-7");
  const std::string payload(100'000, 'x');
  const mqtt::Bytes parts[]{bytes_of(payload)};
  for (int round = 1; round <= 3; ++round) {
    if (is_1_3) SSL_key_update(pair.peer.raw(), SSL_KEY_UPDATE_REQUESTED);
    pair.peer.send("up");
    ASSERT_TRUE(pair.talk()) << pair.failure;
    pair.filter.give(parts, pair.down);
    ASSERT_TRUE(pair.to_client()) << pair.peer.error();
    EXPECT_EQ(pair.peer.received().size(), payload.size() * static_cast<std::size_t>(round));
  }
  EXPECT_EQ(text_of(pair.up), "upupup");
  Pair another{context, choices};  // the listener's own context is as it was
  ASSERT_TRUE(another.talk()) << another.failure;
  EXPECT_EQ(another.filter.introduction().identity, "pump-7");
  if (!is_1_3) {
    SSL_renegotiate(pair.peer.raw());
    SSL_do_handshake(pair.peer.raw());
    pair.talk();
    EXPECT_EQ(pair.learnt, 1);
    return;
  }
  pair.peer.close();
  ASSERT_TRUE(pair.talk());
  EXPECT_TRUE(pair.ended);
}

TEST_P(Certificate, damage_behind_the_handshake_is_not_blamed_on_the_certificate) {
  TlsPeer::Choices choices = speaking(GetParam());
  choices.certificate = &world().pump;
  Pair pair{context_of(mutual()), choices};
  ASSERT_TRUE(pair.talk());
  pair.peer.send("up");
  mqtt::Buffer record = pair.peer.sent();
  record.back() ^= 1;
  EXPECT_FALSE(pair.to_server(record, record.size()));
  EXPECT_EQ(pair.failure, "a record was damaged or forged on its way");
}

}  // namespace
}  // namespace mortise::net
