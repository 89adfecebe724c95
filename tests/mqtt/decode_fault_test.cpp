#include <string>

#include "valid_packets.hpp"

namespace mortise::mqtt {
namespace {

using enum ReasonCode;

struct Row {
  const char* name;
  Version version;
  Wire bytes;
  ReasonCode reason;
  std::string_view what;  // part of the sentence
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name << ' ' << hex(row.bytes); }
class Faults : public testing::TestWithParam<Row> {};

TEST_P(Faults, are_named_with_their_reason_code) {
  const auto& row = GetParam();
  const auto decoded = decode_wire(row.bytes, row.version);
  ASSERT_FALSE(decoded) << "this must not decode";
  EXPECT_EQ(decoded.error().reason, row.reason) << decoded.error().what;
  EXPECT_NE(std::string_view{decoded.error().what}.find(row.what), std::string_view::npos)
      << decoded.error().what;
}

// [MQTT-2.1.3-1]; PUBLISH has flags of its own and rows of its own.
TEST(FixedHeaderFlags, that_are_reserved_and_not_as_they_must_be_are_malformed_in_every_packet) {
  for (int type = 1; type < 16; ++type) {
    if (type == 3) continue;
    for (int flags = 0; flags < 16; ++flags) {
      if (flags == (type == 6 || type == 8 || type == 10 ? 2 : 0)) continue;
      for (const Version version : {v3, v5}) {
        const auto decoded = decode_wire(packet(type << 4 | flags, two(1), text("a"), 0), version);
        ASSERT_FALSE(decoded) << type << ' ' << flags;
        EXPECT_EQ(decoded.error().reason, malformed_packet);
        EXPECT_NE(std::string_view{decoded.error().what}.find("flags of the fixed header"),
                  std::string_view::npos);
      }
    }
  }
}

template <class... Rest>
Wire connect3(int flags, const Rest&... rest) {
  return packet(0x10, head(4, flags), rest...);
}
template <class... Rest>
Wire connect5(int flags, const Wire& properties, const Rest&... rest) {
  return packet(0x10, head(5, flags), properties, rest...);
}
Wire with_property(const Wire& property) { return connect5(0x02, sized(property), text("me")); }
Wire connack5(const Wire& property) { return packet(0x20, 0, 0, sized(property)); }
Wire publish5(const Wire& properties) { return packet(0x30, text("a/b"), sized(properties), chars("x")); }
const Wire bad_utf8 = wire(two(2), 0xC3, 0x28);
const Wire text_with_null = wire(two(3), 'a', 0, 'b');

// clang-format off
INSTANTIATE_TEST_SUITE_P(Connect, Faults, testing::ValuesIn(std::vector<Row>{
    {"flags_of_the_fixed_header",         v5, packet(0x11, head(5, 2), no_properties, text("me")), malformed_packet, "flags of the fixed header"},
    {"no_body",                           v5, packet(0x10),                                        malformed_packet, "protocol name is cut short"},
    {"half_a_protocol_name",              v5, packet(0x10, two(4), chars("MQ")),                   malformed_packet, "protocol name is cut short"},
    {"only_a_protocol_name",              v5, packet(0x10, text("MQTT")),                          malformed_packet, "protocol version is cut short"},
    {"the_name_of_3_1_with_level_4",      v3, packet(0x10, text("MQIsdp"), 4, 2, two(60), text("me")), unsupported_protocol_version, "protocol version"},
    {"the_name_of_3_1_with_level_5",      v5, packet(0x10, text("MQIsdp"), 5, 2, two(60), no_properties, text("me")), unsupported_protocol_version, "protocol version"},
    {"a_name_in_small_letters",           v5, packet(0x10, text("mqtt"), 5, 2, two(60), no_properties, text("me")), unsupported_protocol_version, "protocol name"},
    {"an_empty_name",                     v5, packet(0x10, text(""), 5, 2, two(60), no_properties, text("me")), unsupported_protocol_version, "protocol name"},
    {"level_3",                           v3, packet(0x10, head(3, 2), text("me")),                unsupported_protocol_version, "protocol version"},
    {"level_6",                           v5, packet(0x10, head(6, 2), no_properties, text("me")), unsupported_protocol_version, "protocol version"},
    {"level_of_a_bridge_of_5_0",          v5, packet(0x10, head(0x85, 2), no_properties, text("me")), unsupported_protocol_version, "bit of a bridge"},
    {"level_of_a_bridge_of_nothing",      v3, packet(0x10, head(0x82, 2), text("me")),             unsupported_protocol_version, "protocol version"},
    {"level_0",                           v3, packet(0x10, head(0, 2), text("me")),                unsupported_protocol_version, "protocol version"},
    {"reserved_flag_in_5_0",              v5, connect5(0x03, no_properties, text("me")),           malformed_packet, "reserved connect flag"},
    {"reserved_flag_in_3_1_1",            v3, connect3(0x03, text("me")),                          malformed_packet, "reserved connect flag"},
    {"will_qos_3",                        v5, connect5(0x1E, no_properties, text("me"), no_properties, text("w"), text("")), malformed_packet, "will QoS is 3"},
    {"will_qos_3_in_3_1_1",               v3, connect3(0x1E, text("me"), text("w"), text("")),     malformed_packet, "will QoS is 3"},
    {"will_qos_without_a_will",           v5, connect5(0x0A, no_properties, text("me")),           malformed_packet, "will QoS without"},
    {"will_qos_without_a_will_in_3_1_1",  v3, connect3(0x12, text("me")),                          malformed_packet, "will QoS without"},
    {"will_retain_without_a_will",        v5, connect5(0x22, no_properties, text("me")),           malformed_packet, "will retain"},
    {"will_retain_without_a_will_in_3_1_1", v3, connect3(0x22, text("me")),                        malformed_packet, "will retain"},
    {"password_alone_in_3_1_1",           v3, connect3(0x42, text("me"), text("secret")),          malformed_packet, "password without a user name"},
    {"no_connect_flags",                  v5, packet(0x10, text("MQTT"), 5),                       malformed_packet, "connect flags is cut short"},
    {"half_a_keep_alive",                 v5, packet(0x10, text("MQTT"), 5, 2, 0),                 malformed_packet, "keep alive is cut short"},
    {"no_property_length",                v5, packet(0x10, head(5, 2)),                            malformed_packet, "property length is cut short"},
    {"property_length_too_long",          v5, packet(0x10, head(5, 2), variable(100), text("me")), malformed_packet, "list of properties is cut short"},
    {"property_length_not_the_shortest",  v5, packet(0x10, head(5, 2), 0x80, 0x00, text("me")),    malformed_packet, "property length is not a variable byte integer"},
    {"property_length_of_five_bytes",     v5, packet(0x10, head(5, 2), 0x80, 0x80, 0x80, 0x80, 0x01, text("me")), malformed_packet, "property length is not a variable byte integer"},
    {"no_client_identifier",              v5, connect5(0x02, no_properties),                       malformed_packet, "client identifier is cut short"},
    {"no_client_identifier_in_3_1_1",     v3, connect3(0x02),                                      malformed_packet, "client identifier is cut short"},
    {"client_identifier_cut_short",       v3, connect3(0x02, two(5), chars("me")),                 malformed_packet, "client identifier is cut short"},
    {"client_identifier_not_utf8",        v3, connect3(0x02, bad_utf8),                            malformed_packet, "client identifier is not well-formed UTF-8"},
    {"client_identifier_with_null",       v5, connect5(0x02, no_properties, text_with_null),       malformed_packet, "client identifier is not well-formed UTF-8"},
    {"a_will_flag_and_no_will",           v3, connect3(0x06, text("me")),                          malformed_packet, "will topic is cut short"},
    {"a_will_flag_and_no_will_properties", v5, connect5(0x06, no_properties, text("me")),          malformed_packet, "property length is cut short"},
    {"will_topic_empty",                  v3, connect3(0x06, text("me"), text(""), text("x")),     protocol_error,   "will topic"},
    {"will_topic_with_hash",              v5, connect5(0x06, no_properties, text("me"), no_properties, text("a/#"), text("x")), protocol_error, "will topic"},
    {"will_topic_with_plus_in_3_1_1",     v3, connect3(0x06, text("me"), text("+/a"), text("x")),  protocol_error,   "will topic"},
    {"will_topic_not_utf8",               v5, connect5(0x06, no_properties, text("me"), no_properties, bad_utf8, text("x")), malformed_packet, "will topic is not well-formed UTF-8"},
    {"will_payload_missing",              v3, connect3(0x06, text("me"), text("w")),               malformed_packet, "will payload is cut short"},
    {"will_payload_cut_short",            v3, connect3(0x06, text("me"), text("w"), two(9), chars("x")), malformed_packet, "will payload is cut short"},
    {"user_name_missing",                 v3, connect3(0x82, text("me")),                          malformed_packet, "user name is cut short"},
    {"user_name_not_utf8",                v3, connect3(0x82, text("me"), bad_utf8),                malformed_packet, "user name is not well-formed UTF-8"},
    {"password_missing",                  v3, connect3(0xC2, text("me"), text("user")),            malformed_packet, "password is cut short"},
    {"password_missing_in_5_0",           v5, connect5(0x42, no_properties, text("me")),           malformed_packet, "password is cut short"},
    {"bytes_behind",                      v3, connect3(0x02, text("me"), 0),                       malformed_packet, "behind the packet's last field"},
    {"user_name_without_its_flag",        v5, connect5(0x02, no_properties, text("me"), text("user")), malformed_packet, "behind the packet's last field"},
    {"receive_maximum_0",                 v5, with_property(wire(0x21, two(0))),                   protocol_error,   "receive maximum is out of range"},
    {"maximum_packet_size_0",             v5, with_property(wire(0x27, four(0))),                  protocol_error,   "maximum packet size is out of range"},
    {"request_problem_information_2",     v5, with_property(wire(0x17, 2)),                        protocol_error,   "request problem information is out of range"},
    {"request_response_information_255",  v5, with_property(wire(0x19, 255)),                      protocol_error,   "request response information is out of range"},
    {"authentication_data_alone",         v5, with_property(wire(0x16, text("data"))),             protocol_error,   "without an authentication method"},
    {"empty_authentication_data_alone",   v5, with_property(wire(0x16, text(""))),                 protocol_error,   "without an authentication method"},
    {"will_delay_outside_the_will",       v5, with_property(wire(0x18, four(1))),                  malformed_packet, "will delay interval is not a property of this packet"},
    {"an_unknown_property",               v5, with_property(wire(0x7F, 0)),                        malformed_packet, "unknown identifier"},
    {"property_0",                        v5, with_property(wire(0x00, 0)),                        malformed_packet, "unknown identifier"},
    {"a_property_of_two_identifier_bytes", v5, with_property(wire(0x80, 0x01, 0)),                 malformed_packet, "unknown identifier"},
    {"session_expiry_in_the_will",        v5, connect5(0x06, no_properties, text("me"), sized(0x11, four(1)), text("w"), text("x")), malformed_packet, "session expiry interval is not a property"},
    {"topic_alias_in_the_will",           v5, connect5(0x06, no_properties, text("me"), sized(0x23, two(1)), text("w"), text("x")), malformed_packet, "topic alias is not a property"},
    {"two_will_delays",                   v5, connect5(0x06, no_properties, text("me"), sized(0x18, four(1), 0x18, four(1)), text("w"), text("x")), protocol_error, "will delay interval is there more than once"},
    {"payload_format_2_in_the_will",      v5, connect5(0x06, no_properties, text("me"), sized(0x01, 2), text("w"), text("x")), protocol_error, "payload format indicator is out of range"},
    {"response_topic_wildcard_in_the_will", v5, connect5(0x06, no_properties, text("me"), sized(0x08, text("a/+")), text("w"), text("x")), protocol_error, "response topic is not a topic name"},
}), name_of);

INSTANTIATE_TEST_SUITE_P(Connack, Faults, testing::ValuesIn(std::vector<Row>{
    {"flags_of_the_fixed_header",         v5, packet(0x28, 0, 0, no_properties),         malformed_packet, "flags of the fixed header"},
    {"no_body",                           v5, packet(0x20),                              malformed_packet, "connect acknowledge flags is cut short"},
    {"no_reason_code",                    v5, packet(0x20, 0),                           malformed_packet, "connect reason code is cut short"},
    {"no_properties_in_5_0",              v5, packet(0x20, 0, 0),                        malformed_packet, "property length is cut short"},
    {"properties_in_3_1_1",               v3, packet(0x20, 0, 0, no_properties),         malformed_packet, "behind the packet's last field"},
    {"reserved_acknowledge_flag",         v5, packet(0x20, 2, 0, no_properties),         malformed_packet, "reserved connect acknowledge flag"},
    {"high_acknowledge_flag_in_3_1_1",    v3, packet(0x20, 0x80, 0),                     malformed_packet, "reserved connect acknowledge flag"},
    {"session_present_and_refused",       v5, packet(0x20, 1, 0x87, no_properties),      protocol_error,   "session present"},
    {"session_present_and_refused_in_3_1_1", v3, packet(0x20, 1, 5),                     protocol_error,   "session present"},
    {"return_code_6_in_3_1_1",            v3, packet(0x20, 0, 6),                        protocol_error,   "return code"},
    {"return_code_0x87_in_3_1_1",         v3, packet(0x20, 0, 0x87),                     protocol_error,   "return code"},
    {"reason_code_of_a_disconnect",       v5, packet(0x20, 0, 0x8E, no_properties),      protocol_error,   "reason code"},
    {"reason_code_1",                     v5, packet(0x20, 0, 1, no_properties),         protocol_error,   "reason code"},
    {"maximum_qos_2",                     v5, connack5(wire(0x24, 2)),                   protocol_error,   "maximum QoS is out of range"},
    {"retain_available_2",                v5, connack5(wire(0x25, 2)),                   protocol_error,   "retain available is out of range"},
    {"wildcard_available_2",              v5, connack5(wire(0x28, 2)),                   protocol_error,   "wildcard subscription available is out of range"},
    {"identifiers_available_2",           v5, connack5(wire(0x29, 2)),                   protocol_error,   "subscription identifier available is out of range"},
    {"shared_available_2",                v5, connack5(wire(0x2A, 2)),                   protocol_error,   "shared subscription available is out of range"},
    {"receive_maximum_0",                 v5, connack5(wire(0x21, two(0))),              protocol_error,   "receive maximum is out of range"},
    {"maximum_packet_size_0",             v5, connack5(wire(0x27, four(0))),             protocol_error,   "maximum packet size is out of range"},
    {"authentication_data_alone",         v5, connack5(wire(0x16, text("data"))),        protocol_error,   "without an authentication method"},
    {"reason_string_not_utf8",            v5, connack5(wire(0x1F, bad_utf8)),            malformed_packet, "reason string is not well-formed UTF-8"},
    {"bytes_behind",                      v5, packet(0x20, 0, 0, no_properties, 0),      malformed_packet, "behind the packet's last field"},
}), name_of);

INSTANTIATE_TEST_SUITE_P(Publish, Faults, testing::ValuesIn(std::vector<Row>{
    {"qos_3",                             v5, packet(0x36, text("a"), two(1), no_properties),    malformed_packet, "QoS of the PUBLISH is 3"},
    {"qos_3_in_3_1_1",                    v3, packet(0x36, text("a"), two(1)),                   malformed_packet, "QoS of the PUBLISH is 3"},
    {"qos_3_retained_and_dup",            v3, packet(0x3F, text("a"), two(1)),                   malformed_packet, "QoS of the PUBLISH is 3"},
    {"dup_on_qos_0",                      v5, packet(0x38, text("a"), no_properties),            malformed_packet, "DUP flag"},
    {"dup_on_qos_0_in_3_1_1",             v3, packet(0x39, text("a")),                           malformed_packet, "DUP flag"},
    {"no_body",                           v5, packet(0x30),                                      malformed_packet, "topic name is cut short"},
    {"half_a_topic_length",               v3, packet(0x30, 0),                                   malformed_packet, "topic name is cut short"},
    {"topic_cut_short",                   v3, packet(0x30, two(4), chars("abc")),                malformed_packet, "topic name is cut short"},
    {"topic_not_utf8",                    v5, packet(0x30, bad_utf8, no_properties),             malformed_packet, "topic name is not well-formed UTF-8"},
    {"topic_with_a_surrogate",            v3, packet(0x30, two(3), 0xED, 0xA0, 0x80),            malformed_packet, "topic name is not well-formed UTF-8"},
    {"topic_with_null",                   v3, packet(0x30, text_with_null),                      malformed_packet, "topic name is not well-formed UTF-8"},
    {"topic_with_hash",                   v5, packet(0x30, text("a/#"), no_properties),          protocol_error,   "topic name has wildcards"},
    {"topic_with_plus",                   v5, packet(0x30, text("+/b"), no_properties),          protocol_error,   "topic name has wildcards"},
    {"topic_with_hash_in_3_1_1",          v3, packet(0x30, text("#")),                           protocol_error,   "topic name has wildcards"},
    {"topic_with_plus_inside_a_level",    v3, packet(0x30, text("a/b+c")),                       protocol_error,   "topic name has wildcards"},
    {"no_topic_and_no_alias",             v5, packet(0x30, text(""), no_properties),             protocol_error,   "no topic alias"},
    {"no_topic_in_3_1_1",                 v3, packet(0x30, text("")),                            malformed_packet, "topic name is empty"},
    {"packet_identifier_0",               v5, packet(0x32, text("a"), two(0), no_properties),    protocol_error,   "packet identifier is 0"},
    {"packet_identifier_0_in_3_1_1",      v3, packet(0x34, text("a"), two(0)),                   protocol_error,   "packet identifier is 0"},
    {"no_packet_identifier",              v3, packet(0x32, text("a")),                           malformed_packet, "packet identifier is cut short"},
    {"half_a_packet_identifier",          v3, packet(0x32, text("a"), 0),                        malformed_packet, "packet identifier is cut short"},
    {"no_property_length",                v5, packet(0x30, text("a")),                           malformed_packet, "property length is cut short"},
    {"property_length_beyond_the_packet", v5, packet(0x30, text("a"), variable(9), 0x01, 0),     malformed_packet, "list of properties is cut short"},
    {"a_property_beyond_their_length",    v5, packet(0x30, text("a"), variable(3), 0x02, four(9)), malformed_packet, "message expiry interval is cut short"},
    {"topic_alias_0",                     v5, publish5(wire(0x23, two(0))),                      topic_alias_invalid, "topic alias is out of range"},
    {"payload_format_2",                  v5, publish5(wire(0x01, 2)),                           protocol_error,   "payload format indicator is out of range"},
    {"subscription_identifier_0",         v5, publish5(wire(0x0B, 0)),                           protocol_error,   "subscription identifier is out of range"},
    {"subscription_identifier_too_long",  v5, publish5(wire(0x0B, 0x80, 0x80, 0x80, 0x80, 0x01)), malformed_packet, "subscription identifier is not a variable byte integer"},
    {"subscription_identifier_not_shortest", v5, publish5(wire(0x0B, 0x81, 0x00)),               malformed_packet, "subscription identifier is not a variable byte integer"},
    {"subscription_identifier_cut_short", v5, publish5(wire(0x0B, 0x81)),                        malformed_packet, "subscription identifier is cut short"},
    {"response_topic_with_hash",          v5, publish5(wire(0x08, text("a/#"))),                 protocol_error,   "response topic is not a topic name"},
    {"response_topic_with_plus",          v5, publish5(wire(0x08, text("+"))),                   protocol_error,   "response topic is not a topic name"},
    {"response_topic_empty",              v5, publish5(wire(0x08, text(""))),                    protocol_error,   "response topic is not a topic name"},
    {"response_topic_not_utf8",           v5, publish5(wire(0x08, bad_utf8)),                    malformed_packet, "response topic is not well-formed UTF-8"},
    {"content_type_not_utf8",             v5, publish5(wire(0x03, bad_utf8)),                    malformed_packet, "content type is not well-formed UTF-8"},
    {"user_property_name_not_utf8",       v5, publish5(wire(0x26, bad_utf8, text("v"))),         malformed_packet, "user property is not well-formed UTF-8"},
    {"user_property_value_not_utf8",      v5, publish5(wire(0x26, text("n"), bad_utf8)),         malformed_packet, "user property is not well-formed UTF-8"},
    {"user_property_without_a_value",     v5, publish5(wire(0x26, text("n"))),                   malformed_packet, "user property is cut short"},
    {"session_expiry_in_a_publish",       v5, publish5(wire(0x11, four(1))),                     malformed_packet, "session expiry interval is not a property"},
    {"a_fault_behind_a_good_property",    v5, publish5(wire(0x01, 1, 0x02, four(9), 0x77)),      malformed_packet, "unknown identifier"},
}), name_of);

INSTANTIATE_TEST_SUITE_P(Acknowledgement, Faults, testing::ValuesIn(std::vector<Row>{
    {"puback_flags",                      v5, packet(0x42, two(1)),                              malformed_packet, "flags of the fixed header"},
    {"pubrec_flags",                      v3, packet(0x51, two(1)),                              malformed_packet, "flags of the fixed header"},
    {"pubrel_without_its_flag",           v5, packet(0x60, two(1)),                              malformed_packet, "flags of the fixed header"},
    {"pubrel_without_its_flag_in_3_1_1",  v3, packet(0x60, two(1)),                              malformed_packet, "flags of the fixed header"},
    {"pubrel_with_one_flag_more",         v5, packet(0x63, two(1)),                              malformed_packet, "flags of the fixed header"},
    {"pubcomp_flags",                     v5, packet(0x72, two(1)),                              malformed_packet, "flags of the fixed header"},
    {"puback_of_no_bytes",                v5, packet(0x40),                                      malformed_packet, "packet identifier is cut short"},
    {"puback_of_one_byte",                v3, packet(0x40, 0),                                   malformed_packet, "packet identifier is cut short"},
    {"puback_identifier_0",               v5, packet(0x40, two(0)),                              protocol_error,   "packet identifier is 0"},
    {"pubrec_identifier_0_in_3_1_1",      v3, packet(0x50, two(0)),                              protocol_error,   "packet identifier is 0"},
    {"puback_reason_code_in_3_1_1",       v3, packet(0x40, two(1), 0),                           malformed_packet, "behind the packet's last field"},
    {"puback_reason_of_a_pubrel",         v5, packet(0x40, two(1), 0x92),                        protocol_error,   "reason code"},
    {"pubrec_unknown_reason",             v5, packet(0x50, two(1), 0x42),                        protocol_error,   "reason code"},
    {"pubrel_reason_of_a_puback",         v5, packet(0x62, two(1), 0x10),                        protocol_error,   "reason code"},
    {"pubcomp_reason_of_a_puback",        v5, packet(0x70, two(1), 0x87, no_properties),         protocol_error,   "reason code"},
    {"puback_property_length_too_long",   v5, packet(0x40, two(1), 0, variable(5)),              malformed_packet, "list of properties is cut short"},
    {"pubrec_two_reason_strings",         v5, packet(0x50, two(1), 0, sized(0x1F, text("a"), 0x1F, text("b"))), protocol_error, "reason string is there more than once"},
    {"pubrel_content_type",               v5, packet(0x62, two(1), 0, sized(0x03, text("a"))),   malformed_packet, "content type is not a property"},
    {"pubcomp_bytes_behind",              v5, packet(0x70, two(1), 0, no_properties, 0),         malformed_packet, "behind the packet's last field"},
}), name_of);

INSTANTIATE_TEST_SUITE_P(Subscribe, Faults, testing::ValuesIn(std::vector<Row>{
    {"flags_of_the_fixed_header",         v5, packet(0x80, two(1), no_properties, text("a"), 0), malformed_packet, "flags of the fixed header"},
    {"flags_in_3_1_1",                    v3, packet(0x83, two(1), text("a"), 0),                malformed_packet, "flags of the fixed header"},
    {"packet_identifier_0",               v5, packet(0x82, two(0), no_properties, text("a"), 0), protocol_error,   "packet identifier is 0"},
    {"no_property_length",                v5, packet(0x82, two(1)),                              malformed_packet, "property length is cut short"},
    {"no_filter",                         v5, packet(0x82, two(1), no_properties),               protocol_error,   "no topic filter"},
    {"no_filter_in_3_1_1",                v3, packet(0x82, two(1)),                              protocol_error,   "no topic filter"},
    {"no_options",                        v5, packet(0x82, two(1), no_properties, text("a")),    malformed_packet, "subscription options byte is cut short"},
    {"no_options_in_3_1_1",               v3, packet(0x82, two(1), text("a")),                   malformed_packet, "subscription options byte is cut short"},
    {"no_options_in_the_second",          v3, packet(0x82, two(1), text("a"), 0, text("b")),     malformed_packet, "subscription options byte is cut short"},
    {"filter_cut_short",                  v3, packet(0x82, two(1), two(4), chars("a")),          malformed_packet, "topic filter is cut short"},
    {"filter_not_utf8",                   v5, packet(0x82, two(1), no_properties, bad_utf8, 0),  malformed_packet, "topic filter is not well-formed UTF-8"},
    {"second_filter_not_utf8",            v3, packet(0x82, two(1), text("a"), 0, bad_utf8, 0),   malformed_packet, "topic filter is not well-formed UTF-8"},
    {"qos_3",                             v5, packet(0x82, two(1), no_properties, text("a"), 3), protocol_error,   "maximum QoS of the subscription is 3"},
    {"qos_3_in_3_1_1",                    v3, packet(0x82, two(1), text("a"), 3),                malformed_packet, "maximum QoS of the subscription is 3"},
    {"retain_handling_3",                 v5, packet(0x82, two(1), no_properties, text("a"), 0x30), protocol_error, "retain handling"},
    {"reserved_bit_6",                    v5, packet(0x82, two(1), no_properties, text("a"), 0x40), malformed_packet, "reserved bits"},
    {"reserved_bit_7",                    v5, packet(0x82, two(1), no_properties, text("a"), 0x81), malformed_packet, "reserved bits"},
    {"no_local_in_3_1_1",                 v3, packet(0x82, two(1), text("a"), 0x04),             malformed_packet, "reserved bits"},
    {"retain_as_published_in_3_1_1",      v3, packet(0x82, two(1), text("a"), 0x09),             malformed_packet, "reserved bits"},
    {"retain_handling_in_3_1_1",          v3, packet(0x82, two(1), text("a"), 0x10),             malformed_packet, "reserved bits"},
    {"high_bit_in_3_1_1",                 v3, packet(0x82, two(1), text("a"), 0x80),             malformed_packet, "reserved bits"},
    {"no_local_on_a_shared_one",          v5, packet(0x82, two(1), no_properties, text("$share/g/a"), 0x04), protocol_error, "no local"},
    {"no_local_on_the_second_shared_one", v5, packet(0x82, two(1), no_properties, text("a"), 0x04, text("$share/g/a"), 0x05), protocol_error, "no local"},
    {"subscription_identifier_0",         v5, packet(0x82, two(1), sized(0x0B, 0), text("a"), 0), protocol_error,  "subscription identifier is out of range"},
    {"two_subscription_identifiers",      v5, packet(0x82, two(1), sized(0x0B, 1, 0x0B, 2), text("a"), 0), protocol_error, "subscription identifier is there more than once"},
    {"reason_string",                     v5, packet(0x82, two(1), sized(0x1F, text("why")), text("a"), 0), malformed_packet, "reason string is not a property"},
}), name_of);

INSTANTIATE_TEST_SUITE_P(Suback, Faults, testing::ValuesIn(std::vector<Row>{
    {"flags_of_the_fixed_header",         v5, packet(0x92, two(1), no_properties, 0),            malformed_packet, "flags of the fixed header"},
    {"packet_identifier_0",               v3, packet(0x90, two(0), 0),                           protocol_error,   "packet identifier is 0"},
    {"no_codes",                          v5, packet(0x90, two(1), no_properties),               protocol_error,   "no reason code"},
    {"no_codes_in_3_1_1",                 v3, packet(0x90, two(1)),                              protocol_error,   "no reason code"},
    {"reason_of_an_unsuback",             v5, packet(0x90, two(1), no_properties, 0x11),         protocol_error,   "reason code"},
    {"qos_3",                             v5, packet(0x90, two(1), no_properties, 3),            protocol_error,   "reason code"},
    {"reason_of_5_0_in_3_1_1",            v3, packet(0x90, two(1), 0x87),                        protocol_error,   "return code"},
    {"a_bad_code_behind_good_ones",       v5, packet(0x90, two(1), no_properties, 0, 1, 2, 3),   protocol_error,   "reason code"},
    {"server_reference",                  v5, packet(0x90, two(1), sized(0x1C, text("x")), 0),   malformed_packet, "server reference is not a property"},
}), name_of);

INSTANTIATE_TEST_SUITE_P(Unsubscribe, Faults, testing::ValuesIn(std::vector<Row>{
    {"flags_of_the_fixed_header",         v5, packet(0xA0, two(1), no_properties, text("a")),    malformed_packet, "flags of the fixed header"},
    {"packet_identifier_0",               v5, packet(0xA2, two(0), no_properties, text("a")),    protocol_error,   "packet identifier is 0"},
    {"no_filter",                         v5, packet(0xA2, two(1), no_properties),               protocol_error,   "no topic filter"},
    {"no_filter_in_3_1_1",                v3, packet(0xA2, two(1)),                              protocol_error,   "no topic filter"},
    {"filter_cut_short",                  v3, packet(0xA2, two(1), two(4), chars("a")),          malformed_packet, "topic filter is cut short"},
    {"filter_not_utf8",                   v3, packet(0xA2, two(1), bad_utf8),                    malformed_packet, "topic filter is not well-formed UTF-8"},
    {"subscription_identifier",           v5, packet(0xA2, two(1), sized(0x0B, 1), text("a")),   malformed_packet, "subscription identifier is not a property"},
    {"an_odd_byte_behind",                v3, packet(0xA2, two(1), text("a"), 0),                malformed_packet, "topic filter is cut short"},
}), name_of);

INSTANTIATE_TEST_SUITE_P(Unsuback, Faults, testing::ValuesIn(std::vector<Row>{
    {"flags_of_the_fixed_header",         v5, packet(0xB2, two(1), no_properties, 0),            malformed_packet, "flags of the fixed header"},
    {"packet_identifier_0",               v3, packet(0xB0, two(0)),                              protocol_error,   "packet identifier is 0"},
    {"no_codes",                          v5, packet(0xB0, two(1), no_properties),               protocol_error,   "no reason code"},
    {"codes_in_3_1_1",                    v3, packet(0xB0, two(1), 0),                           malformed_packet, "behind the packet's last field"},
    {"reason_of_a_suback",                v5, packet(0xB0, two(1), no_properties, 1),            protocol_error,   "reason code"},
}), name_of);

INSTANTIATE_TEST_SUITE_P(Ping, Faults, testing::ValuesIn(std::vector<Row>{
    {"pingreq_flags",                     v5, packet(0xC1),                                      malformed_packet, "flags of the fixed header"},
    {"pingreq_with_a_body",               v5, packet(0xC0, 0),                                   malformed_packet, "behind the packet's last field"},
    {"pingreq_with_a_body_in_3_1_1",      v3, packet(0xC0, 0),                                   malformed_packet, "behind the packet's last field"},
    {"pingresp_flags",                    v3, packet(0xD8),                                      malformed_packet, "flags of the fixed header"},
    {"pingresp_with_a_body",              v5, packet(0xD0, 1, 2),                                malformed_packet, "behind the packet's last field"},
}), name_of);

INSTANTIATE_TEST_SUITE_P(Disconnect, Faults, testing::ValuesIn(std::vector<Row>{
    {"flags_of_the_fixed_header",         v5, packet(0xE1),                                      malformed_packet, "flags of the fixed header"},
    {"flags_in_3_1_1",                    v3, packet(0xE2),                                      malformed_packet, "flags of the fixed header"},
    {"reason_code_in_3_1_1",              v3, packet(0xE0, 0),                                   malformed_packet, "behind the packet's last field"},
    {"reason_of_a_connack",               v5, packet(0xE0, 0x84),                                protocol_error,   "reason code"},
    {"unknown_reason",                    v5, packet(0xE0, 0x05),                                protocol_error,   "reason code"},
    {"two_session_expiries",              v5, packet(0xE0, 0, sized(0x11, four(1), 0x11, four(1))), protocol_error, "session expiry interval is there more than once"},
    {"half_a_session_expiry",             v5, packet(0xE0, 0, sized(0x11, two(1))),              malformed_packet, "session expiry interval is cut short"},
    {"property_of_a_connect",             v5, packet(0xE0, 0, sized(0x21, two(1))),              malformed_packet, "receive maximum is not a property"},
    {"bytes_behind",                      v5, packet(0xE0, 0, no_properties, 0),                 malformed_packet, "behind the packet's last field"},
}), name_of);

INSTANTIATE_TEST_SUITE_P(Auth, Faults, testing::ValuesIn(std::vector<Row>{
    {"flags_of_the_fixed_header",         v5, packet(0xF2, 0x18, sized(0x15, text("m"))),        malformed_packet, "flags of the fixed header"},
    {"any_in_3_1_1",                      v3, packet(0xF0),                                      malformed_packet, "reserved in MQTT 3.1.1"},
    {"a_whole_one_in_3_1_1",              v3, packet(0xF0, 0x18, sized(0x15, text("m"))),        malformed_packet, "reserved in MQTT 3.1.1"},
    {"reason_alone",                      v5, packet(0xF0, 0x18),                                malformed_packet, "property length is cut short"},
    {"no_method",                         v5, packet(0xF0, 0x18, no_properties),                 protocol_error,   "no authentication method"},
    {"data_without_a_method",             v5, packet(0xF0, 0x18, sized(0x16, text("d"))),        protocol_error,   "no authentication method"},
    {"two_methods",                       v5, packet(0xF0, 0x18, sized(0x15, text("m"), 0x15, text("m"))), protocol_error, "authentication method is there more than once"},
    {"two_data",                          v5, packet(0xF0, 0x18, sized(0x15, text("m"), 0x16, text("d"), 0x16, text("d"))), protocol_error, "authentication data is there more than once"},
    {"reason_of_another_packet",          v5, packet(0xF0, 0x87, sized(0x15, text("m"))),        protocol_error,   "reason code"},
    {"method_not_utf8",                   v5, packet(0xF0, 0x18, sized(0x15, bad_utf8)),         malformed_packet, "authentication method is not well-formed UTF-8"},
    {"bytes_behind",                      v5, packet(0xF0, 0x18, sized(0x15, text("m")), 0),     malformed_packet, "behind the packet's last field"},
}), name_of);
// clang-format on

}  // namespace
}  // namespace mortise::mqtt
