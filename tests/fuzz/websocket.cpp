// A WebSocket's request and frames of any bytes, in any pieces; and what is sent, in any pieces.
//
// Each input is played twice, as it is and behind a request that is granted: without it nearly none would get
// as far as a frame.
#include "net/websocket.hpp"

#include "played_split.hpp"

namespace mortise::fuzz {
namespace {

constexpr std::string_view request =
    "GET /mqtt HTTP/1.1\r\nHost: broker\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\n\r\n";

std::unique_ptr<net::WebSocketFilter> make() {
  static const auto options = [] {
    net::WebSocketOptions made;
    made.origins = {"https://panel.example"};
    made.trusted_proxies = {*net::Network::from("10.0.0.0/8")};
    return std::make_shared<const net::WebSocketOptions>(std::move(made));
  }();
  return std::make_unique<net::WebSocketFilter>(options, net::Peer{net::Address::from("10.0.0.1"), 1});
}

std::uint64_t number_at(std::string_view bytes, std::size_t from, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[from + i]);
  return value;
}

// The payloads of a server's binary frames; other frames are counted in `others`.
std::vector<std::string> payloads_of(std::string_view frames, std::size_t& others) {
  std::vector<std::string> payloads;
  while (!frames.empty()) {
    promise(frames.size() >= 2, "a frame has its first two bytes");
    const std::uint64_t small = number_at(frames, 1, 1);
    promise(small <= 127, "a server's frame is not masked");
    const std::size_t more = small < 126 ? 0 : small == 126 ? 2 : 8;
    promise(frames.size() >= 2 + more, "a frame has its length");
    const std::uint64_t length = more == 0 ? small : number_at(frames, 2, more);
    promise(more != 2 || length >= 126, "a length is as short as it can be");
    promise(more != 8 || length >= 65'536, "a length is as short as it can be");
    promise(frames.size() - 2 - more >= length, "a frame is whole");
    const std::uint64_t first = number_at(frames, 0, 1);
    promise(first == 0x82 || first == 0x88 || first == 0x8A, "a server sends packets, pongs and a close");
    if (first == 0x82)
      payloads.emplace_back(frames.substr(2 + more, length));
    else
      ++others;
    frames.remove_prefix(2 + more + length);
  }
  return payloads;
}

void check_taken(std::string_view before, Bytes input) {
  const net::Played outcome =
      played_in_every_split(make, before, input, [&](const net::Filter& filter, const auto&) {
        promise(filter.memory() <= 40 * 1024, "it keeps a request's start or a parser, and no more");
      });
  const std::size_t head = outcome.down.find("\r\n\r\n");
  if (head == std::string::npos) {
    promise(outcome.down.empty() && outcome.up.empty(), "nothing comes before the request is answered");
    return;
  }
  const bool granted = outcome.down.starts_with("HTTP/1.1 101 ");
  promise(granted || (outcome.up.empty() && !outcome.wrong.empty()), "who is refused is not heard");
  if (!granted) return;
  std::size_t others = 0;
  promise(payloads_of(std::string_view{outcome.down}.substr(head + 4), others).empty(), "nothing was given");
  const bool closes = outcome.ended || !outcome.wrong.empty();
  promise(!closes || others > 0, "a WebSocket that ends is closed in its own words");
}

// `payload` as two PUBLISH packets, handed over in pieces, is a frame each.
void check_given(Bytes payload) {
  std::vector<std::uint8_t> stream;
  std::vector<std::string> packets;
  for (const Bytes body : {payload, payload.first(payload.size() / 2)}) {
    std::vector<std::uint8_t> packet{0x30};
    for (std::size_t left = body.size();; left >>= 7) {
      packet.push_back(static_cast<std::uint8_t>((left & 0x7F) | (left > 0x7F ? 0x80 : 0)));
      if (left <= 0x7F) break;
    }
    packet.insert(packet.end(), body.begin(), body.end());
    packets.emplace_back(text_of(packet));
    stream.insert(stream.end(), packet.begin(), packet.end());
  }
  for (const auto& pieces : every_split(stream)) {
    const auto filter = make();
    mqtt::Buffer down;
    for (const Bytes piece : pieces) filter->give({&piece, 1}, down);
    std::size_t others = 0;
    promise(payloads_of(text_of(down), others) == packets && others == 0, "each packet has a frame");
  }
}

}  // namespace
}  // namespace mortise::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mortise::fuzz;
  const Bytes input{data, size};
  check_taken("", input);
  check_taken(request, input);
  check_given(input);
  return 0;
}
