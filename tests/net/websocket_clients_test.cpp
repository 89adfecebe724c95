// MQTT over WebSocket and behind a PROXY header, on real sockets.
#include "net/proxy_header.hpp"
#include "net/served.hpp"
#include "net/websocket.hpp"
#include "net/websocket_skin.hpp"

namespace mortise::net {
namespace {

using WebSocketClients = OnLoops;
MORTISE_ON_ONE_AND_THREE_LOOPS(WebSocketClients);

MakeFilters websocket(bool behind_a_proxy = false) {
  auto options = std::make_shared<WebSocketOptions>();
  options->trusted_proxies = {*Network::from("127.0.0.0/8")};
  return [options = std::shared_ptr<const WebSocketOptions>{options}, behind_a_proxy](const Peer& peer) {
    Filters filters;
    if (behind_a_proxy)
      filters.push_back(proxy_filter(ProxyHeaderFilter::Demand::required, options->trusted_proxies, peer));
    filters.push_back(std::make_unique<WebSocketFilter>(options, peer));
    return filters;
  };
}

struct Client {
  explicit Client(std::uint16_t port, std::string fields = "")
      : skin{std::make_shared<WebSocketSkin>(std::move(fields))}, socket{port, {.skin = skin}} {}
  std::shared_ptr<WebSocketSkin> skin;
  SocketClient socket;

  bool say(std::uint8_t first, std::string_view payload) {
    mqtt::Buffer raw;
    WebSocketSkin::append(first, bytes_of(payload), raw);
    return socket.send_raw(raw);
  }
};

TEST_P(WebSocketClients, publish_subscribe_and_say_goodbye) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(websocket());
  served.start();
  for (std::uint32_t loop = 0; loop < GetParam(); ++loop) {
    Client client{port};
    ASSERT_EQ(client.socket.connect(served.client_id_on(loop, "ws"), Served::clean()),
              mqtt::ReasonCode::success);
    ASSERT_TRUE(client.socket.subscribe("echo", mqtt::Qos::at_most_once));
    for (const std::size_t size : std::vector<std::size_t>{1, 1000, 70'000, 1'000'000}) {
      const std::string payload(size, 'e');
      ASSERT_TRUE(client.socket.send(publish_of("echo", bytes_of(payload))));
      const auto* heard = client.socket.receive_as<mqtt::Publish>();
      ASSERT_TRUE(heard && text_of(heard->payload) == payload) << size;
    }
    ASSERT_TRUE(client.say(0x89, "are you there"));
    ASSERT_TRUE(client.socket.send(mqtt::Disconnect{}));
    EXPECT_TRUE(client.socket.sees_close());
    ASSERT_EQ(client.skin->others.size(), 2U);
    EXPECT_EQ(client.skin->others[0], (std::pair<std::uint8_t, std::string>{0x8a, "are you there"}));
    EXPECT_EQ(client.skin->others[1].first, 0x88);
  }
}

TEST_P(WebSocketClients, a_text_frame_ends_the_connection_by_its_code) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(websocket());
  served.start();
  Client client{port};
  ASSERT_EQ(client.socket.connect(served.client_id_on(0, "ws"), Served::clean()), mqtt::ReasonCode::success);
  ASSERT_TRUE(client.say(0x81, "hello"));
  EXPECT_TRUE(client.socket.sees_close());
  ASSERT_EQ(client.skin->others.size(), 1U);
  EXPECT_EQ(client.skin->others[0], (std::pair<std::uint8_t, std::string>{0x88, "\x03\xeb"}));
  const auto lines = served.log.of("client.disconnected");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].text, "WebSocket: a text frame; MQTT goes in binary ones");
}

TEST_P(WebSocketClients, a_browser_that_asks_for_a_page_is_told_what_this_is) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(websocket());
  served.start();
  Client client{port};
  ASSERT_TRUE(client.socket.send_raw(bytes_of("GET / HTTP/1.1\r\nHost: broker\r\n\r\n")));
  EXPECT_TRUE(client.socket.sees_close());
  EXPECT_TRUE(client.skin->response.starts_with("HTTP/1.1 426 Upgrade Required\r\n"))
      << client.skin->response;
  EXPECT_EQ(served.log.of("client.fault").size(), 1U);
}

TEST_P(WebSocketClients, are_known_by_the_address_a_trusted_proxy_forwards) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(websocket());
  served.start();
  Client client{port, "X-Forwarded-For: 203.0.113.9\r\n"};
  ASSERT_EQ(client.socket.connect("ws", Served::clean()), mqtt::ReasonCode::success);
  const auto lines = served.log.of("client.connected");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].address, "203.0.113.9");
}

TEST_P(WebSocketClients, come_in_behind_a_proxy_header_too) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(websocket(true));
  served.start();
  Client client{port};
  ASSERT_TRUE(client.socket.send_raw(bytes_of("PROXY TCP4 203.0.113.9 10.0.0.1 50122 1883\r\n")));
  ASSERT_EQ(client.socket.connect(served.client_id_on(GetParam() - 1, "ws"), Served::clean()),
            mqtt::ReasonCode::success);
  EXPECT_EQ(served.log.of("client.connected").at(0).address, "203.0.113.9:50122");
  Client without{port};
  without.socket.connect("nobody", Served::clean());
  EXPECT_TRUE(without.socket.sees_close());
  ASSERT_EQ(served.log.of("client.fault").size(), 1U);
  EXPECT_EQ(served.log.of("client.fault")[0].text,
            "PROXY header: there is none, and proxy_protocol is required");
}

TEST_P(WebSocketClients, a_plain_client_behind_a_proxy_header_is_known_by_its_own_address) {
  Served served{GetParam()};
  const std::vector<Network> proxies{*Network::from("127.0.0.1")};
  const std::uint16_t port = served.open_door([proxies](const Peer& peer) {
    Filters filters;
    filters.push_back(proxy_filter(ProxyHeaderFilter::Demand::optional, proxies, peer));
    return filters;
  });
  served.start();
  SocketClient proxied{port};
  ASSERT_TRUE(proxied.send_bytes(bytes_of("PROXY TCP6 2001:db8::1 ::1 50122 1883\r\n")));
  ASSERT_EQ(proxied.connect("proxied", Served::clean()), mqtt::ReasonCode::success);
  SocketClient direct{port};
  ASSERT_EQ(direct.connect("direct", Served::clean()), mqtt::ReasonCode::success);
  const auto lines = served.log.of("client.connected");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].address, "[2001:db8::1]:50122");
  EXPECT_EQ(lines[1].address, "127.0.0.1:" + std::to_string(direct.own_port()));
}

}  // namespace
}  // namespace mortise::net
