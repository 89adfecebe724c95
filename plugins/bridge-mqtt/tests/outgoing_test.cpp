// What becomes of a message on its way to the remote: its topic, its marks, and when it does not go.
#include "outgoing.hpp"

#include <gtest/gtest.h>

#include "mqtt/decode.hpp"
#include "mqtt/property.hpp"
#include "mqtt/reader.hpp"

namespace mortise::bridge {
namespace {

constexpr const char* node = "0123456789abcdef";

struct Topic {
  const char* name;
  Route route;
  const char* local;
  const char* remote;  // null: none of the route's
};
void PrintTo(const Topic& row, std::ostream* out) { *out << row.name; }

Route route(const char* filter, const char* local_prefix = "", const char* remote_prefix = "") {
  Route made;
  made.filter = filter;
  made.local_prefix = local_prefix;
  made.remote_prefix = remote_prefix;
  return made;
}

class Topics : public testing::TestWithParam<Topic> {};
TEST_P(Topics, are_translated_both_ways) {
  const Topic& row = GetParam();
  const auto remote = remote_topic(row.route, row.local);
  ASSERT_EQ(remote.has_value(), row.remote != nullptr);
  if (!row.remote) return;
  EXPECT_EQ(*remote, row.remote);
  EXPECT_EQ(local_topic(row.route, row.remote), row.local);
}
INSTANTIATE_TEST_SUITE_P(
    Outgoing, Topics,
    testing::ValuesIn(std::vector<Topic>{
        {"as_it_is", route("#"), "a/b", "a/b"},
        {"a_remote_prefix", route("sensors/#", "", "site-7/"), "sensors/1", "site-7/sensors/1"},
        {"a_local_prefix", route("#", "o/"), "o/a/b", "a/b"},
        {"both_prefixes", route("+/x", "o/", "i/"), "o/a/x", "i/a/x"},
        {"another_filter", route("+/x", "o/", "i/"), "o/a/y", nullptr},
        {"another_prefix", route("#", "o/"), "p/a", nullptr},
        {"only_the_prefix", route("#", "o/"), "o/", nullptr},
        {"a_prefix_within_a_level", route("1/#", "sensor", "s"), "sensor1/a", "s1/a"},
        {"dollar_topics_are_not_everything", route("#"), "$SYS/x", nullptr},
        {"dollar_topics_by_their_name", route("$SYS/#", "", "far/"), "$SYS/x", "far/$SYS/x"},
    }),
    [](const auto& row) { return row.param.name; });

// One delivery to look at.
struct Delivery {
  std::string topic = "o/a";
  std::string payload = "x";
  std::vector<std::uint8_t> properties;
  mortise_message_view_t message{};
  mortise_delivery_t raw{};
  std::uint32_t identifier = 1;

  const mortise_delivery_t& get(std::uint8_t qos = 1, std::uint8_t flags = 0) {
    message.size = sizeof message;
    message.topic = str(topic);
    message.payload = bytes(payload);
    message.properties = {properties.data(), properties.size()};
    message.expiry_s = MORTISE_NO_EXPIRY;
    raw.size = sizeof raw;
    raw.packet_id = qos == 0 ? 0 : 9;
    raw.qos = qos;
    raw.flags = flags;
    raw.message = &message;
    raw.subscription_identifiers = &identifier;
    raw.subscription_identifier_count = 1;
    return raw;
  }
};

LinkSettings settings() {
  LinkSettings made;
  made.out = {route("#", "o/", "i/")};
  made.hops = 3;
  return made;
}

mqtt::Publish decoded(const Outgoing& out, mqtt::Version version = mqtt::Version::v5_0) {
  const auto frame = mqtt::read_frame(out.bytes, 1 << 28);
  EXPECT_TRUE(frame && frame->size == out.bytes.size());
  const auto packet = mqtt::decode_as<mqtt::Publish>(*frame, version);
  EXPECT_TRUE(packet);
  return *packet;
}

TEST(Outgoing, keeps_the_packet_identifier_and_what_the_message_is) {
  Delivery delivery;
  const Outgoing out =
      make_outgoing(delivery.get(2, MORTISE_INLINE_DUP | MORTISE_INLINE_RETAIN), settings(), {}, node);
  const mqtt::Publish packet = decoded(out);
  EXPECT_EQ(packet.topic, "i/a");
  EXPECT_EQ(packet.packet_id, 9);
  EXPECT_EQ(packet.qos, mqtt::Qos::exactly_once);
  EXPECT_TRUE(packet.dup);
  EXPECT_TRUE(packet.retain);
  EXPECT_EQ(mqtt::as_text(packet.payload), "x");
  const Marks marks = marks_of(packet.properties.raw);
  EXPECT_EQ(marks.origin, node);
  EXPECT_EQ(marks.hops, 1U);
}

TEST(Outgoing, adds_a_hop_to_those_there_are_and_keeps_every_other_property) {
  Delivery delivery;
  const std::vector<std::uint8_t> content_type{0x03, 0, 1, 't'};
  delivery.properties = marked(content_type, {"elsewhere", 2});
  const Outgoing out = make_outgoing(delivery.get(), settings(), {}, node);
  const mqtt::Publish packet = decoded(out);
  EXPECT_EQ(marks_of(packet.properties.raw).origin, "elsewhere");
  EXPECT_EQ(marks_of(packet.properties.raw).hops, 3U);
  int properties = 0;
  mqtt::PropertyReader reader{packet.properties.raw};
  while (const auto property = reader.next()) ++properties;
  EXPECT_EQ(properties, 3) << "content type, origin and hops, each once";
}

TEST(Outgoing, a_message_that_goes_round_does_not_go) {
  Delivery delivery;
  delivery.properties = marked({}, {node, 1});
  EXPECT_EQ(make_outgoing(delivery.get(), settings(), {}, node).refused, came_back);
  delivery.properties = marked({}, {"elsewhere", 3});
  EXPECT_EQ(make_outgoing(delivery.get(), settings(), {}, node).refused, too_many_hops);
  // Came in here from a remote that does not mark, and has not left yet.
  delivery.properties = marked({}, {node, 0});
  EXPECT_EQ(make_outgoing(delivery.get(), settings(), {}, node).refused, "");
}

TEST(Outgoing, hops_that_are_no_number_count_as_none) {
  Delivery delivery;
  delivery.properties = {0x26, 0,   12,  'm', 'o', 'r', 't', 'i', 's', 'e',
                         '-',  'h', 'o', 'p', 's', 0,   2,   'x', 'y'};
  EXPECT_EQ(marks_of(delivery.properties).hops, 0U);
}

TEST(Outgoing, what_the_remote_does_not_take_is_not_sent) {
  Delivery delivery;
  delivery.payload.assign(500, 'x');
  Limits limits;
  limits.maximum_packet_size = 400;
  const Outgoing out = make_outgoing(delivery.get(), settings(), limits, node);
  EXPECT_EQ(out.refused, "too large for the remote");
  EXPECT_TRUE(mqtt::is_allowed(out.reason, mqtt::PacketType::puback))
      << "or nobody could acknowledge it here";
  EXPECT_TRUE(out.bytes.empty());
  EXPECT_EQ(out.topic, "i/a");
}

TEST(Outgoing, goes_at_the_qos_the_remote_has_and_not_retained_where_it_keeps_nothing) {
  Delivery delivery;
  Limits limits;
  limits.maximum_qos = 1;
  limits.retain = false;
  const Outgoing out = make_outgoing(delivery.get(2, MORTISE_INLINE_RETAIN), settings(), limits, node);
  EXPECT_EQ(decoded(out).qos, mqtt::Qos::at_least_once);
  EXPECT_FALSE(decoded(out).retain);
  limits.maximum_qos = 0;
  const Outgoing least = make_outgoing(delivery.get(2), settings(), limits, node);
  EXPECT_EQ(decoded(least).qos, mqtt::Qos::at_most_once);
  EXPECT_EQ(least.packet_id, 9) << "it is acknowledged here all the same";
}

TEST(Outgoing, a_route_may_forbid_retained_messages) {
  Delivery delivery;
  LinkSettings link = settings();
  link.out[0].retain = false;
  EXPECT_FALSE(decoded(make_outgoing(delivery.get(1, MORTISE_INLINE_RETAIN), link, {}, node)).retain);
}

TEST(Outgoing, of_a_subscription_of_earlier_settings_has_no_route) {
  Delivery delivery;
  delivery.topic = "p/a";
  delivery.identifier = 5;
  EXPECT_EQ(make_outgoing(delivery.get(), settings(), {}, node).refused, "no route any more");
}

TEST(Outgoing, has_no_properties_in_3_1_1) {
  Delivery delivery;
  delivery.properties = {0x03, 0, 1, 't'};
  LinkSettings link = settings();
  link.is_v5 = false;
  const Outgoing out = make_outgoing(delivery.get(), link, {}, node);
  EXPECT_EQ(decoded(out, mqtt::Version::v3_1_1).topic, "i/a");
  EXPECT_EQ(out.bytes.size(), 2U + 2 + 3 + 2 + 1);
}

}  // namespace
}  // namespace mortise::bridge
