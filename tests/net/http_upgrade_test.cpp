// Requests for a WebSocket, and what each is answered.
#include "net/http_upgrade.hpp"

#include "net/played.hpp"

namespace mortise::net {
namespace {

constexpr std::string_view usual =
    "Host: broker.example\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\n";

std::string request(std::string_view fields, std::string_view line = "GET /mqtt HTTP/1.1") {
  return std::string{line} + "\r\n" + std::string{fields} + "\r\n";
}

// The usual fields with one replaced, or left out.
std::string with(std::string_view name, std::string_view value) {
  std::string fields{usual};
  const std::size_t at = fields.find(std::string{name} + ": ");
  if (at != fields.npos) fields.erase(at, fields.find("\r\n", at) + 2 - at);
  if (!value.empty()) fields += std::string{name} + ": " + std::string{value} + "\r\n";
  return fields;
}

std::string status_of(const UpgradeAnswer& answer) { return answer.response.substr(9, 3); }

// proves 5.0 MQTT-6.0.0-4
// proves 3.1.1 MQTT-6.0.0-4
TEST(HttpUpgrade, a_request_that_offers_mqtt_is_answered_as_the_rfc_and_mqtt_say) {
  const UpgradeAnswer answer = answer_upgrade(request(usual), {}, {});
  EXPECT_EQ(answer.wrong, "");
  EXPECT_EQ(answer.response,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
}

struct Offer {
  const char* name;
  const char* offered;
  const char* chosen;  // "": refused
};
void PrintTo(const Offer& row, std::ostream* out) {
  print_row(row.name, request(with("Sec-WebSocket-Protocol", row.offered)), *out);
}
class Offers : public ::testing::TestWithParam<Offer> {};
INSTANTIATE_TEST_SUITE_P(HttpUpgrade, Offers,
                         ::testing::ValuesIn(std::vector<Offer>{
                             {"mqtt", "mqtt", "mqtt"},
                             {"the_old_name", "mqttv3.1", "mqttv3.1"},
                             {"mqtt_is_preferred", "mqttv3.1, mqtt", "mqtt"},
                             {"mqtt_among_others", "chat, superchat,mqtt", "mqtt"},
                             {"something_else", "chat", ""},
                             {"nothing", "", ""},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST_P(Offers, are_answered_by_the_one_we_speak) {
  const UpgradeAnswer answer =
      answer_upgrade(request(with("Sec-WebSocket-Protocol", GetParam().offered)), {}, {});
  if (std::string_view{GetParam().chosen}.empty()) {
    EXPECT_EQ(status_of(answer), "400");
    EXPECT_NE(answer.wrong.find("does not offer mqtt"), std::string::npos) << answer.wrong;
  } else {
    EXPECT_NE(answer.response.find("Sec-WebSocket-Protocol: " + std::string{GetParam().chosen} + "\r\n"),
              std::string::npos)
        << answer.response;
  }
}

TEST(HttpUpgrade, who_asks_for_a_page_does_no_harm_and_who_asks_for_another_websocket_does) {
  const auto is_harmless = [](const std::string& head) { return answer_upgrade(head, {}, {}).harmless; };
  EXPECT_TRUE(is_harmless(request("Host: broker.example\r\n", "GET /healthz HTTP/1.1")));
  EXPECT_TRUE(is_harmless(request("Host: broker.example\r\n", "HEAD / HTTP/1.1")));
  EXPECT_FALSE(is_harmless(request("Host: broker.example\r\n", "POST / HTTP/1.1")));
  EXPECT_FALSE(is_harmless(request(with("Upgrade", "h2c"))));
  EXPECT_FALSE(is_harmless(request(with("Sec-WebSocket-Version", "8"))));
  EXPECT_FALSE(is_harmless("nonsense\r\n\r\n"));
}

struct Refused {
  const char* name;
  std::string head;
  const char* status;
  const char* says;  // somewhere in the answer
};
void PrintTo(const Refused& row, std::ostream* out) { print_row(row.name, row.head, *out); }
class Refusals : public ::testing::TestWithParam<Refused> {};
INSTANTIATE_TEST_SUITE_P(
    HttpUpgrade, Refusals,
    ::testing::ValuesIn(std::vector<Refused>{
        {"a_browser", request("Host: broker.example\r\n", "GET / HTTP/1.1"), "426", "its path is /mqtt"},
        {"no_upgrade", request(with("Upgrade", "")), "426", "Upgrade: websocket\r\n"},
        {"another_upgrade", request(with("Upgrade", "h2c")), "426", "WebSocket listener of an MQTT broker"},
        {"no_connection_field", request(with("Connection", "close")), "426", ""},
        {"another_path", request(usual, "GET /chat HTTP/1.1"), "404", "its path is /mqtt"},
        {"a_longer_path", request(usual, "GET /mqtt/x HTTP/1.1"), "404", ""},
        {"another_method", request(usual, "POST /mqtt HTTP/1.1"), "405", "Allow: GET\r\n"},
        {"another_version", request(with("Sec-WebSocket-Version", "8")), "426",
         "Sec-WebSocket-Version: 13\r\n"},
        {"no_version", request(with("Sec-WebSocket-Version", "")), "426", "Sec-WebSocket-Version: 13\r\n"},
        {"http_1_0", request(usual, "GET /mqtt HTTP/1.0"), "400", "HTTP/1.1"},
        {"http_2", request("", "PRI * HTTP/2.0"), "400", "HTTP/1.1"},
        {"no_key", request(with("Sec-WebSocket-Key", "")), "400", "Sec-WebSocket-Key"},
        {"a_short_key", request(with("Sec-WebSocket-Key", "c2hvcnQ=")), "400", "Sec-WebSocket-Key"},
        {"a_key_that_is_no_base64", request(with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j!Q==")), "400",
         ""},
        {"a_body", request(std::string{usual} + "Content-Length: 5\r\n"), "400", "has no body"},
        {"a_chunked_body", request(std::string{usual} + "Transfer-Encoding: chunked\r\n"), "400", ""},
        {"no_http", "HELLO\r\n\r\n", "400", ""},
        {"a_broken_field", request("Host broker\r\n"), "400", ""},
    }),
    [](const auto& row) { return row.param.name; });

TEST_P(Refusals, say_what_is_wrong) {
  const UpgradeAnswer answer = answer_upgrade(GetParam().head, {}, {});
  EXPECT_EQ(status_of(answer), GetParam().status) << answer.response;
  EXPECT_NE(answer.wrong, "");
  EXPECT_NE(answer.response.find(GetParam().says), std::string::npos) << answer.response;
  const std::size_t body = answer.response.find("\r\n\r\n") + 4;
  EXPECT_NE(answer.response.find("Content-Length: " + std::to_string(answer.response.size() - body)),
            std::string::npos);
}

TEST(HttpUpgrade, the_query_is_no_part_of_the_path) {
  EXPECT_EQ(answer_upgrade(request(usual, "GET /mqtt?token=1 HTTP/1.1"), {}, {}).wrong, "");
}

TEST(HttpUpgrade, pages_of_other_origins_are_refused_and_clients_without_one_are_not) {
  WebSocketOptions options;
  options.origins = {"https://panel.example"};
  EXPECT_EQ(status_of(answer_upgrade(request(with("Origin", "https://panel.example")), options, {})), "101");
  EXPECT_EQ(status_of(answer_upgrade(request(with("Origin", "HTTPS://Panel.Example")), options, {})), "101");
  EXPECT_EQ(status_of(answer_upgrade(request(usual), options, {})), "101");
  const UpgradeAnswer refused =
      answer_upgrade(request(with("Origin", "https://panel.example.evil")), options, {});
  EXPECT_EQ(status_of(refused), "403");
  EXPECT_NE(refused.wrong, "");
}

struct Forward {
  const char* name;
  const char* peer;
  const char* forwarded;
  const char* client;
};
void PrintTo(const Forward& row, std::ostream* out) {
  print_row(row.name, request(with("X-Forwarded-For", row.forwarded)), *out);
}
class Forwards : public ::testing::TestWithParam<Forward> {};
INSTANTIATE_TEST_SUITE_P(
    HttpUpgrade, Forwards,
    ::testing::ValuesIn(std::vector<Forward>{
        {"believed", "10.0.0.1", "203.0.113.9", "203.0.113.9"},
        {"of_a_stranger", "192.0.2.1", "203.0.113.9", ""},
        {"the_last_is_the_proxys_own_word", "10.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"},
        {"through_two_proxies", "10.0.0.1", "1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9"},
        {"only_proxies", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
        {"with_a_port", "10.0.0.1", "203.0.113.9:50122", "203.0.113.9"},
        {"ipv6", "10.0.0.1", "2001:db8::1", "[2001:db8::1]"},
        {"ipv6_with_a_port", "10.0.0.1", "[2001:db8::1]:443", "[2001:db8::1]"},
        {"nonsense", "10.0.0.1", "unknown", ""},
        {"nonsense_at_the_end", "10.0.0.1", "203.0.113.9, _hidden", ""},
        {"empty_entries", "10.0.0.1", ", ,", ""},
        {"an_open_bracket", "10.0.0.1", "[2001:db8::1", ""},
    }),
    [](const auto& row) { return row.param.name; });

TEST_P(Forwards, are_believed_as_far_as_a_proxy_of_ours_says_them) {
  WebSocketOptions options;
  options.trusted_proxies = {*Network::from("10.0.0.0/8")};
  const Peer peer{Address::from(GetParam().peer), 1};
  EXPECT_EQ(
      answer_upgrade(request(with("X-Forwarded-For", GetParam().forwarded)), options, peer).client_address,
      GetParam().client);
}

}  // namespace
}  // namespace mortise::net
