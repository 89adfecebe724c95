// Who may come in, as counts by themselves and on real sockets.
#include "net/guests.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "net/proxy_header.hpp"
#include "served.hpp"

namespace mortise::net {
namespace {

using broker::Limit;
using testing::SocketClient;

constexpr base::TimePoint start{1h};

class GuestBook {
 public:
  explicit GuestBook(GuestLimits limits) : guests{limits} {}

  std::optional<Limit> come(Presence& at, std::string_view address, base::TimePoint now = start) {
    std::optional<Address> from;
    if (!address.empty()) from = Address::from(address);
    Guests::Verdict verdict =
        guests.admit(Descriptor{::open("/dev/null", O_RDONLY | O_CLOEXEC)}, at, 0, from, now);
    if (verdict.limit) return verdict.limit;
    EXPECT_TRUE(verdict.socket);
    inside.push_back(std::move(verdict.socket));
    return {};
  }

  Guests guests;
  Presence door{&guests.all()};
  Presence other_door{&guests.all()};
  std::vector<Socket> inside;
};

TEST(Guests, of_one_address_are_counted_for_each_door) {
  GuestBook book{{.per_address = 2}};
  EXPECT_FALSE(book.come(book.door, "10.0.0.1"));
  EXPECT_FALSE(book.come(book.door, "10.0.0.1"));
  EXPECT_EQ(book.come(book.door, "10.0.0.1"), Limit::address_connections);
  EXPECT_FALSE(book.come(book.door, "10.0.0.2"));
  EXPECT_FALSE(book.come(book.other_door, "10.0.0.1"));
  EXPECT_FALSE(book.come(book.door, ""));  // a Unix socket has none
  EXPECT_EQ(book.guests.count(), 5u);
  EXPECT_EQ(book.door.count(), 4u);
  book.inside.erase(book.inside.begin());
  EXPECT_FALSE(book.come(book.door, "10.0.0.1"));
  book.inside.clear();
  EXPECT_EQ(book.guests.count(), 0u);
  EXPECT_EQ(book.door.count(), 0u);
}

TEST(Guests, of_ipv6_are_counted_by_their_network_of_64_bits) {
  GuestBook book{{.per_address = 1}};
  EXPECT_FALSE(book.come(book.door, "2001:db8::1"));
  EXPECT_EQ(book.come(book.door, "2001:db8::ffff:1"), Limit::address_connections);
  EXPECT_FALSE(book.come(book.door, "2001:db8:0:1::1"));
}

TEST(Guests, come_no_faster_than_their_address_may) {
  GuestBook book{{.rate_per_address = 2}};
  EXPECT_FALSE(book.come(book.door, "10.0.0.1"));
  EXPECT_FALSE(book.come(book.door, "10.0.0.1"));
  EXPECT_EQ(book.come(book.door, "10.0.0.1"), Limit::address_connect_rate);
  EXPECT_FALSE(book.come(book.door, "10.0.0.2"));
  EXPECT_FALSE(book.come(book.door, "10.0.0.1", start + 500ms));
  EXPECT_EQ(book.come(book.door, "10.0.0.1", start + 500ms), Limit::address_connect_rate);
}

TEST(Guests, that_have_left_are_forgotten_and_come_back_as_new) {
  GuestBook book{{.per_address = 1, .rate_per_address = 1}};
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 3000; ++i) {
      const std::string address = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
      EXPECT_FALSE(book.come(book.door, address, start + round * 1h + i * 1ms)) << address;
      book.inside.clear();
    }
  }
  EXPECT_EQ(book.guests.count(), 0u);
}

TEST(Guests, are_counted_for_the_address_a_proxy_tells_once_it_is_known) {
  GuestBook book{{.per_address = 1}};
  EXPECT_FALSE(book.come(book.door, ""));
  EXPECT_FALSE(book.come(book.door, ""));
  const Address client = *Address::from("203.0.113.9");
  EXPECT_FALSE(book.guests.recognise(book.inside[0], client, start));
  EXPECT_EQ(book.guests.recognise(book.inside[1], client, start), Limit::address_connections);
  EXPECT_EQ(book.door.count(), 2u);
  // A second proxy behind the first tells another one.
  EXPECT_FALSE(book.guests.recognise(book.inside[0], *Address::from("203.0.113.10"), start));
  EXPECT_FALSE(book.guests.recognise(book.inside[1], client, start));
  EXPECT_FALSE(book.guests.recognise(book.inside[1], client, start));  // told twice
  book.inside.clear();
  EXPECT_EQ(book.door.count(), 0u);
}

TEST(Guests, address_is_found_in_what_people_write) {
  EXPECT_EQ(address_in("10.0.0.17:50122"), Address::from("10.0.0.17"));
  EXPECT_EQ(address_in("10.0.0.17"), Address::from("10.0.0.17"));
  EXPECT_EQ(address_in("[2001:db8::1]:50122"), Address::from("2001:db8::1"));
  EXPECT_EQ(address_in("2001:db8::1"), Address::from("2001:db8::1"));
  EXPECT_FALSE(address_in("unix:/run/socket"));
  EXPECT_FALSE(address_in(""));
  EXPECT_FALSE(address_in(":"));
  EXPECT_FALSE(address_in("[]:1"));
}

class Entrances : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(Entrances, have_a_limit_of_their_own) {
  Served served{GetParam()};
  served.listener.connections_max = 2;
  const std::uint16_t other_door = served.open_door({});
  served.start();
  SocketClient first = served.connected("first");
  SocketClient second{other_door};  // all doors of a listener together
  ASSERT_EQ(second.connect("second", Served::clean()), mqtt::ReasonCode::success);
  EXPECT_TRUE(served.client().sees_close());
  EXPECT_EQ(served.shared.ledgers[0]->limited[static_cast<std::size_t>(Limit::listener_connections)].value(),
            1u);
  ASSERT_EQ(served.log.of("listener.full").size(), 1u);
  EXPECT_EQ(served.log.of("listener.full")[0].text,
            "the listener's limits.connections is reached; its new connections are closed");
}

TEST_P(Entrances, count_clients_behind_a_proxy_for_themselves) {
  LoopsOptions options;
  options.limits.per_address = 1;
  Served served{GetParam(), {}, options};
  const std::vector<Network> proxies{*Network::from("127.0.0.1")};
  const std::uint16_t port = served.open_door(
      [proxies](const Peer& peer) {
        Filters filters;
        filters.push_back(proxy_filter(ProxyHeaderFilter::Demand::required, proxies, peer));
        return filters;
      },
      [proxies](const Peer& peer) { return proxies[0].contains(*peer.address); });
  served.start();
  const auto through_proxy = [&](const std::string& from) {
    SocketClient client{port};
    client.send_raw(bytes_of("PROXY TCP4 " + from + " 10.0.0.1 50122 1883\r\n"));
    return client;
  };
  SocketClient first = through_proxy("203.0.113.1");
  ASSERT_EQ(first.connect("first", Served::clean()), mqtt::ReasonCode::success);
  SocketClient second = through_proxy("203.0.113.2");
  ASSERT_EQ(second.connect("second", Served::clean()), mqtt::ReasonCode::success);
  SocketClient third = through_proxy("203.0.113.1");
  EXPECT_TRUE(third.sees_close());
  ASSERT_EQ(served.log.of("client.fault").size(), 1u);
  EXPECT_EQ(served.log.of("client.fault")[0].text,
            "more connections than limits.connections_per_address allows");
}

TEST_P(Entrances, close_whom_a_plugin_does_not_accept_at_once_and_without_a_trace) {
  Served served{GetParam()};
  served.hooks.wants.accept = true;
  served.hooks.unwanted = "127.0.0.1";
  served.start();
  EXPECT_TRUE(served.client().sees_close());
  EXPECT_TRUE(served.client().sees_close());
  EXPECT_TRUE(eventually([&] { return served.loops().connections() == 0; }));
  EXPECT_EQ(served.listener.half_open, 0u);
  EXPECT_EQ(served.hooks.asked_to_accept, 2);
  ASSERT_GE(served.log.of("client.not_accepted").size(), 1u);
  EXPECT_EQ(served.log.of("client.not_accepted")[0].listener, "local");
}

// Remembers whether it was given anything: what stands above a PROXY header, such as TLS.
class Above final : public Filter {
 public:
  explicit Above(std::atomic<int>& begun) : begun_{begun} {}
  base::Result<Progress, std::string> take(mqtt::Bytes bytes, mqtt::Buffer& up, mqtt::Buffer&) override {
    ++begun_;
    up.insert(up.end(), bytes.begin(), bytes.end());
    return Progress::goes_on;
  }
  void give(std::span<const mqtt::Bytes> parts, mqtt::Buffer& down) override {
    for (const mqtt::Bytes part : parts) down.insert(down.end(), part.begin(), part.end());
  }
  void finish(mqtt::Buffer&) override {}
  const Introduction& introduction() const override { return none_; }
  std::size_t memory() const override { return sizeof *this; }

 private:
  std::atomic<int>& begun_;
  Introduction none_;
};

TEST_P(Entrances, ask_about_the_address_a_proxy_tells_before_anything_above_begins) {
  Served served{GetParam()};
  served.hooks.wants.accept = true;
  served.hooks.unwanted = "203.0.113.66";
  std::atomic<int> begun{0};
  const std::vector<Network> proxies{*Network::from("127.0.0.1")};
  const std::uint16_t port = served.open_door(
      [&, proxies](const Peer& peer) {
        Filters filters;
        filters.push_back(proxy_filter(ProxyHeaderFilter::Demand::required, proxies, peer));
        filters.push_back(std::make_unique<Above>(begun));
        return filters;
      },
      [proxies](const Peer& peer) { return proxies[0].contains(*peer.address); });
  served.start();
  {
    SocketClient banned{port};  // with the first bytes of what is above in the same packet
    banned.send_raw(bytes_of("PROXY TCP4 203.0.113.66 10.0.0.1 50122 1883\r\nhello"));
    EXPECT_TRUE(banned.sees_close());
  }
  EXPECT_EQ(begun, 0);
  EXPECT_EQ(served.hooks.asked_to_accept, 1);
  SocketClient welcome{port};
  welcome.send_raw(bytes_of("PROXY TCP4 203.0.113.1 10.0.0.1 50122 1883\r\n"));
  EXPECT_EQ(welcome.connect("welcome", Served::clean()), mqtt::ReasonCode::success);
  SocketClient unnamed{port};  // the proxy's own, such as a health check
  unnamed.send_raw(bytes_of("PROXY UNKNOWN\r\n"));
  EXPECT_EQ(unnamed.connect("unnamed", Served::clean()), mqtt::ReasonCode::success);
  EXPECT_EQ(served.hooks.asked_to_accept, 3) << "each once";
  EXPECT_TRUE(eventually([&] { return served.loops().connections() == 2; }));
}

TEST_P(Entrances, leave_strangers_waiting_while_too_many_have_said_nothing) {
  broker::Options patient;
  patient.connect_timeout = 10min;
  LoopsOptions options;
  options.limits.half_open = 2;
  broker::Listener other{.name = "other", .anonymous = true};
  Served served{GetParam(), patient, options};
  const auto other_port = *served.loops().listen(other, {"127.0.0.1", 0});
  served.start();
  std::vector<SocketClient> silent;
  for (int i = 0; i < 2; ++i) silent.push_back(served.client());
  ASSERT_TRUE(eventually([&] { return served.loops().connections() == 2; }));
  SocketClient waits = served.client();  // the system's queue has it
  ASSERT_TRUE(eventually([&] { return served.log.of("listener.full").size() == 1; }));
  EXPECT_EQ(served.loops().connections(), 2u);
  SocketClient elsewhere{other_port};  // another listener is none the worse
  EXPECT_EQ(elsewhere.connect("elsewhere", Served::clean()), mqtt::ReasonCode::success);
  ASSERT_EQ(silent[0].connect("speaks", Served::clean()), mqtt::ReasonCode::success);
  EXPECT_EQ(waits.connect("waited", Served::clean()), mqtt::ReasonCode::success);
}

INSTANTIATE_TEST_SUITE_P(Loops, Entrances, ::testing::Values(1U, 3U), [](const auto& row) {
  return row.param == 1 ? std::string{"one_loop"} : std::string{"three_loops"};
});

}  // namespace
}  // namespace mortise::net
