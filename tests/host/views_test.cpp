// What plugins are shown of a peer, from the text people read.
#include "host/views.hpp"

#include <gtest/gtest.h>

namespace mortise::host {
namespace {

struct Row {
  const char* name;
  const char* text;
  const char* address;
  std::uint16_t port;
};
class Peers : public ::testing::TestWithParam<Row> {};
INSTANTIATE_TEST_SUITE_P(Views, Peers,
                         ::testing::ValuesIn(std::vector<Row>{
                             {"ipv4", "10.0.0.17:50122", "10.0.0.17", 50122},
                             {"ipv6", "[2001:db8::1]:50122", "2001:db8::1", 50122},
                             {"ipv4_without_a_port", "203.0.113.9", "203.0.113.9", 0},
                             {"ipv6_without_a_port", "[2001:db8::1]", "2001:db8::1", 0},
                             {"a_unix_socket", "unix:/run/a.sock (pid 4711, uid 1000)", "/run/a.sock", 0},
                             {"a_unix_socket_of_nobody", "unix:/run/a:17", "/run/a:17", 0},
                             {"nothing", "", "", 0},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST_P(Peers, are_shown_as_address_and_port) {
  mortise_peer_t peer{};
  broker::ClientFacts facts;
  facts.address = GetParam().text;
  fill_peer(peer, facts);
  EXPECT_EQ((std::string_view{peer.address.data, peer.address.size}), GetParam().address);
  EXPECT_EQ(peer.port, GetParam().port);
}

}  // namespace
}  // namespace mortise::host
