// The limits that need time or two clients to be seen; what one client is answered is in
// tests/conformance/limits.
#include <gtest/gtest.h>

#include "crowd.hpp"

namespace mortise::broker {
namespace {

using namespace std::chrono_literals;

conformance::Bytes messages(int count, std::size_t size = 10) {
  conformance::Bytes all;
  for (int i = 0; i < count; ++i) {
    const conformance::Bytes one = Crowd::publication("a", size, 1, static_cast<std::uint16_t>(i + 1));
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

TEST(Pace, lets_a_second_s_worth_go_at_once_and_then_keeps_the_rate) {
  Pace pace{4};
  const base::TimePoint start{1h};
  for (int i = 0; i < 4; ++i) EXPECT_LE(pace.take(1, start), start) << i;
  EXPECT_EQ(pace.take(1, start), start + 250ms);
  EXPECT_EQ(pace.take(1, start + 250ms), start + 500ms);
  EXPECT_LE(pace.take(1, start + 5s), start + 5s);  // what was saved is a second's worth, no more
  for (int i = 0; i < 3; ++i) EXPECT_LE(pace.take(1, start + 5s), start + 5s) << i;
  EXPECT_GT(pace.take(1, start + 5s), start + 5s);
}

TEST(Pace, does_not_overflow_on_large_amounts) {
  Pace pace{1};
  const base::TimePoint start{1h};
  EXPECT_EQ(pace.take(268'435'456, start), start + 60s);  // nobody is held longer
  EXPECT_EQ(pace.take(268'435'456, start), start + 60s);
  SharedPace shared{1024ULL * 1024 * 1024 * 1024};
  EXPECT_LE(shared.take(268'435'456, start), start);
}

TEST(Pace, that_takes_one_only_when_it_may_counts_no_more_than_that) {
  Pace pace{2};
  const base::TimePoint start{1h};
  EXPECT_TRUE(pace.take_one(start));
  EXPECT_TRUE(pace.take_one(start));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(pace.take_one(start));
  EXPECT_TRUE(pace.take_one(start + 500ms));
  EXPECT_FALSE(pace.is_rested(start + 500ms));
  EXPECT_TRUE(pace.is_rested(start + 2s));
}

TEST(PublishRate, of_a_client_is_kept_by_not_reading_it) {
  Crowd crowd{{{"publish_rate", 2}}};
  const auto writer = crowd.connected("writer");
  const auto other = crowd.connected("other");
  EXPECT_EQ(crowd.say(writer, messages(8)).size(), 3u);
  EXPECT_EQ(crowd.say(other, messages(1)).size(), 1u);
  crowd.world.wait(1s);
  EXPECT_EQ(crowd.hear(writer).size(), 2u);
  crowd.world.wait(2s);
  EXPECT_EQ(crowd.hear(writer).size(), 3u);  // nothing is lost
  EXPECT_GT(crowd.hits(Limit::publish_rate), 0u);
  crowd.world.end();
}

TEST(PublishRate, counts_bytes_likewise) {
  Crowd crowd{{{"publish_bytes", 1001}}};  // one byte of topic
  const auto writer = crowd.connected("writer");
  EXPECT_EQ(crowd.say(writer, messages(3, 1000)).size(), 2u);
  crowd.world.wait(1s);
  EXPECT_EQ(crowd.hear(writer).size(), 1u);
  EXPECT_GT(crowd.hits(Limit::publish_bytes), 0u);
  crowd.world.end();
}

TEST(PublishRate, of_a_listener_is_that_of_its_clients_together) {
  Crowd crowd{{}, 3};
  crowd.world.listener().publish_rate = std::make_unique<SharedPace>(2);
  const auto writer = crowd.connected("writer");
  const auto other = crowd.connected("other");
  EXPECT_EQ(crowd.say(writer, messages(4)).size(), 3u);
  EXPECT_EQ(crowd.say(other, messages(2)).size(), 1u);
  crowd.world.wait(10s);
  EXPECT_EQ(crowd.hear(writer).size(), 1u);
  EXPECT_EQ(crowd.hear(other).size(), 1u);
  crowd.world.end();
}

TEST(PublishRate, of_a_listener_is_not_got_round_by_coming_anew) {
  Crowd crowd{{}};
  crowd.world.listener().publish_rate = std::make_unique<SharedPace>(1);
  std::size_t acknowledged = 0;
  for (int i = 0; i < 20; ++i) {
    const auto writer = crowd.connected("writer-" + std::to_string(i));
    acknowledged += crowd.say(writer, messages(1)).size();
  }
  EXPECT_EQ(acknowledged, 2u);
  crowd.world.end();
}

TEST(PublishRate, counts_the_topic_behind_an_alias) {
  Crowd crowd{{{"publish_bytes", 1000}, {"topic_alias_maximum", 1}}};
  const auto writer = crowd.connected("writer");
  conformance::Bytes all{0x32, 0xFA, 0x01, 0x00, 0xF0};  // PUBLISH, QoS 1, a topic of 240 bytes
  all.insert(all.end(), 240, 'a');
  all.insert(all.end(), {0x00, 0x01, 0x03, 0x23, 0x00, 0x01, 'x', 'y'});
  all[1] = static_cast<std::uint8_t>((all.size() - 3) & 0x7F) | 0x80;
  all[2] = static_cast<std::uint8_t>((all.size() - 3) >> 7);
  for (std::uint8_t id = 2; id < 10; ++id)
    all.insert(all.end(), {0x32, 0x08, 0x00, 0x00, 0x00, id, 0x03, 0x23, 0x00, 0x01});
  EXPECT_EQ(crowd.say(writer, all).size(), 5u);  // 242 and three of 240 are saved up; one more is taken
  crowd.world.wait(10s);
  EXPECT_EQ(crowd.hear(writer).size(), 4u);
  crowd.world.end();
}

TEST(PublishRate, of_a_client_that_goes_is_forgotten_with_it) {
  Crowd crowd{{{"publish_rate", 1}}};
  const auto writer = crowd.connected("writer");
  crowd.say(writer, messages(4));
  crowd.world.drop(writer);
  crowd.world.wait(5s);
  crowd.world.end();
}

TEST(PacketSize, of_a_listener_takes_the_place_of_the_broker_s) {
  Crowd crowd{{}};
  crowd.world.listener().packet_size_max = 100;
  const auto writer = crowd.connected("writer");
  EXPECT_EQ(crowd.say(writer, messages(1, 50)).size(), 1u);
  const auto heard = crowd.say(writer, messages(1, 150));
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0][2], 0x95);  // packet too large
  EXPECT_EQ(crowd.hits(Limit::packet_size), 1u);
  crowd.world.end();
}

TEST(HalfOpen, connections_are_counted_until_they_are_let_in_or_gone) {
  Crowd crowd{{}, 3};
  const auto half_open = [&] { return crowd.world.listener().half_open.load(); };
  std::vector<CoreWorld::Connection> all;
  for (int i = 0; i < 9; ++i) all.push_back(crowd.world.open());
  EXPECT_EQ(half_open(), 9u);
  for (int i = 0; i < 6; ++i) crowd.connect(all[i], "client-" + std::to_string(i));
  EXPECT_EQ(half_open(), 3u);
  crowd.world.drop(all[0]);
  crowd.world.drop(all[7]);
  EXPECT_EQ(half_open(), 2u);
  crowd.world.wait(10s);  // connect_timeout
  EXPECT_EQ(half_open(), 0u);
  EXPECT_EQ(crowd.hits(Limit::connect_timeout), 2u);
  crowd.world.end();
}

TEST(WriteBuffer, that_is_full_makes_a_queue_wait) {
  Crowd crowd{{{"write_buffer", 4096}}};
  const auto reader = crowd.connected("reader");
  crowd.subscribe(reader, "a", 1);
  const auto writer = crowd.connected("writer");
  crowd.world.stop_reading(reader, true);
  for (int i = 0; i < 20; ++i) crowd.say(writer, messages(1, 1000));
  EXPECT_GT(crowd.hits(Limit::write_buffer), 0u);
  EXPECT_LT(crowd.hear(reader).size(), 1u);
  crowd.world.stop_reading(reader, false);
  EXPECT_EQ(crowd.hear(reader).size(), 20u);
  crowd.world.end();
}

}  // namespace
}  // namespace mortise::broker
