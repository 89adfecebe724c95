// Addresses and networks as operators and proxies write them.
#include "net/address.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>

namespace mortise::net {
namespace {

struct Row {
  const char* name;
  const char* network;
  const char* address;
  bool contained;
};
class Networks : public ::testing::TestWithParam<Row> {};
INSTANTIATE_TEST_SUITE_P(Address, Networks,
                         ::testing::ValuesIn(std::vector<Row>{
                             {"one_address_is_itself", "10.0.0.1", "10.0.0.1", true},
                             {"one_address_is_no_other", "10.0.0.1", "10.0.0.2", false},
                             {"whole_bytes", "10.0.0.0/8", "10.200.3.4", true},
                             {"whole_bytes_differ", "10.0.0.0/8", "11.0.0.1", false},
                             {"bits_within_a_byte", "172.16.0.0/12", "172.31.255.255", true},
                             {"one_bit_too_far", "172.16.0.0/12", "172.32.0.0", false},
                             {"host_bits_do_not_matter", "10.1.2.3/8", "10.9.9.9", true},
                             {"all_of_ipv4", "0.0.0.0/0", "203.0.113.9", true},
                             {"all_of_ipv4_is_not_ipv6", "0.0.0.0/0", "2001:db8::1", false},
                             {"all_of_ipv6_has_ipv4_in_it", "::/0", "203.0.113.9", true},
                             {"ipv6", "2001:db8::/32", "2001:db8:1::5", true},
                             {"ipv6_differs", "2001:db8::/32", "2001:db9::5", false},
                             {"mapped_ipv4_is_ipv4", "127.0.0.0/8", "::ffff:127.0.0.1", true},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST_P(Networks, contain_what_their_bits_say) {
  const auto network = Network::from(GetParam().network);
  const auto address = Address::from(GetParam().address);
  ASSERT_TRUE(network && address);
  EXPECT_EQ(network->contains(*address), GetParam().contained);
}

TEST(Address, what_is_no_network_is_refused) {
  for (const char* wrong : {"", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1",
                            "::/129", "proxy.example", "10.0.0.0/8/8", "[::1]"})
    EXPECT_FALSE(Network::from(wrong)) << wrong;
}

TEST(Address, a_zero_byte_ends_no_address) {
  EXPECT_FALSE(Address::from(std::string_view{"10.0.0.1\0x", 10}));
}

TEST(Address, is_written_as_people_write_it) {
  EXPECT_EQ(text_of(*Address::from("10.0.0.17"), 50122), "10.0.0.17:50122");
  EXPECT_EQ(text_of(*Address::from("::1"), 1), "[::1]:1");
  EXPECT_EQ(Address::from("::ffff:10.0.0.17")->text(), "10.0.0.17");
}

TEST(Address, a_peer_of_an_ipv6_socket_that_speaks_ipv4_is_shown_as_ipv4) {
  sockaddr_storage storage{};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(77);
  const Address mapped = *Address::from("10.1.2.3");
  std::memcpy(&v6.sin6_addr, mapped.bytes.data(), mapped.bytes.size());
  const Peer peer = peer_of(storage);
  ASSERT_TRUE(peer.address);
  EXPECT_EQ(text_of(*peer.address, peer.port), "10.1.2.3:77");
}

}  // namespace
}  // namespace mortise::net
