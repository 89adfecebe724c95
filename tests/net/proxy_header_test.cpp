// PROXY headers, versions 1 and 2, in any pieces, right ones and wrong ones.
#include "net/proxy_header.hpp"

#include "net/played.hpp"

namespace mortise::net {
namespace {

using Demand = ProxyHeaderFilter::Demand;

std::function<std::unique_ptr<Filter>()> maker(Demand demand) {
  return [demand] { return std::make_unique<ProxyHeaderFilter>(demand); };
}

std::string sixteen_bits(std::size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}
std::string v2(int command, int family, std::string_view rest) {
  std::string out{"\r\n\r\n\0\r\nQUIT\n", 12};
  out += static_cast<char>(command);
  out += static_cast<char>(family);
  return out + sixteen_bits(rest.size()) + std::string{rest};
}
std::string tlv(int type, std::string_view value) {
  return static_cast<char>(type) + sixteen_bits(value.size()) + std::string{value};
}
std::string ssl(int client, int verify, std::string_view tlvs) {
  return tlv(0x20, std::string{static_cast<char>(client), '\0', '\0', '\0', static_cast<char>(verify)} +
                       std::string{tlvs});
}
const std::string v4_addresses{"\xcb\x00\x71\x09\x0a\x00\x00\x01\xc3\xca\x07\x5b", 12};  // 203.0.113.9:50122
const std::string v6_addresses = std::string{"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16} +
                                 std::string(16, '\0') + std::string{"\xc3\xca\x07\x5b", 4};
std::string unix_addresses(std::string path) {
  path.resize(108);
  return path + std::string(108, '\0');
}
const std::string certified = tlv(0x21, "TLSv1.3") + tlv(0x22, "pump-7") + tlv(0x23, "AES256");

struct Row {
  const char* name;
  std::string header;
  const char* address;
  const char* identity = "";
  const char* cipher = "";
};
void PrintTo(const Row& row, std::ostream* out) { print_row(row.name, row.header, *out); }
class Headers : public ::testing::TestWithParam<Row> {};
INSTANTIATE_TEST_SUITE_P(
    ProxyHeader, Headers,
    ::testing::ValuesIn(std::vector<Row>{
        {"v1_ipv4", "PROXY TCP4 203.0.113.9 10.0.0.1 50122 1883\r\n", "203.0.113.9:50122"},
        {"v1_ipv6", "PROXY TCP6 2001:db8::1 ::1 50122 1883\r\n", "[2001:db8::1]:50122"},
        {"v1_unknown", "PROXY UNKNOWN\r\n", ""},
        {"v1_unknown_and_more", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", ""},
        {"v2_ipv4", v2(0x21, 0x11, v4_addresses), "203.0.113.9:50122"},
        {"v2_ipv6", v2(0x21, 0x21, v6_addresses), "[2001:db8::1]:50122"},
        {"v2_unix", v2(0x21, 0x31, unix_addresses("/run/app.sock")), "unix:/run/app.sock"},
        {"v2_local", v2(0x20, 0x00, ""), ""},
        {"v2_local_with_addresses", v2(0x20, 0x11, v4_addresses), ""},
        {"v2_unspecified", v2(0x21, 0x00, "whatever"), ""},
        {"v2_with_tlvs_we_do_not_know", v2(0x21, 0x11, v4_addresses + tlv(0x01, "mqtt") + tlv(0x04, "")),
         "203.0.113.9:50122"},
        {"v2_tls", v2(0x21, 0x11, v4_addresses + ssl(1, 0, certified)), "203.0.113.9:50122", "",
         "TLSv1.3 AES256"},
        {"v2_tls_with_a_certificate", v2(0x21, 0x11, v4_addresses + tlv(0x02, "host") + ssl(3, 0, certified)),
         "203.0.113.9:50122", "pump-7", "TLSv1.3 AES256"},
        {"v2_tls_with_a_certificate_that_does_not_hold", v2(0x21, 0x11, v4_addresses + ssl(3, 1, certified)),
         "203.0.113.9:50122", "", "TLSv1.3 AES256"},
        {"v2_no_tls", v2(0x21, 0x11, v4_addresses + ssl(0, 0, "")), "203.0.113.9:50122"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_P(Headers, say_who_the_client_is_wherever_they_are_cut) {
  for (const Demand demand : {Demand::optional, Demand::required}) {
    const Played outcome = played_every_way(maker(demand), GetParam().header + "what follows");
    EXPECT_EQ(outcome.wrong, "");
    EXPECT_EQ(outcome.up, "what follows");
    EXPECT_EQ(outcome.address, GetParam().address);
    EXPECT_EQ(outcome.identity, GetParam().identity);
    EXPECT_EQ(outcome.cipher, GetParam().cipher);
  }
}

struct Malformed {
  const char* name;
  std::string header;
  const char* says;
};
void PrintTo(const Malformed& row, std::ostream* out) { print_row(row.name, row.header, *out); }
class MalformedHeaders : public ::testing::TestWithParam<Malformed> {};
INSTANTIATE_TEST_SUITE_P(
    ProxyHeader, MalformedHeaders,
    ::testing::ValuesIn(std::vector<Malformed>{
        {"v1_too_long", "PROXY TCP4 " + std::string(100, '1'), "longer than 107"},
        {"v1_four_words", "PROXY TCP4 203.0.113.9 10.0.0.1 50122\r\n", "not five words"},
        {"v1_six_words", "PROXY TCP4 203.0.113.9 10.0.0.1 1 2 3\r\n", "not five words"},
        {"v1_two_spaces", "PROXY  TCP4 203.0.113.9 10.0.0.1 1 2\r\n", ""},
        {"v1_no_family", "PROXY TCP5 203.0.113.9 10.0.0.1 1 2\r\n", "neither TCP4"},
        {"v1_no_address", "PROXY TCP4 203.0.113.256 10.0.0.1 1 2\r\n", "of its family"},
        {"v1_another_family", "PROXY TCP4 2001:db8::1 ::1 1 2\r\n", "of its family"},
        {"v1_a_port_too_high", "PROXY TCP4 203.0.113.9 10.0.0.1 65536 2\r\n", "a port"},
        {"v1_a_port_that_is_none", "PROXY TCP4 203.0.113.9 10.0.0.1 x 2\r\n", "a port"},
        {"v1_empty", "PROXY \r\n", ""},
        {"v2_too_long", v2(0x21, 0x11, std::string(4081, 'x')), "longer than 4096"},
        {"v2_version_1", v2(0x11, 0x11, v4_addresses), "neither LOCAL nor PROXY"},
        {"v2_a_command_we_do_not_know", v2(0x22, 0x11, v4_addresses), "neither LOCAL nor PROXY"},
        {"v2_datagrams", v2(0x21, 0x12, v4_addresses), "no stream"},
        {"v2_short_addresses", v2(0x21, 0x21, v4_addresses), "shorter than its addresses"},
        {"v2_half_a_tlv", v2(0x21, 0x11, v4_addresses + "\x01"), "a TLV"},
        {"v2_a_tlv_past_the_end", v2(0x21, 0x11, v4_addresses + std::string{"\x01\x00\x05x", 4}), "a TLV"},
        {"v2_a_name_that_is_not_utf8", v2(0x21, 0x11, v4_addresses + ssl(3, 0, tlv(0x22, "pump-\xff"))),
         "cannot be a user name"},
        {"v2_a_name_with_a_null",
         v2(0x21, 0x11, v4_addresses + ssl(3, 0, tlv(0x22, std::string{"root\0x", 6}))),
         "cannot be a user name"},
        {"v2_a_short_tls_part", v2(0x21, 0x11, v4_addresses + tlv(0x20, "\x01")), "a TLV"},
        {"v2_a_tlv_past_the_tls_part",
         v2(0x21, 0x11, v4_addresses + ssl(1, 0, std::string{"\x21\x00\x09x", 4})), "a TLV"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_P(MalformedHeaders, end_the_connection_wherever_they_are_cut) {
  const Played outcome = played_every_way(maker(Demand::optional), GetParam().header);
  EXPECT_TRUE(outcome.wrong.starts_with("PROXY header: ")) << outcome;
  EXPECT_NE(outcome.wrong.find(GetParam().says), std::string::npos) << outcome;
  EXPECT_EQ(outcome.up, "");
  EXPECT_EQ(outcome.down, "");
}

TEST(ProxyHeader, the_longest_header_is_read) {
  const std::string padding = tlv(0x04, std::string(4096 - 16 - 12 - 3, '\0'));
  const auto filter = maker(Demand::required)();
  EXPECT_EQ(played(*filter, {v2(0x21, 0x11, v4_addresses + padding), "x"}).address, "203.0.113.9:50122");
}

TEST(ProxyHeader, without_one_the_bytes_are_the_clients_own_if_that_is_allowed) {
  for (const std::string input : {"\x10\x0c MQTT", "PUT / HTTP/1.1", "\r\n\r\nGET"}) {
    const Played let_through = played_every_way(maker(Demand::optional), input);
    EXPECT_EQ(let_through.up, input);
    EXPECT_EQ(let_through.wrong, "");
    const Played refused = played_every_way(maker(Demand::required), input);
    EXPECT_EQ(refused.up, "");
    EXPECT_NE(refused.wrong.find("there is none"), std::string::npos) << refused;
  }
}

TEST(ProxyHeader, control_characters_reach_no_log_line) {
  const auto filter = maker(Demand::required)();
  const Played outcome = played(*filter, {v2(0x21, 0x31, unix_addresses("/run/\nx"))});
  EXPECT_EQ(outcome.address, "unix:/run/?x");
}

TEST(ProxyHeader, only_trusted_peers_may_introduce_others) {
  const std::vector<Network> proxies{*Network::from("10.0.0.0/8")};
  const Peer proxy{Address::from("10.0.0.1"), 1}, stranger{Address::from("192.0.2.1"), 1};
  EXPECT_NE(dynamic_cast<ProxyHeaderFilter*>(proxy_filter(Demand::optional, proxies, proxy).get()), nullptr);
  EXPECT_NE(dynamic_cast<ProxyHeaderFilter*>(proxy_filter(Demand::required, proxies, Peer{}).get()), nullptr);
  EXPECT_EQ(proxy_filter(Demand::optional, proxies, stranger), nullptr);
  const auto refuses = proxy_filter(Demand::required, proxies, stranger);
  ASSERT_NE(refuses, nullptr);
  EXPECT_NE(played(*refuses, {"PROXY UNKNOWN\r\n"}).wrong.find("not among"), std::string::npos);
}

}  // namespace
}  // namespace mortise::net
