// limits.memory: what goes first, and that what is charged stays within the budget.
#include <gtest/gtest.h>

#include <algorithm>

#include "crowd.hpp"

namespace mortise::broker {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t budget = 1024 * 1024;
constexpr std::size_t size = 2000;  // of a payload

class Shedding : public testing::TestWithParam<std::uint32_t> {
 protected:
  double used() const { return static_cast<double>(crowd.world.shared().memory_used()) / budget; }
  Pressure pressure() const { return crowd.world.shared().pressure.load(); }
  // Publishes until so much of the budget is used, or often enough to know that it never will be.
  void fill(double share, std::uint8_t qos, const std::string& topic = "a") {
    for (int i = 0; i < 2000 && used() < share; ++i) crowd.say(writer, Crowd::publication(topic, size, qos));
  }
  CoreWorld::Connection sleeper(const std::string& name, const std::string& filter) {
    const auto connection = crowd.connected(name, true);
    crowd.subscribe(connection, filter, 1);
    crowd.world.drop(connection);
    return connection;
  }

  Crowd crowd{{{"memory", budget}, {"queue_messages", 100'000}}, GetParam()};
  CoreWorld::Connection writer = crowd.connected("writer");
};

TEST(Pressure, steps_are_reached_in_order_and_left_five_percent_below) {
  const std::uint64_t all = 1000;
  EXPECT_EQ(pressure_at(799, all, Pressure::none), Pressure::none);
  EXPECT_EQ(pressure_at(800, all, Pressure::none), Pressure::slow_readers);
  EXPECT_EQ(pressure_at(760, all, Pressure::slow_readers), Pressure::slow_readers);
  EXPECT_EQ(pressure_at(749, all, Pressure::slow_readers), Pressure::none);
  EXPECT_EQ(pressure_at(900, all, Pressure::none), Pressure::new_sessions);
  EXPECT_EQ(pressure_at(950, all, Pressure::none), Pressure::queues);
  EXPECT_EQ(pressure_at(1000, all, Pressure::none), Pressure::full);
  EXPECT_EQ(pressure_at(960, all, Pressure::full), Pressure::full);
  EXPECT_EQ(pressure_at(940, all, Pressure::full), Pressure::queues);
  EXPECT_EQ(pressure_at(860, all, Pressure::full), Pressure::new_sessions);
  EXPECT_EQ(pressure_at(0, all, Pressure::full), Pressure::none);
}

TEST_P(Shedding, begins_with_qos_0_to_slow_readers) {
  const auto reader = crowd.connected("reader");
  crowd.subscribe(reader, "a", 0);
  sleeper("sleeper", "kept");
  crowd.world.stop_reading(reader, true);
  fill(0.5, 1, "kept");
  fill(0.9, 0);
  EXPECT_LT(used(), 0.85);
  EXPECT_GT(crowd.dropped(Dropped::memory_shed), 0u);
  crowd.world.wait(1s);
  EXPECT_LT(used(), 0.8);  // what waited went, too
  crowd.world.stop_reading(reader, false);
  crowd.world.end();
}

TEST_P(Shedding, then_turns_away_who_has_no_session_and_lets_in_who_has_one) {
  sleeper("sleeper", "a");
  fill(0.92, 1);
  ASSERT_GE(pressure(), Pressure::new_sessions);
  const auto stranger = crowd.world.open();
  EXPECT_EQ(crowd.connect(stranger, "stranger"), mqtt::ReasonCode::quota_exceeded);
  EXPECT_GT(crowd.hits(Limit::memory), 0u);
  const auto back = crowd.world.open();
  EXPECT_EQ(crowd.connect(back, "sleeper", true), mqtt::ReasonCode::success);
  crowd.world.end();
}

TEST_P(Shedding, then_takes_the_oldest_from_the_largest_queue) {
  sleeper("small", "small");
  sleeper("large", "a");
  for (int i = 0; i < 10; ++i) crowd.say(writer, Crowd::publication("small", size, 1));
  for (int i = 0; i < 3000; ++i) {
    crowd.say(writer, Crowd::publication("a", size, 1));
    if (i % 10 == 0) crowd.world.wait(1s);
    ASSERT_LE(used(), 1.01) << i;
  }
  EXPECT_GT(crowd.dropped(Dropped::memory_shed), 1000u);
  EXPECT_EQ(crowd.hits(Limit::memory), 0u);  // nobody was refused for it
  const auto back = crowd.connected("small", true);
  EXPECT_EQ(crowd.hear(back).size(), 10u) << "the small queue has lost something";
  crowd.world.end();
}

TEST_P(Shedding, takes_nothing_from_small_queues_for_a_large_one_of_another_loop) {
  std::vector<std::string> names;
  for (int i = 0; i < 6; ++i) {
    names.push_back("small-" + std::to_string(i));
    sleeper(names.back(), "shared");
  }
  sleeper("large", "#");
  for (int i = 0; i < 10; ++i) crowd.say(writer, Crowd::publication("shared", size, 1));
  for (int i = 0; i < 3000; ++i) {
    crowd.say(writer, Crowd::publication("a", size, 1));
    if (i % 20 == 0) crowd.world.wait(1s);
  }
  EXPECT_GT(crowd.dropped(Dropped::memory_shed), 1000u);
  for (const std::string& name : names) {
    const auto back = crowd.connected(name, true);
    EXPECT_EQ(crowd.hear(back).size(), 10u) << name;
  }
  crowd.world.end();
}

TEST_P(Shedding, takes_what_is_in_flight_to_a_client_that_has_gone_without_acknowledging) {
  const auto reader = crowd.connected("reader", true);
  crowd.subscribe(reader, "a", 1);
  for (int i = 0; i < 60; ++i) crowd.say(writer, Crowd::publication("a", 16'000, 1));
  crowd.world.drop(reader);
  for (int i = 0; i < 10; ++i) crowd.say(writer, Crowd::publication("a", 16'000, 1));
  crowd.world.wait(1s);
  EXPECT_GT(crowd.dropped(Dropped::memory_shed), 0u);
  EXPECT_LT(used(), 1.0);
  crowd.world.end();
}

TEST_P(Shedding, refuses_publishers_when_nothing_is_left_that_is_worth_it) {
  std::vector<CoreWorld::Connection> readers;  // none of them acknowledges
  for (int i = 0; i < 70; ++i) {
    readers.push_back(crowd.connected("reader-" + std::to_string(i)));
    crowd.subscribe(readers.back(), "a/" + std::to_string(i), 1);
  }
  for (int i = 0; i < 70; ++i)
    for (int k = 0; k < 10; ++k) crowd.say(writer, Crowd::publication("a/" + std::to_string(i), size, 1));
  EXPECT_EQ(pressure(), Pressure::full);
  EXPECT_LE(used(), 1.01);
  const auto heard = crowd.say(writer, Crowd::publication("a", size, 1));
  ASSERT_EQ(heard.size(), 1u);
  ASSERT_GT(heard[0][1], 2);
  EXPECT_EQ(heard[0][4], 0x97);  // quota exceeded
  crowd.say(writer, Crowd::publication("a", size, 0));
  EXPECT_LE(used(), 1.01);

  for (int i = 0; i < 30; ++i) {
    EXPECT_FALSE(crowd.world.is_closed(readers[i])) << i;
    crowd.world.drop(readers[i]);  // its session ends with it
  }
  crowd.world.wait(1s);
  EXPECT_EQ(pressure(), Pressure::none);
  EXPECT_EQ(crowd.say(writer, Crowd::publication("a", size, 1))[0].size(), 4u);  // PUBACK, success
  crowd.world.end();
}

TEST_P(Shedding, disconnects_the_reader_that_holds_most_before_publishers_wait_for_good) {
  const auto small = crowd.connected("small");
  crowd.subscribe(small, "small", 1);
  for (int i = 0; i < 10; ++i) crowd.say(writer, Crowd::publication("small", size, 1));
  for (const bool keeps : {false, true}) {  // with its session, or what is in flight goes while it is away
    const auto hog = crowd.connected(keeps ? "hog that stays" : "hog", keeps);
    crowd.subscribe(hog, "a", 1);
    for (int i = 0; i < 2000 && !crowd.world.is_closed(hog); ++i) {
      for (int k = 0; k < 20; ++k) crowd.say(writer, Crowd::publication("a", 16'000, 1));
      crowd.world.wait(1s);
    }
    EXPECT_TRUE(crowd.world.is_closed(hog));
    crowd.world.wait(2s);
    EXPECT_LT(pressure(), Pressure::full);
  }
  EXPECT_FALSE(crowd.world.is_closed(small));
  EXPECT_FALSE(crowd.world.is_closed(writer));
  EXPECT_EQ(crowd.hear(small).size(), 10u);
  crowd.world.end();
}

TEST_P(Shedding, disconnects_the_publisher_whose_aliases_hold_most) {
  const auto hog = crowd.connected("hog");
  for (std::uint16_t alias = 1; alias <= 64 && !crowd.world.is_closed(hog); ++alias) {
    conformance::Publish step;
    step.topic = std::string(20'000, 'x');
    step.properties.push_back({mqtt::PropertyId::topic_alias, alias, {}, {}});
    crowd.world.send(hog, packet_of(step, mqtt::Version::v5_0, 0));
  }
  crowd.world.wait(1s);
  EXPECT_TRUE(crowd.world.is_closed(hog));
  EXPECT_FALSE(crowd.world.is_closed(writer));
  EXPECT_EQ(pressure(), Pressure::none);
  crowd.world.end();
}

TEST_P(Shedding, disconnects_small_ones_only_where_together_they_hold_the_memory) {
  std::vector<CoreWorld::Connection> many;
  for (int i = 0; i < 60; ++i) many.push_back(crowd.connected("client-" + std::to_string(i)));
  for (const CoreWorld::Connection one : many) {
    conformance::Publish step;
    step.topic = std::string(20'000, 'x');
    step.properties.push_back({mqtt::PropertyId::topic_alias, 1, {}, {}});
    crowd.world.send(one, packet_of(step, mqtt::Version::v5_0, 0));
  }
  crowd.world.wait(5s);
  const auto closed =
      std::ranges::count_if(many, [&](CoreWorld::Connection one) { return crowd.world.is_closed(one); });
  EXPECT_GT(closed, 0);
  EXPECT_LT(closed, 30) << "more than it took";
  EXPECT_FALSE(crowd.world.is_closed(writer));
  EXPECT_LT(pressure(), Pressure::full);
  crowd.world.end();
}

TEST_P(Shedding, keeps_no_retained_message_when_memory_is_short_and_lets_go_those_there_are) {
  const auto retained = [](const std::string& topic, std::size_t bytes) {
    conformance::Publish step;
    step.topic = topic;
    step.payload.assign(bytes, 'x');
    step.qos = 1;
    step.retain = true;
    return packet_of(step, mqtt::Version::v5_0, 1);
  };
  for (int i = 0; i < 2000; ++i) crowd.say(writer, retained("r/" + std::to_string(i), size));
  EXPECT_LT(used(), 1.0);
  EXPECT_GT(crowd.world.shared().retained.size(), 10u);
  for (int i = 0; i < 2000; ++i) crowd.say(writer, retained("r/" + std::to_string(i), 0));
  EXPECT_EQ(crowd.world.shared().retained.size(), 0u);
  EXPECT_EQ(pressure(), Pressure::none);
  crowd.world.end();
}

INSTANTIATE_TEST_SUITE_P(Loops, Shedding, testing::Values(1U, 3U), [](const auto& row) {
  return row.param == 1 ? std::string{"one_loop"} : std::string{"three_loops"};
});

}  // namespace
}  // namespace mortise::broker
