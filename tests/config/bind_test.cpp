// Addresses with a port, and which of them get in each other's way. What is refused, and how, is in
// bad_file_test.cpp.
#include "config/bind.hpp"

#include "row.hpp"

namespace mortise::config {
namespace {

struct Row {
  const char* name;
  const char* text;
  const char* address;
  std::uint16_t port;
  bool loopback;
};

class Binds : public testing::TestWithParam<Row> {};

TEST_P(Binds, are_read) {
  const auto bind = parse_bind(GetParam().text);
  ASSERT_TRUE(bind);
  EXPECT_EQ(bind->address, GetParam().address);
  EXPECT_EQ(bind->port, GetParam().port);
  EXPECT_EQ(bind->text, GetParam().text);
  EXPECT_EQ(bind->is_local(), GetParam().loopback);
}

INSTANTIATE_TEST_SUITE_P(bind, Binds,
                         testing::ValuesIn(std::vector<Row>{
                             {"this_machine", "127.0.0.1:1883", "127.0.0.1", 1883, true},
                             {"this_machine_under_another_number", "127.8.8.8:1", "127.8.8.8", 1, true},
                             {"this_machine_by_ipv6", "[::1]:65535", "::1", 65535, true},
                             {"an_address_of_a_network", "192.168.1.10:1883", "192.168.1.10", 1883, false},
                             {"an_ipv6_address", "[fe80::2]:1883", "fe80::2", 1883, false},
                             {"every_ipv4_address", "0.0.0.0:1883", "0.0.0.0", 1883, false},
                             {"every_address", "*:1883", "*", 1883, false},
                         }),
                         row_name<Row>);

struct PairRow {
  const char* name;
  const char* one;
  const char* other;
  bool overlap;
};

class Pairs : public testing::TestWithParam<PairRow> {};

TEST_P(Pairs, overlap_both_ways_or_not_at_all) {
  const Bind one = *parse_bind(GetParam().one);
  const Bind other = *parse_bind(GetParam().other);
  EXPECT_EQ(overlap(one, other), GetParam().overlap);
  EXPECT_EQ(overlap(other, one), GetParam().overlap);
}

INSTANTIATE_TEST_SUITE_P(bind, Pairs,
                         testing::ValuesIn(std::vector<PairRow>{
                             {"the_same", "127.0.0.1:1", "127.0.0.1:1", true},
                             {"another_port", "127.0.0.1:1", "127.0.0.1:2", false},
                             {"another_address", "127.0.0.1:1", "127.0.0.2:1", false},
                             {"every_and_one", "*:1", "127.0.0.1:1", true},
                             {"every_and_one_of_ipv6", "*:1", "[::1]:1", true},
                             {"every_and_every", "*:1", "*:1", true},
                             {"every_ipv4_and_one", "0.0.0.0:1", "10.0.0.1:1", true},
                             {"every_ipv4_and_one_of_ipv6", "0.0.0.0:1", "[::1]:1", false},
                             {"one_path", "unix:/run/a", "unix:/run/a", true},
                             {"two_paths", "unix:/run/a", "unix:/run/b", false},
                             {"two_names", "systemd:a", "systemd:b", false},
                             {"all_names_and_one", "systemd", "systemd:b", true},
                             {"a_path_and_a_port", "unix:/run/a", "*:1", false},
                             {"every_ipv6_and_one", "[::]:1", "[::1]:1", true},
                         }),
                         row_name<PairRow>);

}  // namespace
}  // namespace mortise::config
