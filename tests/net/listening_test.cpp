// Where clients come in: addresses, ports that are taken, limits.
#include <sys/resource.h>

#include "net/served.hpp"

namespace mortise::net {
namespace {

TEST(Listening, a_taken_port_is_refused_with_its_name_and_a_remedy) {
  Served first{1};
  broker::Listener other;
  other.name = "public";
  const auto refused = first.loops().listen(other, {"127.0.0.1", first.port});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), "listener \"public\": cannot listen on 127.0.0.1:" + std::to_string(first.port) +
                                 ": the port is in use; stop the program that has it (ss -ltnp 'sport = :" +
                                 std::to_string(first.port) + "' names it) or choose another port");
}

TEST(Listening, an_address_of_another_machine_is_refused) {
  Served served{1};
  const auto refused = served.loops().listen(served.listener, {"192.0.2.1", 0});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().find("this machine does not have that address"), std::string::npos)
      << refused.error();
}

TEST(Listening, a_name_is_no_address) {
  Served served{1};
  const auto refused = served.loops().listen(served.listener, {"localhost", 1883});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().find("not an address"), std::string::npos) << refused.error();
}

TEST(Listening, a_port_can_be_opened_again_right_after_its_connections_were_closed) {
  std::uint16_t port = 0;
  {
    Served served{1};
    served.start();
    port = served.port;
    SocketClient client = served.connected("a");
    served.loops().stop(100ms);
  }
  Served again{1};
  EXPECT_TRUE(again.loops().listen(again.listener, {"127.0.0.1", port}));
}

struct Door {
  const char* name;
  const char* bind;
  const char* connects_to;
  const char* is_shown_as;  // before the port
};
class Doors : public ::testing::TestWithParam<Door> {};
INSTANTIATE_TEST_SUITE_P(Listening, Doors,
                         ::testing::ValuesIn(std::vector<Door>{
                             {"ipv4", "127.0.0.1", "127.0.0.1", "127.0.0.1:"},
                             {"ipv6", "::1", "::1", "[::1]:"},
                             {"every_address_by_ipv6", "*", "::1", "[::1]:"},
                             {"every_address_by_ipv4", "*", "127.0.0.1", "127.0.0.1:"},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST_P(Doors, lets_clients_in_and_shows_where_they_come_from) {
  Served served{1};
  const auto port = served.loops().listen(served.listener, {GetParam().bind, 0});
  if (!port && std::string_view{GetParam().connects_to} == "::1")
    GTEST_SKIP() << "no IPv6 here: " << port.error();
  ASSERT_TRUE(port);
  served.start();
  SocketClient client{*port, {.address = GetParam().connects_to}};
  ASSERT_EQ(client.connect("who", Served::clean()), mqtt::ReasonCode::success);
  const auto lines = served.log.of("client.connected");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].address, GetParam().is_shown_as + std::to_string(client.own_port()));
}

TEST(Listening, listeners_can_be_opened_while_clients_are_served) {
  Served served{3};
  served.start();
  SocketClient first = served.connected("first");
  broker::Listener second;
  second.name = "second";
  second.anonymous = true;
  const auto port = served.loops().listen(second, {"127.0.0.1", 0});
  ASSERT_TRUE(port);
  SocketClient client{*port};
  EXPECT_EQ(client.connect("late", Served::clean()), mqtt::ReasonCode::success);
  served.loops().stop(100ms);
}

TEST(Listening, a_door_is_another_while_its_socket_stays) {
  Served served{3};
  broker::Listener second;
  second.name = "second";
  auto entrance = Loops::bind(served.loops().make_door(second), Endpoint{"127.0.0.1", 0});
  ASSERT_TRUE(entrance);
  const std::uint16_t port = entrance->listening.port;
  net::Door& first = served.loops().open(std::move(*entrance));
  served.start();
  SocketClient refused{port};
  EXPECT_NE(refused.connect("x", Served::clean()), mqtt::ReasonCode::success);
  broker::Listener third;
  third.name = "second";
  third.anonymous = true;
  net::Door& next = served.loops().replace(first, served.loops().make_door(third));
  SocketClient client{port};
  EXPECT_EQ(client.connect("x", Served::clean()), mqtt::ReasonCode::success);
  EXPECT_EQ(served.loops().attendance().at("second").accepted, 2U);

  served.loops().close(next, "it is over");
  const auto* farewell = client.receive_as<mqtt::Disconnect>();
  ASSERT_TRUE(farewell);
  EXPECT_EQ(farewell->reason, mqtt::ReasonCode::administrative_action);
  EXPECT_TRUE(third.is_closed);
  served.loops().stop(100ms);
}

TEST(Listening, whoever_knocks_at_a_held_door_comes_in_later) {
  Served served{3};
  served.start();
  served.loops().hold_doors();
  SocketClient client{served.port};
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(served.loops().connections(), 0U);
  served.loops().release_doors();
  EXPECT_EQ(client.connect("late", Served::clean()), mqtt::ReasonCode::success);
  served.loops().stop(100ms);
}

TEST(Listening, an_address_that_overlaps_is_bound_only_beside_a_door_that_yields) {
  Served served{1};
  auto entrance = Loops::bind(served.loops().make_door(served.listener), Endpoint{"127.0.0.1", 0});
  ASSERT_TRUE(entrance);
  const std::uint16_t port = entrance->listening.port;
  const net::Door& narrow = served.loops().open(std::move(*entrance));
  const Endpoint every{"0.0.0.0", port};
  EXPECT_FALSE(Loops::bind(served.loops().make_door(served.listener), every));
  const std::array<const net::Door*, 1> yielding{&narrow};
  EXPECT_TRUE(Loops::bind(served.loops().make_door(served.listener), every, yielding));
  EXPECT_FALSE(Loops::bind(served.loops().make_door(served.listener), every)) << "nobody else gets it";
}

TEST(Listening, connections_beyond_the_limit_are_closed_and_logged_once) {
  LoopsOptions options;
  options.limits.connections = 3;
  Served served{1, {}, options};
  served.start();
  std::vector<SocketClient> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(served.connected("client-" + std::to_string(i)));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(served.client().sees_close());
  EXPECT_EQ(served.log.of("listener.full").size(), 1U);
  clients.pop_back();
  ASSERT_TRUE(eventually([&] { return served.loops().connections() == 2; }));
  served.connected("another");
}

TEST(Listening, without_file_descriptors_connections_wait_until_there_are_some) {
  Served served{1};
  served.start();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  SocketClient first = served.connected("first");
  ASSERT_TRUE(eventually([&] { return served.loops().connections() == 1; }));
  const int lowest_free = ::dup(first.descriptor());
  ::close(lowest_free);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(lowest_free) + 1;  // one for the client's end, none for the broker's
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  SocketClient second = served.client();
  EXPECT_TRUE(eventually([&] { return served.log.of("listener.exhausted").size() == 1; }));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(second.connect("second", Served::clean()), mqtt::ReasonCode::success);
}

}  // namespace
}  // namespace mortise::net
