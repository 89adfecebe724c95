#include "broker/subscription_index.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "mqtt/topic.hpp"
#include "random_topics.hpp"

namespace mortise::broker {
namespace {

SessionKey session(std::uint32_t number) { return {number, 1}; }

using Pair = std::pair<std::string, std::uint32_t>;

std::multiset<std::uint32_t> matched(const SubscriptionIndex& index, std::string_view topic) {
  std::vector<SubscriptionIndex::Subscribers> found;
  index.match(topic, found);
  std::multiset<std::uint32_t> sessions;
  for (const auto& subscribers : found)
    for (const Subscriber& subscriber : subscribers) sessions.insert(subscriber.session.index);
  return sessions;
}

TEST(SubscriptionIndex, finds_exactly_what_matches_while_filters_come_and_go) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    RandomTopics random{seed};
    Accounts accounts;
    SubscriptionIndex index{{seed, 7}, accounts};
    std::set<Pair> model;
    for (int step = 0; step < 4000; ++step) {
      const std::uint32_t who = random.below(6);
      const std::string filter = random.filter();
      if (random.below(5) < 3) {
        const auto added = index.add(filter, {session(who), 0, {}, 0});
        ASSERT_EQ(added.replaced, !model.emplace(filter, who).second) << filter;
        ASSERT_EQ(index.text_of(added.filter), filter);
      } else {
        const FilterId* known = index.find(filter);
        const bool removed = known && index.remove(*known, session(who));
        ASSERT_EQ(removed, model.erase({filter, who}) == 1) << filter;
      }
      ASSERT_EQ(index.size(), model.size());
      const std::string topic = random.topic();
      std::multiset<std::uint32_t> expected;
      for (const auto& [text, subscriber] : model)
        if (mqtt::matches(text, topic)) expected.insert(subscriber);
      ASSERT_EQ(matched(index, topic), expected) << topic << " with seed " << seed;
    }
    while (!model.empty()) {
      const auto [filter, who] = *model.begin();
      ASSERT_TRUE(index.remove(*index.find(filter), session(who)));
      model.erase(model.begin());
    }
    EXPECT_EQ(index.size(), 0U);
    EXPECT_EQ(accounts.charged(Account::subscription), 0);
  }
}

TEST(SubscriptionIndex, a_filter_again_replaces_the_options) {
  Accounts accounts;
  SubscriptionIndex index{{1, 2}, accounts};
  const auto first = index.add("a/+", {session(1), 5, {}, 0});
  Subscriber changed{session(1), 6, {}, 0};
  changed.options.maximum_qos = mqtt::Qos::exactly_once;
  const auto second = index.add("a/+", changed);
  EXPECT_TRUE(second.replaced);
  EXPECT_EQ(second.filter, first.filter);
  EXPECT_EQ(index.size(), 1U);
  const Subscriber* found = index.find(first.filter, session(1));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->identifier, 6U);
  EXPECT_EQ(found->options.maximum_qos, mqtt::Qos::exactly_once);
  EXPECT_EQ(index.find(first.filter, session(2)), nullptr);
}

TEST(SubscriptionIndex, charges_more_for_more_and_nothing_when_empty) {
  Accounts accounts;
  SubscriptionIndex index{{1, 2}, accounts};
  const auto charged = [&] { return accounts.charged(Account::subscription); };
  index.add("plain", {session(1), 0, {}, 0});
  const auto one = charged();
  EXPECT_GT(one, 0);
  index.add("with/+/wildcard", {session(1), 0, {}, 0});
  EXPECT_GT(charged(), one);
  index.remove(*index.find("with/+/wildcard"), session(1));
  EXPECT_EQ(charged(), one);
  index.remove(*index.find("plain"), session(1));
  EXPECT_EQ(charged(), 0);
}

}  // namespace
}  // namespace mortise::broker
