#include "broker/interest.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "mqtt/topic.hpp"
#include "random_topics.hpp"

namespace mortise::broker {
namespace {

TEST(Interest, never_says_no_to_a_topic_that_somebody_wants) {
  constexpr std::uint32_t loops = 3;
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    RandomTopics random{seed};
    Interest interest{loops, {seed, 7}};
    std::vector<std::pair<std::uint32_t, std::string>> counted;
    for (int step = 0; step < 5000; ++step) {
      if (counted.size() < 10 || (counted.size() < 60 && random.below(2) == 0)) {
        counted.emplace_back(random.below(loops), random.filter());
        interest.add(counted.back().first, counted.back().second);
      } else {
        const std::size_t gone = random.below(static_cast<std::uint32_t>(counted.size()));
        interest.remove(counted[gone].first, counted[gone].second);
        counted.erase(counted.begin() + static_cast<std::ptrdiff_t>(gone));
      }
      const std::string topic = random.topic();
      const std::uint64_t said = interest.loops_for(topic);
      for (const auto& [loop, filter] : counted)
        ASSERT_TRUE(!mqtt::matches(filter, topic) || said >> loop & 1) << filter << " wants " << topic;
    }
    for (const auto& [loop, filter] : counted) interest.remove(loop, filter);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(interest.loops_for(random.topic()), 0U);
  }
}

TEST(Interest, rarely_says_yes_to_a_topic_that_nobody_wants) {
  Interest interest{2, {1, 2}};
  for (int i = 0; i < 100; ++i) interest.add(0, "house/" + std::to_string(i) + "/lamp");
  for (int i = 0; i < 100; ++i) interest.add(1, "garden/" + std::to_string(i) + "/#");
  int wrong = 0;
  for (int i = 0; i < 1000; ++i) wrong += interest.loops_for("cellar/" + std::to_string(i)) != 0;
  EXPECT_LT(wrong, 100);
  EXPECT_TRUE(interest.loops_for("house/7/lamp") & 1);
  EXPECT_TRUE(interest.loops_for("garden/7/lamp/left") & 2);
}

TEST(Interest, with_one_loop_there_is_none) {
  Interest interest{1, {1, 2}};
  interest.add(0, "house/lamp");
  EXPECT_EQ(interest.loops_for("house/lamp"), 0U);
  interest.remove(0, "house/lamp");
}

TEST(Interest, filters_deeper_than_its_table_count_too) {
  Interest interest{2, {1, 2}};
  std::string deep = "0";
  for (int i = 1; i < 100; ++i) deep += '/' + std::to_string(i);
  interest.add(0, deep + "/#");
  EXPECT_EQ(interest.loops_for(deep + "/below"), 1U);
  interest.add(0, deep);
  EXPECT_EQ(interest.loops_for(deep), 1U);
}

}  // namespace
}  // namespace mortise::broker
