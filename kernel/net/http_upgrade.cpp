#include "net/http_upgrade.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

namespace mortise::net {

namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::empty_body>;
using Request = Parser::value_type;

constexpr std::string_view handshake_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 §1.3
constexpr std::size_t key_size = 24;  // sixteen bytes in base64

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::string_view field(const Request& request, http::field name) { return view(request[name]); }

bool has_token(const Request& request, http::field name, const char* token) {
  return http::token_list{request[name]}.exists(token);
}

UpgradeAnswer refuse(std::string_view status, std::string_view fields, std::string text, std::string wrong) {
  text += '\n';
  UpgradeAnswer answer;
  answer.response =
      "HTTP/1.1 " + std::string{status} + "\r\n" + std::string{fields} +
      "Content-Type: text/plain; charset=utf-8\r\nContent-Length: " + std::to_string(text.size()) + "\r\n" +
      (fields.find("Connection:") == fields.npos ? "Connection: close\r\n" : "") + "\r\n" + text;
  answer.wrong = std::move(wrong);
  return answer;
}

// Whoever asks for a WebSocket and does not get one has a wrong setting; whoever asks for a page has not.
bool asks_for_a_page(const Request& request) {
  return (request.method() == http::verb::get || request.method() == http::verb::head) &&
         field(request, http::field::upgrade).empty();
}

UpgradeAnswer to_a_question(UpgradeAnswer answer, const Request& request) {
  answer.harmless = asks_for_a_page(request);
  return answer;
}

UpgradeAnswer refuse_request(const std::string& why) {
  return refuse("400 Bad Request", "", why, "WebSocket: " + why);
}

std::string accept_of(std::string_view key) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  const std::string text = std::string{key} + std::string{handshake_guid};
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1> encoded{};
  const int size = ::EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)};
}

bool is_key(std::string_view key) {
  const auto is_base64 = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return key.size() == key_size && key.ends_with("==") &&
         std::ranges::all_of(key.substr(0, key_size - 2), is_base64);
}

// The first of ours, in the order of preference. [MQTT-6.0.0-4]
std::string_view chosen_protocol(const Request& request) {
  for (const char* ours : {"mqtt", "mqttv3.1"})
    if (has_token(request, http::field::sec_websocket_protocol, ours)) return ours;
  return {};
}

bool admits(const WebSocketOptions& options, const Request& request) {
  const std::string_view origin = field(request, http::field::origin);
  if (!options.origins || origin.empty()) return true;
  return std::ranges::any_of(*options.origins, [&](const std::string& allowed) {
    return boost::beast::iequals({allowed.data(), allowed.size()}, {origin.data(), origin.size()});
  });
}

bool is_trusted(const WebSocketOptions& options, const Address& address) {
  return std::ranges::any_of(options.trusted_proxies,
                             [&](const Network& network) { return network.contains(address); });
}

// "203.0.113.9", "203.0.113.9:50122", "2001:db8::1" or "[2001:db8::1]:50122", as proxies write it.
std::optional<Address> forwarded_address(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    return end == text.npos ? std::nullopt : Address::from(text.substr(1, end - 1));
  }
  if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
  return Address::from(text);
}

// Each proxy appends whom it has heard: the last one that is no proxy of ours is the client. What stands
// before it is anybody's word.
std::string client_behind(const WebSocketOptions& options, const Request& request, const Peer& peer) {
  if (!peer.address || !is_trusted(options, *peer.address)) return {};
  std::string_view list;
  for (const auto& entry : request)  // of several lines the last one is the nearest proxy's
    if (boost::beast::iequals(entry.name_string(), "X-Forwarded-For")) list = view(entry.value());
  while (!list.empty()) {
    const std::size_t comma = list.rfind(',');
    const auto address = forwarded_address(comma == list.npos ? list : list.substr(comma + 1));
    if (!address) return {};
    if (!is_trusted(options, *address) || comma == list.npos)
      return address->is_v4() ? address->text() : "[" + address->text() + "]";
    list = list.substr(0, comma);
  }
  return {};
}

}  // namespace

UpgradeAnswer refuse_long_head() {
  return refuse("431 Request Header Fields Too Large", "", "This request is longer than 8 KiB.",
                "WebSocket: the HTTP request is longer than 8 KiB");
}

UpgradeAnswer answer_upgrade(std::string_view head, const WebSocketOptions& options, const Peer& peer) {
  const std::string where = "This is the WebSocket listener of an MQTT broker; its path is " + options.path +
                            " and its sub-protocol mqtt.";
  Parser parser;
  boost::system::error_code fault;
  parser.put(boost::asio::const_buffer{head.data(), head.size()}, fault);
  if (fault || !parser.is_header_done())
    return refuse_request("this is not a request of HTTP/1.1: " + fault.message());
  const Request& request = parser.get();
  if (request.method() != http::verb::get)
    return to_a_question(refuse("405 Method Not Allowed", "Allow: GET\r\n", where,
                                "WebSocket: the method of the HTTP request is not GET"),
                         request);
  if (request.version() != 11) return refuse_request("a WebSocket begins with a request of HTTP/1.1");
  if (parser.chunked() || parser.content_length().value_or(0) != 0)
    return refuse_request("a request for a WebSocket has no body");
  if (!has_token(request, http::field::upgrade, "websocket") ||
      !has_token(request, http::field::connection, "upgrade"))
    return to_a_question(
        refuse("426 Upgrade Required", "Upgrade: websocket\r\nConnection: Upgrade, close\r\n", where,
               "WebSocket: an HTTP request that asks for no upgrade"),
        request);
  const std::string_view target = view(request.target());
  if (target.substr(0, target.find('?')) != options.path)
    return refuse("404 Not Found", "", where,
                  "WebSocket: the path is not " + options.path + "; the client's setting has to say it");
  if (field(request, http::field::sec_websocket_version) != "13")
    return refuse("426 Upgrade Required",
                  "Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n", where,
                  "WebSocket: a version other than 13");
  const std::string_view key = field(request, http::field::sec_websocket_key);
  if (!is_key(key)) return refuse_request("Sec-WebSocket-Key is not 16 bytes in base64");
  if (!admits(options, request))
    return refuse("403 Forbidden", "", "This listener does not admit this origin.",
                  "WebSocket: the origin is not among the listener's websocket.origins");
  const std::string_view protocol = chosen_protocol(request);
  if (protocol.empty())
    return refuse_request(
        "Sec-WebSocket-Protocol does not offer mqtt, which MQTT demands");  // [MQTT-6.0.0-3]

  UpgradeAnswer answer;
  answer.response =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      accept_of(key) + "\r\nSec-WebSocket-Protocol: " + std::string{protocol} + "\r\n\r\n";
  answer.client_address = client_behind(options, request, peer);
  return answer;
}

}  // namespace mortise::net
