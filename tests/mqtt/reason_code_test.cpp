#include "mqtt/reason_code.hpp"

#include <set>
#include <string>

#include "mqtt/packet.hpp"
#include "wire.hpp"

namespace mortise::mqtt {
namespace {

struct Row {
  const char* name;
  PacketType packet;
  std::set<int> codes;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
class ReasonCodes : public testing::TestWithParam<Row> {};

// Packet by packet, from the tables of MQTT 5.0 chapter 3; the rows under test are code by code.
// clang-format off
INSTANTIATE_TEST_SUITE_P(ReasonCode, ReasonCodes, testing::ValuesIn(std::vector<Row>{
    {"connect",     PacketType::connect,     {}},
    {"connack",     PacketType::connack,     {0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90,
                                              0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F}},
    {"publish",     PacketType::publish,     {}},
    {"puback",      PacketType::puback,      {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}},
    {"pubrec",      PacketType::pubrec,      {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}},
    {"pubrel",      PacketType::pubrel,      {0x00, 0x92}},
    {"pubcomp",     PacketType::pubcomp,     {0x00, 0x92}},
    {"subscribe",   PacketType::subscribe,   {}},
    {"suback",      PacketType::suback,      {0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2}},
    {"unsubscribe", PacketType::unsubscribe, {}},
    {"unsuback",    PacketType::unsuback,    {0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91}},
    {"pingreq",     PacketType::pingreq,     {}},
    {"pingresp",    PacketType::pingresp,    {}},
    {"disconnect",  PacketType::disconnect,  {0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90,
                                              0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0,
                                              0xA1, 0xA2}},
    {"auth",        PacketType::auth,        {0x00, 0x18, 0x19}},
}), name_of);
// clang-format on

TEST_P(ReasonCodes, stand_in_the_packets_the_specification_names_and_in_no_other) {
  for (int code = 0; code < 256; ++code)
    EXPECT_EQ(is_allowed(static_cast<ReasonCode>(code), GetParam().packet), GetParam().codes.contains(code))
        << code;
}

TEST(ReasonCode, every_known_code_has_a_text_of_its_own) {
  std::set<std::string_view> texts;
  int known = 0;
  for (int code = 0; code < 256; ++code) {
    const std::string_view text = text_of(static_cast<ReasonCode>(code));
    if (text == "unknown reason code") continue;
    ++known;
    texts.insert(text);
  }
  EXPECT_EQ(known, 43);
  EXPECT_EQ(texts.size(), 43u);
  EXPECT_EQ(text_of(ReasonCode::not_authorized), "not authorized");
  EXPECT_EQ(text_of(static_cast<ReasonCode>(0x03)), "unknown reason code");
}

TEST(ReasonCode, errors_begin_at_0x80) {
  EXPECT_FALSE(is_error(ReasonCode::success));
  EXPECT_FALSE(is_error(static_cast<ReasonCode>(0x7F)));
  EXPECT_TRUE(is_error(ReasonCode::unspecified_error));
  EXPECT_TRUE(is_error(ReasonCode::wildcard_subscriptions_not_supported));
}

TEST(ReasonCode, the_return_codes_of_3_1_1_are_what_their_names_say) {
  EXPECT_EQ(connack_return_code_of(ReasonCode::success), 0);
  EXPECT_EQ(connack_return_code_of(ReasonCode::unsupported_protocol_version), 1);
  EXPECT_EQ(connack_return_code_of(ReasonCode::client_identifier_not_valid), 2);
  EXPECT_EQ(connack_return_code_of(ReasonCode::server_unavailable), 3);
  EXPECT_EQ(connack_return_code_of(ReasonCode::server_busy), 3);
  EXPECT_EQ(connack_return_code_of(ReasonCode::bad_user_name_or_password), 4);
  EXPECT_EQ(connack_return_code_of(ReasonCode::not_authorized), 5);
  EXPECT_EQ(connack_return_code_of(ReasonCode::banned), 5);
}

TEST(ReasonCode, no_error_becomes_an_accepted_connection_in_3_1_1) {
  for (int code = 0x80; code < 256; ++code) {
    EXPECT_GE(connack_return_code_of(static_cast<ReasonCode>(code)), 1) << code;
    EXPECT_LE(connack_return_code_of(static_cast<ReasonCode>(code)), 5) << code;
  }
}

}  // namespace
}  // namespace mortise::mqtt
