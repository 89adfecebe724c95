#include "mqtt/decode.hpp"

#include "mqtt/reader.hpp"
#include "valid_packets.hpp"

namespace mortise::mqtt {
namespace {

Wire copied(Bytes bytes) { return Wire(bytes.begin(), bytes.end()); }

// The bytes must outlive the packet, so the tests keep both.
template <class P>
P decoded_as(const Wire& bytes, Version version) {
  auto decoded = decode_wire(bytes, version);
  EXPECT_TRUE(decoded) << (decoded ? "" : decoded.error().what);
  return std::get<P>(std::move(decoded).take());
}

TEST(Decode, a_connect_of_3_1_1_keeps_the_defaults_of_5_0) {
  const Wire bytes = packet(0x10, text("MQTT"), 4, 0xF6, two(300), text("me"), text("w"), text("gone"),
                            text("user"), text("secret"));
  const auto connect = decoded_as<Connect>(bytes, v5);  // the packet says its version, not the argument
  EXPECT_EQ(connect.version, v3);
  EXPECT_TRUE(connect.clean_start);
  EXPECT_EQ(connect.keep_alive_s, 300);
  EXPECT_EQ(connect.client_id, "me");
  ASSERT_TRUE(connect.will);
  EXPECT_EQ(connect.will->topic, "w");
  EXPECT_EQ(as_text(connect.will->payload), "gone");
  EXPECT_EQ(connect.will->qos, Qos::exactly_once);
  EXPECT_TRUE(connect.will->retain);
  EXPECT_EQ(connect.will->delay_s, 0u);
  EXPECT_EQ(connect.username, "user");
  ASSERT_TRUE(connect.password);
  EXPECT_EQ(as_text(*connect.password), "secret");
  EXPECT_EQ(connect.session_expiry_s, 0u);
  EXPECT_EQ(connect.receive_maximum, 65'535);
  EXPECT_FALSE(connect.maximum_packet_size);
  EXPECT_EQ(connect.topic_alias_maximum, 0);
  EXPECT_FALSE(connect.request_response_information);
  EXPECT_TRUE(connect.request_problem_information);
  EXPECT_FALSE(connect.authentication_method);
  EXPECT_TRUE(connect.raw.empty());
}

TEST(Decode, a_connect_without_will_and_credentials_has_none) {
  const Wire bytes = packet(0x10, head(5, 0), no_properties, text(""));
  const auto connect = decoded_as<Connect>(bytes, v5);
  EXPECT_FALSE(connect.clean_start);
  EXPECT_EQ(connect.client_id, "");
  EXPECT_FALSE(connect.will);
  EXPECT_FALSE(connect.username);
  EXPECT_FALSE(connect.password);
}

TEST(Decode, a_connect_of_5_0_shows_what_the_protocol_acts_upon) {
  const Wire properties = wire(0x11, four(3600), 0x21, two(20), 0x27, four(65'536), 0x22, two(10), 0x19, 1,
                               0x17, 0, 0x15, text("SCRAM"), 0x16, text("data"), user("k", "v"));
  const Wire will = wire(0x18, four(30), 0x02, four(90), 0x01, 1, user("w", "x"));
  const Wire bytes =
      packet(0x10, head(5, 0x0E), sized(properties), text("me"), sized(will), text("wills/me"), text("gone"));
  const auto connect = decoded_as<Connect>(bytes, v5);
  EXPECT_EQ(connect.version, v5);
  EXPECT_EQ(connect.session_expiry_s, 3600u);
  EXPECT_EQ(connect.receive_maximum, 20);
  EXPECT_EQ(connect.maximum_packet_size, 65'536u);
  EXPECT_EQ(connect.topic_alias_maximum, 10);
  EXPECT_TRUE(connect.request_response_information);
  EXPECT_FALSE(connect.request_problem_information);
  EXPECT_EQ(connect.authentication_method, "SCRAM");
  EXPECT_EQ(as_text(connect.authentication_data), "data");
  EXPECT_EQ(copied(connect.raw), properties);
  ASSERT_TRUE(connect.will);
  EXPECT_EQ(connect.will->qos, Qos::at_least_once);
  EXPECT_FALSE(connect.will->retain);
  EXPECT_EQ(connect.will->delay_s, 30u);
  EXPECT_EQ(connect.will->properties.message_expiry_s, 90u);
  EXPECT_TRUE(connect.will->properties.payload_is_utf8);
  EXPECT_EQ(copied(connect.will->properties.raw), will);
}

TEST(Decode, a_bridge_of_3_1_1_is_told_from_a_client) {
  EXPECT_TRUE(decoded_as<Connect>(packet(0x10, head(0x84, 2), text("me")), v3).is_bridge);
  EXPECT_EQ(decoded_as<Connect>(packet(0x10, head(0x84, 2), text("me")), v3).version, v3);
  EXPECT_FALSE(decoded_as<Connect>(packet(0x10, head(0x04, 2), text("me")), v3).is_bridge);
}

TEST(Decode, a_connack_shows_the_servers_limits) {
  const Wire properties =
      wire(0x11, four(60), 0x21, two(20), 0x24, 1, 0x25, 0, 0x27, four(1000), 0x12, text("auto-1"), 0x22,
           two(16), 0x1F, text("fine"), 0x28, 1, 0x29, 0, 0x2A, 1, 0x13, two(30));
  const Wire bytes = packet(0x20, 1, 0, sized(properties));
  const auto connack = decoded_as<Connack>(bytes, v5);
  EXPECT_TRUE(connack.session_present);
  EXPECT_EQ(connack.reason, ReasonCode::success);
  EXPECT_EQ(connack.session_expiry_s, 60u);
  EXPECT_EQ(connack.receive_maximum, 20);
  EXPECT_EQ(connack.maximum_qos, Qos::at_least_once);
  EXPECT_EQ(connack.retain_available, false);
  EXPECT_EQ(connack.maximum_packet_size, 1000u);
  EXPECT_EQ(connack.assigned_client_id, "auto-1");
  EXPECT_EQ(connack.topic_alias_maximum, 16);
  EXPECT_EQ(connack.reason_string, "fine");
  EXPECT_EQ(connack.wildcard_subscription_available, true);
  EXPECT_EQ(connack.subscription_identifiers_available, false);
  EXPECT_EQ(connack.shared_subscription_available, true);
  EXPECT_EQ(connack.server_keep_alive_s, 30);
  EXPECT_EQ(copied(connack.raw), properties);
}

TEST(Decode, the_return_codes_of_3_1_1_become_reason_codes) {
  const auto reason = [](int code) { return decoded_as<Connack>(packet(0x20, 0, code), v3).reason; };
  EXPECT_EQ(reason(0), ReasonCode::success);
  EXPECT_EQ(reason(1), ReasonCode::unsupported_protocol_version);
  EXPECT_EQ(reason(2), ReasonCode::client_identifier_not_valid);
  EXPECT_EQ(reason(3), ReasonCode::server_unavailable);
  EXPECT_EQ(reason(4), ReasonCode::bad_user_name_or_password);
  EXPECT_EQ(reason(5), ReasonCode::not_authorized);
}

TEST(Decode, a_publish_views_the_bytes_it_was_read_from) {
  const Wire bytes = packet(0x3D, text("a/b"), two(0x1234), no_properties, chars("payload"));
  const auto publish = decoded_as<Publish>(bytes, v5);
  EXPECT_TRUE(publish.dup);
  EXPECT_EQ(publish.qos, Qos::exactly_once);
  EXPECT_TRUE(publish.retain);
  EXPECT_EQ(publish.topic, "a/b");
  EXPECT_EQ(publish.packet_id, 0x1234);
  EXPECT_EQ(as_text(publish.payload), "payload");
  EXPECT_EQ(publish.payload.data(), bytes.data() + bytes.size() - 7);
  EXPECT_EQ(reinterpret_cast<const std::uint8_t*>(publish.topic.data()), bytes.data() + 4);
}

TEST(Decode, a_publish_of_qos_0_has_no_packet_identifier) {
  const Wire bytes = packet(0x30, text("a"), two(7));  // the two bytes are payload
  const auto publish = decoded_as<Publish>(bytes, v3);
  EXPECT_EQ(publish.packet_id, 0);
  EXPECT_FALSE(publish.dup);
  EXPECT_FALSE(publish.retain);
  EXPECT_EQ(publish.payload.size(), 2u);
}

TEST(Decode, a_publish_shows_the_properties_the_protocol_acts_upon) {
  const Wire properties = wire(0x03, text("text/plain"), 0x02, four(90), 0x23, two(5), 0x01, 1, 0x0B, 7);
  const Wire bytes = packet(0x30, text(""), sized(properties), chars("x"));
  const auto publish = decoded_as<Publish>(bytes, v5);
  EXPECT_EQ(publish.topic, "");
  EXPECT_EQ(publish.properties.message_expiry_s, 90u);
  EXPECT_EQ(publish.properties.topic_alias, 5);
  EXPECT_TRUE(publish.properties.payload_is_utf8);
  EXPECT_TRUE(publish.properties.has_subscription_identifier);
  EXPECT_EQ(copied(publish.properties.raw), properties);
  EXPECT_EQ(as_text(publish.payload), "x");
}

TEST(Decode, a_publish_without_properties_shows_none) {
  const Wire bytes = packet(0x30, text("a"), sized(0x01, 0));
  const auto publish = decoded_as<Publish>(bytes, v5);
  EXPECT_FALSE(publish.properties.message_expiry_s);
  EXPECT_FALSE(publish.properties.topic_alias);
  EXPECT_FALSE(publish.properties.payload_is_utf8);
  EXPECT_FALSE(publish.properties.has_subscription_identifier);
}

TEST(Decode, acknowledgements_left_short_mean_success) {
  const auto puback = decoded_as<Puback>(packet(0x40, two(0x0102)), v5);
  EXPECT_EQ(puback.packet_id, 0x0102);
  EXPECT_EQ(puback.reason, ReasonCode::success);
  EXPECT_FALSE(puback.reason_string);
  EXPECT_EQ(decoded_as<Pubrec>(packet(0x50, two(1), 0x97), v5).reason, ReasonCode::quota_exceeded);
  EXPECT_EQ(decoded_as<Pubrel>(packet(0x62, two(1), 0x92), v5).reason,
            ReasonCode::packet_identifier_not_found);
  const Wire bytes = packet(0x70, two(1), 0x92, sized(0x1F, text("who"), user("k", "v")));
  const auto pubcomp = decoded_as<Pubcomp>(bytes, v5);
  EXPECT_EQ(pubcomp.reason_string, "who");
  EXPECT_EQ(pubcomp.raw.size(), 6u + 7u);
}

TEST(Decode, a_subscribe_shows_every_option_of_every_entry) {
  const Wire bytes = packet(0x82, two(9), sized(0x0B, variable(268'435'455)), text("a/#"), 0x01, text("b"),
                            0x0C, text("$share/g/+"), 0x22);
  const auto subscribe = decoded_as<Subscribe>(bytes, v5);
  EXPECT_EQ(subscribe.packet_id, 9);
  EXPECT_EQ(subscribe.subscription_identifier, 268'435'455u);
  ASSERT_EQ(subscribe.entries.size(), 3u);
  EXPECT_EQ(subscribe.entries[0].filter, "a/#");
  EXPECT_EQ(subscribe.entries[0].options,
            (SubscriptionOptions{Qos::at_least_once, false, false, RetainHandling::send}));
  EXPECT_EQ(subscribe.entries[1].filter, "b");
  EXPECT_EQ(subscribe.entries[1].options,
            (SubscriptionOptions{Qos::at_most_once, true, true, RetainHandling::send}));
  EXPECT_EQ(subscribe.entries[2].filter, "$share/g/+");
  EXPECT_EQ(subscribe.entries[2].options,
            (SubscriptionOptions{Qos::exactly_once, false, false, RetainHandling::do_not_send}));
}

TEST(Decode, a_subscribe_of_3_1_1_has_a_qos_and_no_more) {
  const Wire bytes = packet(0x82, two(9), text("$share/g/a"), 0x02);
  const auto subscribe = decoded_as<Subscribe>(bytes, v3);
  ASSERT_EQ(subscribe.entries.size(), 1u);
  EXPECT_FALSE(subscribe.subscription_identifier);
  EXPECT_EQ(subscribe.entries[0].options.maximum_qos, Qos::exactly_once);
}

TEST(Decode, the_answers_to_subscribe_and_unsubscribe_list_their_codes) {
  const auto suback = decoded_as<Suback>(packet(0x90, two(3), no_properties, 0, 2, 0x8F), v5);
  EXPECT_EQ(suback.packet_id, 3);
  EXPECT_EQ(suback.reasons, (std::vector{ReasonCode::granted_qos_0, ReasonCode::granted_qos_2,
                                         ReasonCode::topic_filter_invalid}));
  EXPECT_EQ(decoded_as<Suback>(packet(0x90, two(3), 1, 0x80), v3).reasons,
            (std::vector{ReasonCode::granted_qos_1, ReasonCode::unspecified_error}));
  EXPECT_EQ(decoded_as<Unsuback>(packet(0xB0, two(3), no_properties, 0x11), v5).reasons,
            (std::vector{ReasonCode::no_subscription_existed}));
  EXPECT_TRUE(decoded_as<Unsuback>(packet(0xB0, two(3)), v3).reasons.empty());
}

TEST(Decode, an_unsubscribe_lists_its_filters) {
  const Wire bytes = packet(0xA2, two(3), no_properties, text("a"), text("b/#"), text(""));
  EXPECT_EQ(decoded_as<Unsubscribe>(bytes, v5).filters, (std::vector<std::string_view>{"a", "b/#", ""}));
}

TEST(Decode, a_disconnect_shows_its_reason_and_where_to_go) {
  EXPECT_EQ(decoded_as<Disconnect>(packet(0xE0), v5).reason, ReasonCode::normal_disconnection);
  EXPECT_EQ(decoded_as<Disconnect>(packet(0xE0, 4), v5).reason, ReasonCode::disconnect_with_will);
  const Wire bytes =
      packet(0xE0, 0x9C, sized(0x11, four(7), 0x1F, text("full"), 0x1C, text("there"), user("k", "v")));
  const auto disconnect = decoded_as<Disconnect>(bytes, v5);
  EXPECT_EQ(disconnect.session_expiry_s, 7u);
  EXPECT_EQ(disconnect.reason_string, "full");
  EXPECT_EQ(disconnect.server_reference, "there");
}

TEST(Decode, an_auth_shows_method_and_data) {
  const Wire bytes = packet(0xF0, 0x18, sized(0x15, text("SCRAM"), 0x16, text("data"), 0x1F, text("why")));
  const auto auth = decoded_as<Auth>(bytes, v5);
  EXPECT_EQ(auth.reason, ReasonCode::continue_authentication);
  EXPECT_EQ(auth.authentication_method, "SCRAM");
  EXPECT_EQ(as_text(auth.authentication_data), "data");
  EXPECT_EQ(auth.reason_string, "why");
  EXPECT_FALSE(decoded_as<Auth>(packet(0xF0), v5).authentication_method);
}

TEST(Decode, a_frame_of_a_type_that_does_not_exist_is_malformed) {
  const auto decoded = decode(Frame{.type = PacketType{0}, .size = 2}, v5);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().reason, ReasonCode::malformed_packet);
}

}  // namespace
}  // namespace mortise::mqtt
