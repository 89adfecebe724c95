#include "mqtt/encode.hpp"

#include "valid_packets.hpp"

namespace mortise::mqtt {
namespace {

class ValidPackets : public testing::TestWithParam<ValidPacket> {};
INSTANTIATE_TEST_SUITE_P(Encode, ValidPackets, testing::ValuesIn(valid_packets()), name_of);

TEST_P(ValidPackets, come_out_as_they_went_in) {
  const auto& [name, version, bytes] = GetParam();
  const auto decoded = decode_wire(bytes, version);
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(hex(encode_wire(*decoded, version)), hex(bytes));
}

TEST_P(ValidPackets, are_appended_and_leave_what_is_there_alone) {
  const auto& [name, version, bytes] = GetParam();
  const auto decoded = decode_wire(bytes, version);
  ASSERT_TRUE(decoded);
  Wire out = wire(1, 2, 3);
  encode(*decoded, version, out);
  EXPECT_EQ(hex(out), hex(wire(1, 2, 3, bytes)));
}

TEST_P(ValidPackets, cut_at_every_byte_are_never_read_past_their_end) {
  const auto& [name, version, bytes] = GetParam();
  for (std::size_t have = 0; have < bytes.size() && have < 400; ++have) {
    const Wire exact(bytes.begin(),
                     bytes.begin() + static_cast<std::ptrdiff_t>(have));  // sanitizers see the end
    const auto frame = read_frame(exact, unlimited);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->size, 0u);
  }
}

// The body alone cut short, the frame fitting: what comes out, if anything does, is a packet.
TEST_P(ValidPackets, with_a_body_cut_short_are_faulty_or_shorter_packets) {
  const auto& [name, version, bytes] = GetParam();
  const auto whole = read_frame(bytes, unlimited);
  ASSERT_TRUE(whole);
  for (std::size_t size = 0; size < whole->body.size() && size < 400; ++size) {
    const Wire body(whole->body.begin(), whole->body.begin() + static_cast<std::ptrdiff_t>(size));
    const Wire shorter = packet(bytes[0], body);
    const auto decoded = decode_wire(shorter, version);
    if (!decoded) {
      EXPECT_STRNE(decoded.error().what, "");
      continue;
    }
    const Wire again = encode_wire(*decoded, version);
    const auto twice = decode_wire(again, version);
    ASSERT_TRUE(twice) << hex(shorter);
    EXPECT_EQ(hex(encode_wire(*twice, version)), hex(again));
  }
}

struct Row {
  const char* name;
  Version version;
  Wire bytes;
  Wire written;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name << ' ' << hex(row.bytes); }
class OtherSpellings : public testing::TestWithParam<Row> {};

// clang-format off
INSTANTIATE_TEST_SUITE_P(Encode, OtherSpellings, testing::ValuesIn(std::vector<Row>{
    // what it shows                       version  as it may be sent                                                      as encode writes it
    {"a_success_that_is_spelled_out",          v5,  packet(0x40, two(1), 0x00),                                            packet(0x40, two(1))},
    {"a_property_length_of_nothing",           v5,  packet(0x40, two(1), 0x00, no_properties),                             packet(0x40, two(1))},
    {"a_reason_and_a_property_length",         v5,  packet(0x62, two(1), 0x92, no_properties),                             packet(0x62, two(1), 0x92)},
    {"a_disconnect_that_is_spelled_out",       v5,  packet(0xE0, 0x00),                                                    packet(0xE0)},
    {"a_disconnect_with_no_properties",        v5,  packet(0xE0, 0x04, no_properties),                                     packet(0xE0, 0x04)},
    {"defaults_that_are_spelled_out",          v5,  packet(0x10, head(5, 2), sized(0x11, four(0), 0x21, two(65'535), 0x22, two(0), 0x19, 0, 0x17, 1), text("me")),
                                                                                                                           packet(0x10, head(5, 2), no_properties, text("me"))},
    {"payload_format_0",                       v5,  packet(0x30, text("a"), sized(0x01, 0)),                               packet(0x30, text("a"), no_properties)},
    {"a_will_delay_of_0",                      v5,  packet(0x10, head(5, 6), no_properties, text("me"), sized(0x18, four(0)), text("w"), text("x")),
                                                                                                                           packet(0x10, head(5, 6), no_properties, text("me"), no_properties, text("w"), text("x"))},
    {"user_properties_keep_their_order",       v5,  packet(0x30, text("a"), sized(user("z", "1"), 0x02, four(9), user("a", "2"), 0x03, text("t"), user("m", "3"))),
                                                                                                                           packet(0x30, text("a"), sized(0x02, four(9), user("z", "1"), user("a", "2"), 0x03, text("t"), user("m", "3")))},
    {"a_reason_string_behind_user_properties", v5,  packet(0x40, two(1), 0x80, sized(user("k", "v"), 0x1F, text("r"))),    packet(0x40, two(1), 0x80, sized(0x1F, text("r"), user("k", "v")))},
    {"empty_authentication_data",              v5,  packet(0xF0, 0x18, sized(0x15, text("m"), 0x16, text(""))),            packet(0xF0, 0x18, sized(0x15, text("m")))},
}), name_of);
// clang-format on

TEST_P(OtherSpellings, are_understood_and_written_the_short_way) {
  const auto& [name, version, bytes, written] = GetParam();
  const auto decoded = decode_wire(bytes, version);
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(hex(encode_wire(*decoded, version)), hex(written));
}

TEST(Encode, fields_speak_and_raw_only_adds) {
  const Wire raw = wire(0x02, four(100), user("k", "v"), 0x23, two(9), 0x03, text("t"));
  const Publish changed{.topic = "a", .properties = {.message_expiry_s = 7, .raw = raw}};
  EXPECT_EQ(hex(encode_wire(changed, v5)),
            hex(packet(0x30, text("a"), sized(0x02, four(7), user("k", "v"), 0x03, text("t")))));
}

TEST(Encode, a_packet_made_by_hand_may_carry_properties_without_a_field) {
  const Wire raw = wire(user("a", "b"), user("a", "c"));
  EXPECT_EQ(hex(encode_wire(Connack{.receive_maximum = 5, .raw = raw}, v5)),
            hex(packet(0x20, 0, 0, sized(0x21, two(5), raw))));
}

TEST(Encode, leaves_out_what_3_1_does_not_know) {
  EXPECT_EQ(hex(encode_wire(Connack{.session_present = true}, v3_1)), hex(packet(0x20, 0, 0)));
  EXPECT_EQ(
      hex(encode_wire(
          Suback{.packet_id = 1, .reasons = {ReasonCode::granted_qos_2, ReasonCode::not_authorized}}, v3_1)),
      hex(packet(0x90, two(1), 2, 0)));
}

TEST(Encode, leaves_out_what_3_1_1_does_not_know) {
  const Wire raw = user("k", "v");
  EXPECT_EQ(hex(encode_wire(Publish{.topic = "a", .properties = {.message_expiry_s = 7, .raw = raw}}, v3)),
            hex(packet(0x30, text("a"))));
  EXPECT_EQ(hex(encode_wire(Connack{.session_expiry_s = 9, .reason_string = "x", .raw = raw}, v3)),
            hex(packet(0x20, 0, 0)));
  EXPECT_EQ(hex(encode_wire(Puback{.packet_id = 1, .reason = ReasonCode::not_authorized, .raw = raw}, v3)),
            hex(packet(0x40, two(1))));
  EXPECT_EQ(
      hex(encode_wire(Disconnect{.reason = ReasonCode::disconnect_with_will, .session_expiry_s = 1}, v3)),
      hex(packet(0xE0)));
  EXPECT_EQ(hex(encode_wire(Unsuback{.packet_id = 1, .reasons = {ReasonCode::success}}, v3)),
            hex(packet(0xB0, two(1))));
  const SubscriptionOptions options{Qos::exactly_once, true, true, RetainHandling::do_not_send};
  EXPECT_EQ(hex(encode_wire(Subscribe{.packet_id = 1, .entries = {{"a", options}}, .raw = raw}, v3)),
            hex(packet(0x82, two(1), text("a"), 2)));
  EXPECT_EQ(hex(encode_wire(Unsubscribe{.packet_id = 1, .filters = {"a"}, .raw = raw}, v3)),
            hex(packet(0xA2, two(1), text("a"))));
  const Connect connect{
      .version = v3, .client_id = "me", .session_expiry_s = 5, .receive_maximum = 3, .raw = raw};
  EXPECT_EQ(hex(encode_wire(connect, v3)), hex(packet(0x10, text("MQTT"), 4, 0, two(0), text("me"))));
}

TEST(Encode, every_error_of_a_suback_is_0x80_in_3_1_1) {
  const Suback suback{.packet_id = 1,
                      .reasons = {ReasonCode::granted_qos_2, ReasonCode::not_authorized,
                                  ReasonCode::topic_filter_invalid, ReasonCode::unspecified_error}};
  EXPECT_EQ(hex(encode_wire(suback, v3)), hex(packet(0x90, two(1), 2, 0x80, 0x80, 0x80)));
}

TEST(Encode, a_refused_connection_has_no_session_present) {
  const Connack refused{.session_present = true, .reason = ReasonCode::banned};
  EXPECT_EQ(hex(encode_wire(refused, v3)), hex(packet(0x20, 0, 5)));
  EXPECT_EQ(hex(encode_wire(refused, v5)), hex(packet(0x20, 0, 0x8A, no_properties)));
}

TEST(Encode, a_connect_goes_by_its_own_version) {
  EXPECT_EQ(hex(encode_wire(Connect{.version = v3, .clean_start = true, .client_id = "me"}, v5)),
            hex(packet(0x10, text("MQTT"), 4, 2, two(0), text("me"))));
}

TEST(EncodeDeathTest, fields_out_of_range_break_the_contract) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Wire out;
  const std::string too_long(65'536, 'a');
  const Wire will_delay = wire(0x18, four(1));
  EXPECT_DEATH(encode(Publish{.topic = too_long}, v3, out), "internal error");
  EXPECT_DEATH(encode(Publish{.qos = Qos::at_least_once, .topic = "a"}, v3, out), "internal error");
  EXPECT_DEATH(encode(Puback{}, v5, out), "internal error");
  EXPECT_DEATH(encode(Subscribe{.packet_id = 1}, v5, out), "internal error");
  EXPECT_DEATH(encode(Suback{.packet_id = 1}, v5, out), "internal error");
  EXPECT_DEATH(encode(Connack{.receive_maximum = std::uint16_t{0}}, v5, out), "internal error");
  EXPECT_DEATH(encode(Publish{.topic = "a", .properties = {.raw = will_delay}}, v5, out), "internal error");
  EXPECT_DEATH(encode(Auth{}, v3, out), "internal error");
}

}  // namespace
}  // namespace mortise::mqtt
