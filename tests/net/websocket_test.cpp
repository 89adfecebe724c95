// The WebSocket filter: a request and frames in any pieces, right ones and wrong ones.
#include "net/websocket.hpp"

#include <array>

#include "net/played.hpp"

namespace mortise::net {
namespace {

const std::string head =
    "GET /mqtt HTTP/1.1\r\nHost: broker\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\n\r\n";
const std::string switched =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";

std::unique_ptr<Filter> make() {
  return std::make_unique<WebSocketFilter>(std::make_shared<const WebSocketOptions>(), Peer{});
}

// A client's frame: `first` is its first byte, bits and opcode.
std::string frame(int first, std::string_view payload, bool masked = true) {
  std::string out{static_cast<char>(first)};
  const int mask_bit = masked ? 0x80 : 0;
  if (payload.size() <= 125) {
    out += static_cast<char>(mask_bit | static_cast<int>(payload.size()));
  } else {
    out += static_cast<char>(mask_bit | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size());
  }
  constexpr std::string_view key{"\x37\xfa\x21\x3d", 4};
  if (masked) out += key;
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += masked ? static_cast<char>(payload[i] ^ key[i % 4]) : payload[i];
  return out;
}
std::string answer(int first, std::string_view payload) { return frame(first, payload, false); }

constexpr int binary = 0x82, ping = 0x89, pong = 0x8a, close = 0x88, text = 0x81;
const std::string code_1000{"\x03\xe8", 2}, code_1002{"\x03\xea", 2}, code_1003{"\x03\xeb", 2},
    code_1007{"\x03\xef", 2};

struct Row {
  const char* name;
  std::string frames;
  std::string up;
  std::string down;  // after the response
  const char* wrong = "";
  bool ended = false;
};
void PrintTo(const Row& row, std::ostream* out) { print_row(row.name, row.frames, *out); }
class Frames : public ::testing::TestWithParam<Row> {};

INSTANTIATE_TEST_SUITE_P(
    WebSocket, Frames,
    ::testing::ValuesIn(std::vector<Row>{
        {"nothing_yet", "", "", ""},
        {"one_frame", frame(binary, "MQTT"), "MQTT", ""},
        // proves 5.0 MQTT-6.0.0-2
        // proves 3.1.1 MQTT-6.0.0-2
        {"packets_span_frames", frame(binary, "MQ") + frame(binary, "TT"), "MQTT", ""},
        {"a_frame_of_sixteen_bits", frame(binary, std::string(300, 'x')), std::string(300, 'x'), ""},
        {"an_empty_frame", frame(binary, "") + frame(binary, "x"), "x", ""},
        {"a_message_in_fragments",
         frame(0x02, "a") + frame(0x00, "b") + frame(0x80, "c") + frame(binary, "d"), "abcd", ""},
        {"control_frames_in_between", frame(0x02, "a") + frame(ping, "?") + frame(0x80, "b"), "ab",
         answer(pong, "?")},
        {"a_ping_is_answered_by_its_payload", frame(ping, std::string(125, 'p')), "",
         answer(pong, std::string(125, 'p'))},
        {"an_empty_ping", frame(ping, ""), "", answer(pong, "")},
        {"a_pong_is_not_answered", frame(pong, "!") + frame(binary, "x"), "x", ""},
        {"a_close_is_answered_by_its_code", frame(binary, "x") + frame(close, code_1000 + "bye"), "x",
         answer(close, code_1000), "", true},
        {"a_close_without_a_code", frame(close, ""), "", answer(close, ""), "", true},
        {"a_close_of_an_application", frame(close, std::string{"\x0f\xa0", 2}), "",
         answer(close, std::string{"\x0f\xa0", 2}), "", true},
        {"nothing_is_heard_after_a_close", frame(close, code_1000) + frame(binary, "x"), "",
         answer(close, code_1000), "", true},
    }),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    WebSocketFault, Frames,
    ::testing::ValuesIn(std::vector<Row>{
        // proves 5.0 MQTT-6.0.0-1
        // proves 3.1.1 MQTT-6.0.0-1
        {"text", frame(binary, "a") + frame(text, "b"), "a", answer(close, code_1003),
         "WebSocket: a text frame; MQTT goes in binary ones"},
        {"a_reserved_opcode", frame(0x83, "x"), "", answer(close, code_1002),
         "WebSocket: a frame has a reserved opcode"},
        {"a_reserved_control_opcode", frame(0x8b, "x"), "", answer(close, code_1002),
         "WebSocket: a frame has a reserved opcode"},
        {"reserved_bits", frame(binary | 0x40, "x"), "", answer(close, code_1002),
         "WebSocket: a frame has reserved bits set"},
        {"unmasked", frame(binary, "x", false), "", answer(close, code_1002),
         "WebSocket: a frame of a client is not masked"},
        {"a_control_frame_over_125", frame(ping, std::string(126, 'p')), "", answer(close, code_1002),
         "WebSocket: a frame breaks the rules of framing"},
        {"a_control_frame_in_fragments", frame(0x09, "p"), "", answer(close, code_1002),
         "WebSocket: a frame breaks the rules of framing"},
        {"a_length_in_too_many_bytes", std::string{"\x82\xfe\x00\x05", 4} + "mask", "",
         answer(close, code_1002), "WebSocket: a frame breaks the rules of framing"},
        {"a_length_of_64_bits_and_its_sign", std::string{"\x82\xff\x80\0\0\0\0\0\0\0", 10} + "mask", "",
         answer(close, code_1002), "WebSocket: a frame breaks the rules of framing"},
        {"a_continuation_of_nothing", frame(0x80, "x"), "", answer(close, code_1002),
         "WebSocket: a frame continues nothing"},
        {"a_message_within_a_message", frame(0x02, "a") + frame(binary, "b"), "a", answer(close, code_1002),
         "WebSocket: a message begins within another"},
        {"half_a_code", frame(close, "\x03"), "", answer(close, code_1002),
         "WebSocket: half a code in a close frame"},
        {"a_code_nobody_sends", frame(close, std::string{"\x03\xed", 2}), "", answer(close, code_1002),
         "WebSocket: the code 1005 in a close frame"},
        {"a_code_below_1000", frame(close, std::string{"\x00\x01", 2}), "", answer(close, code_1002),
         "WebSocket: the code 1 in a close frame"},
        {"a_reason_that_is_not_utf8", frame(close, code_1000 + "\xff"), "", answer(close, code_1007),
         "WebSocket: the reason in a close frame is not UTF-8"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_P(Frames, mean_the_same_wherever_they_are_cut) {
  const Played outcome = played_every_way(make, head + GetParam().frames);
  EXPECT_EQ(outcome.up, GetParam().up);
  EXPECT_EQ(outcome.down, switched + GetParam().down);
  EXPECT_EQ(outcome.wrong, GetParam().wrong);
  EXPECT_EQ(outcome.ended, GetParam().ended);
}

TEST(WebSocket, whom_a_proxy_speaks_for_is_known_also_when_the_frames_behind_are_wrong) {
  WebSocketOptions options;
  options.trusted_proxies = {*Network::from("10.0.0.0/8")};
  const auto shared = std::make_shared<const WebSocketOptions>(options);
  const auto behind_proxy = [&] {
    return std::make_unique<WebSocketFilter>(shared, Peer{Address::from("10.0.0.1"), 1});
  };
  const std::string forwarded = head.substr(0, head.size() - 2) + "X-Forwarded-For: 203.0.113.9\r\n\r\n";
  for (const std::string& frames : {frame(text, "b"), frame(close, code_1000)})
    EXPECT_EQ(played_every_way(behind_proxy, forwarded + frames).address, "203.0.113.9");
}

TEST(WebSocket, a_refused_request_is_answered_and_fails_wherever_it_is_cut) {
  const Played outcome = played_every_way(make, "GET / HTTP/1.1\r\nHost: x\r\n\r\nmore");
  EXPECT_TRUE(outcome.down.starts_with("HTTP/1.1 426 ")) << outcome.down;
  EXPECT_NE(outcome.wrong, "");
}

TEST(WebSocket, a_request_of_more_than_8_kib_is_refused) {
  const std::string longest = head.substr(0, head.size() - 2) + "X: ";
  const std::string fits = longest + std::string(8192 - longest.size() - 4, 'x') + "\r\n\r\n";
  const auto filter = make();
  EXPECT_EQ(played(*filter, {fits}).wrong, "");
  for (const std::size_t cut : std::vector<std::size_t>{1, 8191, 8192, 8193}) {
    const auto refuses = make();
    const std::string input = longest + std::string(9000, 'x');
    const Played outcome =
        played(*refuses, {std::string_view{input}.substr(0, cut), std::string_view{input}.substr(cut)});
    EXPECT_TRUE(outcome.down.starts_with("HTTP/1.1 431 ")) << outcome;
    EXPECT_LE(refuses->memory(), 32U * 1024);
  }
}

TEST(WebSocket, who_speaks_something_else_is_told_apart_by_the_first_byte) {
  for (const auto& [first, says] :
       {std::pair{"\x10\x1c", "plain MQTT"}, {"\x16\x03", "TLS"}, {"\r\n", "no HTTP"}}) {
    const auto filter = make();
    const Played outcome = played(*filter, {first});
    EXPECT_NE(outcome.wrong.find(says), std::string::npos) << outcome.wrong;
    EXPECT_EQ(outcome.down, "");
  }
}

// A PUBLISH as far as its length goes.
std::string packet_of(std::size_t remaining) {
  std::string packet{"\x30"};
  for (std::size_t left = remaining;; left >>= 7) {
    packet += static_cast<char>((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
    if (left <= 0x7F) break;
  }
  return packet + std::string(remaining, 'x');
}

std::string frame_of(const std::string& packet) {
  const std::size_t size = packet.size();
  std::string header{"\x82"};
  if (size <= 125) {
    header += static_cast<char>(size);
  } else if (size <= 65535) {
    header += '\x7e', header += static_cast<char>(size >> 8), header += static_cast<char>(size);
  } else {
    header += '\x7f';
    for (int shift = 56; shift >= 0; shift -= 8) header += static_cast<char>(size >> shift);
  }
  return header + packet;
}

TEST(WebSocket, a_packet_goes_in_a_binary_frame_of_its_length) {
  const auto filter = make();
  played(*filter, {head});
  for (const std::size_t remaining : std::vector<std::size_t>{0, 1, 123, 124, 65'531, 65'532, 200'000}) {
    const std::string packet = packet_of(remaining);
    const mqtt::Bytes whole = bytes_in(packet);
    const std::vector<mqtt::Bytes> parts{whole.first(whole.size() / 2), whole.subspan(whole.size() / 2)};
    mqtt::Buffer down;
    filter->give(parts, down);
    EXPECT_TRUE(text_in(down) == frame_of(packet)) << remaining;
  }
  mqtt::Buffer nothing;
  filter->give({}, nothing);
  EXPECT_TRUE(nothing.empty());
}

// Some clients take the first packet of a frame for all that is in it.
TEST(WebSocket, packets_have_a_frame_each_wherever_the_broker_cuts_them) {
  std::string stream, frames;
  for (const std::size_t remaining : std::vector<std::size_t>{0, 200, 1, 20'000})
    stream += packet_of(remaining), frames += frame_of(packet_of(remaining));
  const mqtt::Bytes whole = bytes_in(stream);
  for (std::size_t cut = 0; cut <= 220; ++cut) {
    const auto filter = make();
    played(*filter, {head});
    mqtt::Buffer down;
    const std::array<mqtt::Bytes, 1> first{whole.first(cut)}, rest{whole.subspan(cut)};
    filter->give(first, down);
    filter->give(rest, down);
    ASSERT_TRUE(text_in(down) == frames) << cut;
  }
}

TEST(WebSocket, the_last_word_is_a_close_frame_unless_it_was_said) {
  mqtt::Buffer words;
  const auto before = make();
  before->finish(words);
  EXPECT_TRUE(words.empty());
  const auto filter = make();
  played(*filter, {head});
  filter->finish(words);
  EXPECT_EQ(text_in(words), answer(close, code_1000));
  const auto closed = make();
  played(*closed, {head, frame(close, "")});
  words.clear();
  closed->finish(words);
  EXPECT_TRUE(words.empty());
}

TEST(WebSocket, a_huge_frame_flows_through_and_is_not_kept) {
  const auto filter = make();
  played(*filter, {head});
  const std::string header{"\x82\xff\0\0\0\0\x10\0\0\0\0\0\0\0", 14};  // 256 MiB, masked by zeros
  mqtt::Buffer up, down;
  ASSERT_TRUE(filter->take(bytes_in(header), up, down));
  const std::string piece(64 * 1024, 'x');
  for (int i = 0; i < 256 * 16; ++i) {
    up.clear();
    ASSERT_TRUE(filter->take(bytes_in(piece), up, down));
    ASSERT_EQ(up.size(), piece.size());
    ASSERT_LE(filter->memory(), 8U * 1024);
  }
  EXPECT_LE(filter->memory(), 256U);  // the frame is whole: the parser is gone
}

}  // namespace
}  // namespace mortise::net
