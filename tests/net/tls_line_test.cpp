// TLS in a connection's line: what reaches the broker beside the bytes.
#include <gtest/gtest.h>

#include "net/line.hpp"
#include "net/tls_filter.hpp"
#include "net/tls_peer.hpp"

namespace mortise::net {
namespace {

// Its user name must not be what CONNECT says only because it does not stay.
TEST(TlsLine, who_says_everything_and_goodbye_in_one_read_is_known_by_its_certificate) {
  testing::TlsAuthority authority;
  authority.issue("server", {"broker.example", {"DNS:broker.example"}});
  const testing::Issued pump = authority.issue("pump", {"pump-7"});
  TlsSettings settings;
  settings.pairs.push_back({authority.file("server.pem"), authority.file("server.key")});
  settings.client_ca = authority.ca_file();
  settings.verify = TlsSettings::Verify::optional;
  settings.identity = TlsSettings::Identity::common_name;
  Filters filters;
  filters.push_back(std::make_unique<TlsFilter>(TlsContext::load(settings).context));
  Line line{std::move(filters)};
  Line::Scratch scratch;

  testing::TlsPeer::Choices choices;
  choices.lowest = TLS1_3_VERSION;
  choices.certificate = &pump;
  testing::TlsPeer peer{authority.certificate(), choices};
  peer.take({});
  line.take(peer.sent(), scratch);
  ASSERT_TRUE(peer.take(line.sealed())) << peer.error();
  peer.send("up");
  peer.close();
  const mqtt::Bytes up = line.take(peer.sent(), scratch);
  EXPECT_EQ(std::string(up.begin(), up.end()), "up");
  EXPECT_TRUE(line.has_ended());
  const auto learnt = line.take_introduction();
  ASSERT_NE(learnt, nullptr);
  EXPECT_EQ(learnt->identity, "pump-7");
}

}  // namespace
}  // namespace mortise::net
