#include "mqtt/frame.hpp"

#include "mqtt/varint.hpp"
#include "wire.hpp"

namespace mortise::mqtt {
namespace {

TEST(Frame, an_empty_input_needs_two_bytes) {
  const auto frame = read_frame({}, unlimited);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->size, 0u);
  EXPECT_EQ(frame->needed, 2u);
}

TEST(Frame, shows_type_flags_and_body_and_leaves_the_next_packet_alone) {
  const Wire bytes = wire(packet(0x3D, 1, 2, 3), packet(0xC0));
  const auto frame = read_frame(bytes, unlimited);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->type, PacketType::publish);
  EXPECT_EQ(frame->flags, 0x0D);
  EXPECT_EQ(frame->size, 5u);
  EXPECT_EQ(Wire(frame->body.begin(), frame->body.end()), wire(1, 2, 3));
  EXPECT_EQ(frame->body.data(), bytes.data() + 2) << "a body must be a view, not a copy";

  const auto next = read_frame(Bytes{bytes}.subspan(frame->size), unlimited);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->type, PacketType::pingreq);
  EXPECT_EQ(next->size, 2u);
}

struct Length {
  const char* name;
  std::size_t body;
  Wire header;
};
void PrintTo(const Length& row, std::ostream* out) { *out << row.name; }
class Lengths : public testing::TestWithParam<Length> {};

// The borders of MQTT 5.0 §1.5.5, table 1-1, short of what a test should allocate.
// clang-format off
INSTANTIATE_TEST_SUITE_P(Frame, Lengths, testing::ValuesIn(std::vector<Length>{
    {"nothing",                0,         wire(0x30, 0x00)},
    {"one_byte",               1,         wire(0x30, 0x01)},
    {"largest_of_one",         127,       wire(0x30, 0x7F)},
    {"smallest_of_two",        128,       wire(0x30, 0x80, 0x01)},
    {"largest_of_two",         16'383,    wire(0x30, 0xFF, 0x7F)},
    {"smallest_of_three",      16'384,    wire(0x30, 0x80, 0x80, 0x01)},
    {"largest_of_three",       2'097'151, wire(0x30, 0xFF, 0xFF, 0x7F)},
    {"smallest_of_four",       2'097'152, wire(0x30, 0x80, 0x80, 0x80, 0x01)},
}), name_of);
// clang-format on

TEST_P(Lengths, are_read_back_and_written_the_same) {
  const auto& [name, body, header] = GetParam();
  const Wire bytes = wire(header, Wire(body, 0xAA));
  const auto frame = read_frame(bytes, unlimited);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->size, bytes.size());
  EXPECT_EQ(frame->body.size(), body);
  EXPECT_EQ(variable(body), Wire(header.begin() + 1, header.end()));
  EXPECT_EQ(variable_size(static_cast<std::uint32_t>(body)), header.size() - 1);
}

TEST_P(Lengths, one_byte_less_names_what_is_needed) {
  const auto& [name, body, header] = GetParam();
  if (body == 0) return;
  const Wire bytes = wire(header, Wire(body - 1, 0xAA));
  const auto frame = read_frame(bytes, unlimited);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->size, 0u);
  EXPECT_EQ(frame->needed, header.size() + body);
}

TEST_P(Lengths, the_maximum_packet_size_counts_the_header_and_shows_in_the_header_alone) {
  const auto& [name, body, header] = GetParam();
  const std::size_t whole = header.size() + body;
  const auto at_the_limit = read_frame(header, whole);
  ASSERT_TRUE(at_the_limit);
  const auto above = read_frame(header, whole - 1);
  ASSERT_FALSE(above);
  EXPECT_EQ(above.error().reason, ReasonCode::packet_too_large);
  EXPECT_NE(std::string_view{above.error().what}.find("maximum packet size"), std::string_view::npos);
}

TEST(Frame, the_largest_length_there_is_is_understood) {
  const auto frame = read_frame(wire(0x30, 0xFF, 0xFF, 0xFF, 0x7F), unlimited);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->size, 0u);
  EXPECT_EQ(frame->needed, 268'435'455u + 5);
}

TEST(Frame, a_packet_split_at_every_byte_asks_for_more_and_then_is_whole) {
  const Wire bytes = packet(0x32, text("a/b"), two(7), sized(0x02, four(60)), chars(std::string(200, 'x')));
  for (std::size_t have = 0; have < bytes.size(); ++have) {
    const auto frame = read_frame(Bytes{bytes}.first(have), unlimited);
    ASSERT_TRUE(frame) << have;
    EXPECT_EQ(frame->size, 0u) << have;
    EXPECT_GT(frame->needed, have) << "progress must be asked for";
    EXPECT_LE(frame->needed, bytes.size()) << "a packet that is whole must not be waited for";
  }
  const auto frame = read_frame(bytes, unlimited);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->size, bytes.size());
}

struct Bad {
  const char* name;
  Wire bytes;
};
void PrintTo(const Bad& row, std::ostream* out) { *out << row.name << ' ' << hex(row.bytes); }
class BadFrames : public testing::TestWithParam<Bad> {};

// clang-format off
INSTANTIATE_TEST_SUITE_P(Frame, BadFrames, testing::ValuesIn(std::vector<Bad>{
    {"packet_type_0_by_its_first_byte",    wire(0x00)},
    {"packet_type_0_with_flags",           wire(0x0F, 0x00)},
    {"a_length_of_five_bytes",             wire(0x30, 0x80, 0x80, 0x80, 0x80, 0x01)},
    {"a_length_that_promises_a_fifth",     wire(0x30, 0xFF, 0xFF, 0xFF, 0xFF)},
    {"zero_in_two_bytes",                  wire(0xC0, 0x80, 0x00)},
    {"one_in_two_bytes",                   wire(0x30, 0x81, 0x00, 0x00)},
    {"a_three_byte_value_in_four",         wire(0x30, 0xFF, 0xFF, 0xFF, 0x00)},
}), name_of);
// clang-format on

TEST_P(BadFrames, are_malformed) {
  const auto frame = read_frame(GetParam().bytes, unlimited);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().reason, ReasonCode::malformed_packet);
}

}  // namespace
}  // namespace mortise::mqtt
