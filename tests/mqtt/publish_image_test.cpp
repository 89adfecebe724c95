#include "mqtt/publish_image.hpp"

#include <algorithm>
#include <tuple>

#include "mqtt/decode.hpp"
#include "valid_packets.hpp"

namespace mortise::mqtt {
namespace {

enum class Inline { yes, no };
using Identifiers = std::vector<std::uint32_t>;
using Shape = std::tuple<Version, Qos, bool, Inline>;

class Images : public testing::TestWithParam<Shape> {};
INSTANTIATE_TEST_SUITE_P(PublishImage, Images,
                         testing::Combine(testing::Values(v3, v5),
                                          testing::Values(Qos::at_most_once, Qos::at_least_once,
                                                          Qos::exactly_once),
                                          testing::Bool(), testing::Values(Inline::yes, Inline::no)));

struct Content {
  Wire forward;
  std::optional<std::uint32_t> expiry_s;
  Identifiers identifiers;
  Wire payload;
};

// Sizes on both sides of the borders where the remaining length and the property length grow by a byte.
std::vector<Content> contents() {
  std::vector<Content> all;
  for (const Wire& forward :
       {Wire{}, wire(0x01, 1, 0x03, text("text/plain"), user("k", "v")), user("long", std::string(110, 'v'))})
    for (const auto expiry_s : {std::optional<std::uint32_t>{}, std::optional<std::uint32_t>{60}})
      for (const Identifiers& identifiers :
           {Identifiers{}, Identifiers{1}, Identifiers{127, 128, 268'435'455}})
        for (const std::size_t size : {0, 1, 95, 100, 105, 110, 115, 16'240, 16'360, 16'370})
          all.push_back({forward, expiry_s, identifiers, Wire(size, 0x5A)});
  return all;
}

TEST_P(Images, are_what_encode_writes_whatever_the_content) {
  const auto& [version, qos, retain, placed] = GetParam();
  const PacketId id = qos == Qos::at_most_once ? 0 : 0x1234;
  const bool dup = id != 0 && retain;
  PublishImage image;
  for (const Content& content : contents()) {
    Wire raw = content.forward;
    for (const std::uint32_t identifier : content.identifiers) put(raw, wire(0x0B, variable(identifier)));
    Publish publish{.dup = dup, .qos = qos, .retain = retain, .topic = "sport/tennis", .packet_id = id};
    publish.properties.message_expiry_s = content.expiry_s;
    publish.properties.payload_is_utf8 = !content.forward.empty() && content.forward[0] == 0x01;
    publish.properties.raw = raw;
    publish.payload = content.payload;
    const Wire whole = encode_wire(publish, version);

    image.make(version, qos, retain, "sport/tennis", content.forward, content.expiry_s, content.payload,
               placed == Inline::yes);
    Wire out = wire(9, 9);
    image.append(out, id, dup, content.identifiers);
    if (placed == Inline::no) put(out, content.payload);
    ASSERT_EQ(out, wire(9, 9, whole)) << hex(out);
    ASSERT_EQ(image.packet_size(content.identifiers), whole.size());
  }
}

TEST_P(Images, differ_in_the_dup_flag_alone_when_sent_again) {
  const auto& [version, qos, retain, placed] = GetParam();
  if (qos == Qos::at_most_once) return;  // never sent again
  PublishImage image;
  image.make(version, qos, retain, "a", {}, {}, chars("x"), placed == Inline::yes);
  Wire first;
  Wire again;
  image.append(first, 7, false, {});
  image.append(again, 7, true, {});
  EXPECT_EQ(again[0], first[0] | 0x08);
  again[0] = first[0];
  EXPECT_EQ(again, first);
}

// proves 5.0 MQTT-3.3.2-8
TEST_P(Images, carry_an_alias_with_its_topic_and_then_instead_of_it) {
  const auto& [version, qos, retain, placed] = GetParam();
  if (version != v5) return;
  const PacketId id = qos == Qos::at_most_once ? 0 : 0x1234;
  PublishImage image;
  for (const Content& content : contents())
    for (const TopicAlias alias : {TopicAlias{7, true}, TopicAlias{7, false}}) {
      image.make(version, qos, retain, "sport/tennis", content.forward, content.expiry_s, content.payload,
                 placed == Inline::yes);
      Wire out;
      image.append(out, id, false, content.identifiers, alias);
      if (placed == Inline::no) put(out, content.payload);
      ASSERT_EQ(image.packet_size(content.identifiers, alias), out.size());
      const auto frame = read_frame(out, out.size());
      ASSERT_TRUE(frame && frame->size == out.size());
      const auto publish = decode_as<Publish>(*frame, version);
      ASSERT_TRUE(publish) << publish.error().what;
      EXPECT_EQ(publish->topic, alias.is_new ? "sport/tennis" : "");
      EXPECT_EQ(publish->packet_id, id);
      EXPECT_EQ(publish->properties.topic_alias, 7);
      EXPECT_EQ(publish->properties.message_expiry_s, content.expiry_s);
      EXPECT_EQ(publish->properties.has_subscription_identifier, !content.identifiers.empty());
      EXPECT_TRUE(std::ranges::equal(publish->payload, content.payload));
    }
}

TEST(PublishImage, serves_many_receivers_and_is_used_again) {
  PublishImage image;
  const Wire payload = chars("first");
  image.make(v3, Qos::at_least_once, false, "a", {}, {}, payload, true);
  Wire out;
  image.append(out, 1, false, {});
  image.append(out, 2, true, {});
  EXPECT_EQ(out, wire(packet(0x32, text("a"), two(1), payload), packet(0x3A, text("a"), two(2), payload)));

  image.make(v5, Qos::at_most_once, true, "b", {}, 5, {}, true);
  out.clear();
  image.append(out, 0, false, {});
  EXPECT_EQ(out, packet(0x31, text("b"), sized(0x02, four(5))));
}

TEST(PublishImage, of_3_1_1_takes_no_properties) {
  PublishImage image;
  const Wire forward = user("k", "v");
  image.make(v3, Qos::at_most_once, false, "a", forward, 5, chars("x"), true);
  Wire out;
  const Identifiers identifiers{1, 2};
  image.append(out, 0, false, identifiers);
  EXPECT_EQ(out, packet(0x30, text("a"), chars("x")));
  EXPECT_EQ(image.packet_size(identifiers), out.size());
}

TEST(PublishImage, forwards_what_a_server_passes_on_and_nothing_else) {
  const Wire raw = wire(user("a", "1"), 0x02, four(9), 0x01, 0, 0x23, two(5), 0x03, text("t"), 0x0B, 7, 0x08,
                        text("r"), 0x18, four(3), 0x09, text("c"), user("a", "2"));
  const Wire kept =
      wire(user("a", "1"), 0x01, 0, 0x03, text("t"), 0x08, text("r"), 0x09, text("c"), user("a", "2"));
  ASSERT_EQ(forwardable_size(raw), kept.size());
  Wire out(kept.size());
  copy_forwardable(raw, out);
  EXPECT_EQ(hex(out), hex(kept));
  EXPECT_EQ(forwardable_size({}), 0u);
  EXPECT_EQ(forwardable_size(wire(0x02, four(9))), 0u);
}

TEST(PublishImageDeathTest, a_receiver_that_does_not_fit_the_shape_breaks_the_contract) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  PublishImage image;
  Wire out;
  image.make(v5, Qos::at_least_once, false, "a", {}, {}, {}, true);
  EXPECT_DEATH(image.append(out, 0, false, {}), "internal error");
  EXPECT_DEATH(image.append(out, 1, false, Identifiers{0}), "internal error");
  image.make(v5, Qos::at_most_once, false, "a", {}, {}, {}, true);
  EXPECT_DEATH(image.append(out, 1, false, {}), "internal error");
  EXPECT_DEATH(image.append(out, 0, true, {}), "internal error");
}

}  // namespace
}  // namespace mortise::mqtt
