// The section of mortise.yaml: what it means, and what is said of mistakes.
#include "settings.hpp"

#include <gtest/gtest.h>

#include "schema.hpp"
#include "testkit/fake_host.hpp"

namespace mortise::bridge {
namespace {

using test::Json;

// The section with one link, changed by `edit`.
Json section(const Json& edit = Json::object()) {
  Json link{
      {"name", "up"}, {"addresses", {"remote:1884"}}, {"client_id", "c"}, {"out", {{{"topics", {"#"}}}}}};
  link.merge_patch(edit);
  return {{"links", {link}}};
}

Settings read(const Json& json) {
  test::FakeHost host;
  const detail::services services{host.raw()};
  return read_settings(config{services, test::node(json)}, "/etc/mortise");
}

TEST(Settings, have_the_defaults_the_book_says) {
  const LinkSettings link = read(section()).links.at(0);
  EXPECT_EQ(link.addresses, (std::vector<Address>{{"remote", "1884"}}));
  EXPECT_TRUE(link.is_v5 && link.persistent && link.bridge_bit);
  EXPECT_EQ(link.session_expiry, std::chrono::hours{24 * 7});
  EXPECT_EQ(link.keep_alive, std::chrono::seconds{60});
  EXPECT_EQ(link.connect_timeout, std::chrono::seconds{10});
  EXPECT_EQ(link.reconnect_first, std::chrono::seconds{1});
  EXPECT_EQ(link.reconnect_longest, std::chrono::seconds{60});
  EXPECT_EQ(link.return_after, std::chrono::minutes{5});
  EXPECT_EQ(link.inflight, 64);
  EXPECT_EQ(link.packet_size, 8U << 20);
  EXPECT_EQ(link.rate, 0U);
  EXPECT_EQ(link.hops, 8);
  EXPECT_EQ(link.queue_messages, 100'000U);
  EXPECT_EQ(link.queue_bytes, 64ULL << 20);
  EXPECT_EQ(link.queue_age, std::chrono::seconds{0});
  EXPECT_EQ(link.out.at(0).qos, 1);
  EXPECT_TRUE(link.out.at(0).retain);
}

TEST(Settings, tell_of_files_that_cannot_be_read_and_take_them_all_the_same) {
  const Json json =
      section({{"password_file", "/dev/null"},
               {"tls", {{"ca", "no/ca.pem"}, {"certificate", "/dev/null"}, {"key", "/no/key.pem"}}}});
  test::FakeHost host;
  const detail::services services{host.raw()};
  std::vector<std::string> found;
  for (const finding& one : unreadable_files(config{services, test::node(json)}, "/nowhere"))
    found.push_back(one.pointer() + " " + one.what());
  EXPECT_EQ(found, (std::vector<std::string>{
                       "/links/0/tls/ca /nowhere/no/ca.pem cannot be read: No such file or directory",
                       "/links/0/tls/key /no/key.pem cannot be read: No such file or directory"}));
}

TEST(Settings, know_all_forms_of_an_address) {
  const auto addresses =
      read(section({{"addresses", {"a.example", "10.0.0.2:1885", "[::1]", "[fe80::1]:8884"}}}))
          .links.at(0)
          .addresses;
  EXPECT_EQ(addresses,
            (std::vector<Address>{
                {"a.example", "1883"}, {"10.0.0.2", "1885"}, {"::1", "1883"}, {"fe80::1", "8884"}}));
  EXPECT_EQ(addresses[3].text(), "[fe80::1]:8884");
  EXPECT_EQ(read(section({{"addresses", {"a"}}, {"tls", Json::object()}})).links.at(0).addresses.at(0).port,
            "8883");
}

TEST(Settings, begin_relative_paths_at_the_folder_of_the_file) {
  const auto link = read(section({{"username", "u"},
                                  {"password_file", "p"},
                                  {"tls", {{"ca", "/abs/ca"}, {"certificate", "c"}, {"key", "k"}}}}))
                        .links.at(0);
  EXPECT_EQ(link.password_file, "/etc/mortise/p");
  EXPECT_EQ(link.tls->ca, "/abs/ca");
  EXPECT_EQ(link.tls->certificate, "/etc/mortise/c");
}

TEST(Settings, the_schema_is_json) { EXPECT_TRUE(Json::parse(schema).contains("definitions")); }

struct Mistake {
  const char* name;
  Json edit;
  const char* where;
  const char* what;
};
void PrintTo(const Mistake& row, std::ostream* out) { *out << row.name; }

class Mistakes : public testing::TestWithParam<Mistake> {};
TEST_P(Mistakes, are_named_with_their_place) {
  const Mistake& row = GetParam();
  try {
    read(section(row.edit));
    FAIL() << "nothing was said";
  } catch (const finding& said) {
    test::FakeHost host;
    said.add_to(*host.report());
    const std::string found = host.findings.at(0);  // "pointer|text|remedy|file:line:column"
    EXPECT_TRUE(found.starts_with(std::string{row.where} + "|")) << found;
    EXPECT_NE(found.find(row.what), std::string::npos) << found;
    EXPECT_EQ(found.find("||"), found.rfind("||")) << "no remedy: " << found;
  }
}
INSTANTIATE_TEST_SUITE_P(
    Bridge, Mistakes,
    testing::ValuesIn(std::vector<Mistake>{
        {"a_port_that_is_none", {{"addresses", {"a:port"}}}, "/links/0/addresses/0", "no port"},
        {"a_port_beyond_65535", {{"addresses", {"a:65536"}}}, "/links/0/addresses/0", "no port"},
        {"ipv6_without_brackets", {{"addresses", {"fe80::1"}}}, "/links/0/addresses/0", "without brackets"},
        {"a_bracket_that_is_not_closed", {{"addresses", {"[::1"}}}, "/links/0/addresses/0", "without its ]"},
        {"no_host", {{"addresses", {":1883"}}}, "/links/0/addresses/0", "no host"},
        {"a_certificate_without_its_key",
         {{"tls", {{"certificate", "c"}}}},
         "/links/0/tls",
         "without its key"},
        {"two_passwords",
         {{"username", "u"}, {"password", "a"}, {"password_file", "b"}},
         "/links/0/password",
         "beside"},
        {"a_password_without_a_name_in_3_1_1",
         {{"version", "3.1.1"}, {"password", "a"}},
         "/links/0",
         "no username"},
        {"a_name_of_two_levels", {{"name", "a/b"}}, "/links/0/name", "one of"},
        {"a_filter_that_is_none",
         {{"out", {{{"topics", {"a/#/b"}}}}}},
         "/links/0/out/0/topics/0",
         "no topic filter"},
        {"a_shared_filter",
         {{"out", {{{"topics", {"$share/g/a"}}}}}},
         "/links/0/out/0/topics/0",
         "no topic filter"},
        {"a_prefix_with_a_wildcard",
         {{"out", {{{"topics", {"a"}}, {"local_prefix", "+/"}}}}},
         "/links/0/out/0/local_prefix",
         "a wildcard"},
        {"the_same_topic_twice",
         {{"out",
           {{{"topics", {"a"}}, {"remote_prefix", "x/"}}, {{"topics", {"a"}}, {"remote_prefix", "y/"}}}}},
         "/links/0/out",
         "twice"},
        {"no_topics", {{"out", nullptr}}, "/links/0", "no topics"},
        {"a_longest_wait_below_the_first",
         {{"reconnect", {{"first", "10s"}, {"longest", "1s"}}}},
         "/links/0/reconnect",
         "shorter"},
        {"no_wait_at_all",
         {{"reconnect", {{"first", "0s"}}}},
         "/links/0/reconnect/first",
         "between 10ms and 24h"},
        {"a_keep_alive_of_a_day", {{"keep_alive", "1d"}}, "/links/0/keep_alive", "65535s"},
        {"a_packet_of_nothing", {{"packet_size", 0}}, "/links/0/packet_size", "between 1KiB and 256MiB"},
        {"a_packet_nobody_can_send",
         {{"packet_size", "257MiB"}},
         "/links/0/packet_size",
         "between 1KiB and 256MiB"},
        {"a_queue_for_nothing", {{"queue", {{"messages", 0}}}}, "/links/0/queue/messages", "between 1"},
        {"a_queue_of_no_bytes", {{"queue", {{"bytes", 0}}}}, "/links/0/queue/bytes", "is 0"},
    }),
    [](const auto& row) { return row.param.name; });

TEST(Settings, two_links_of_one_name_are_a_mistake) {
  Json both = section();
  both["links"].push_back(both["links"][0]);
  EXPECT_THROW(read(both), finding);
}

}  // namespace
}  // namespace mortise::bridge
