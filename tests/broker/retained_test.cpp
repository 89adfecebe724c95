#include "broker/retained.hpp"

#include <gtest/gtest.h>

#include <map>

#include "mqtt/topic.hpp"
#include "random_topics.hpp"

namespace mortise::broker {
namespace {

using namespace std::chrono_literals;

const base::WallTime now = base::from_unix_ms(1'800'000'000'000);

class Retained : public testing::Test {
 protected:
  MessageRef message(std::string_view topic, std::string_view payload,
                     base::WallTime expires = base::WallTime::max()) {
    MessageParts parts;
    parts.topic = topic;
    parts.payload = {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
    parts.retain = true;
    parts.expires = expires;
    return Message::make(parts, messages);
  }
  std::multimap<std::string, std::string> read(std::string_view filter, base::WallTime at = now) const {
    std::vector<MessageRef> found;
    values.read(filter, at, found);
    std::multimap<std::string, std::string> all;
    for (const MessageRef& value : found)
      all.emplace(value->topic(), std::string{value->payload().begin(), value->payload().end()});
    return all;
  }

  Accounts messages;
  Accounts accounts;
  RetainedMessages values{{1, 2}, accounts, {}};
};

TEST_F(Retained, reads_exactly_what_matches) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    RandomTopics random{seed};
    RetainedMessages some{{seed, 9}, accounts, {}};
    std::map<std::string, std::string> model;
    for (int step = 0; step < 1000; ++step) {
      const std::string topic = random.topic();
      const std::string payload = random.below(3) == 0 ? "" : std::to_string(step);
      const auto stored = some.store(message(topic, payload));
      ASSERT_EQ(stored.replaced, model.contains(topic));
      if (payload.empty())
        model.erase(topic);
      else
        model[topic] = payload;
      ASSERT_EQ(some.size(), model.size());
      const std::string filter = random.filter();
      std::multimap<std::string, std::string> expected, found;
      for (const auto& [known, value] : model)
        if (mqtt::matches(filter, known)) expected.emplace(known, value);
      std::vector<MessageRef> read_now;
      some.read(filter, now, read_now);
      for (const MessageRef& value : read_now)
        found.emplace(value->topic(), std::string{value->payload().begin(), value->payload().end()});
      ASSERT_EQ(found, expected) << filter << " with seed " << seed;
    }
    for (const auto& [topic, value] : model) some.store(message(topic, ""));
  }
  EXPECT_EQ(accounts.charged(Account::retained), 0);
  EXPECT_EQ(messages.charged(Account::message), 0);
}

TEST_F(Retained, versions_rise_over_all_topics) {
  std::uint64_t last = 0;
  for (const char* topic : {"a", "b", "a", "c/d", "a"}) {
    const auto stored = values.store(message(topic, "x"));
    EXPECT_GT(stored.version, last);
    last = stored.version;
  }
  std::vector<MessageRef> found;
  EXPECT_EQ(values.read("a", now, found), last);
  EXPECT_GT(values.store(message("a", "")).version, last) << "clearing is a version of its own";
}

TEST_F(Retained, goes_on_above_the_versions_that_were_restored) {
  values.restore(41, message("a", "x"));
  values.restore(7, message("b", "y"));
  EXPECT_EQ(values.size(), 2U);
  EXPECT_EQ(values.store(message("c", "z")).version, 42U);
}

TEST_F(Retained, keeps_within_its_limits_and_counts_what_goes) {
  RetainedMessages few{{1, 2}, accounts, {.messages = 2, .bytes = 12, .payload = 8}};
  const auto refusal = [&](std::string_view topic, std::string_view payload) {
    return few.store(message(topic, payload)).refused;
  };
  EXPECT_EQ(refusal("a", "123456789"), Limit::retained_payload);
  EXPECT_FALSE(refusal("a", "12345"));  // 6 bytes
  EXPECT_FALSE(refusal("b", "12345"));  // 12
  EXPECT_EQ(refusal("c", "1"), Limit::retained_messages);
  EXPECT_EQ(refusal("a", "123456"), Limit::retained_bytes);
  EXPECT_FALSE(refusal("a", "1234"));
  EXPECT_FALSE(refusal("b", "123456"));
  EXPECT_EQ(few.bytes(), 12U);
  EXPECT_FALSE(refusal("b", ""));  // what clears is never refused
  EXPECT_FALSE(refusal("c", "1"));
  EXPECT_EQ(few.size(), 2U);
  EXPECT_EQ(few.bytes(), 7U);
  values.restore(1, message("d", "x"));
  EXPECT_EQ(values.bytes(), 2U);
}

TEST_F(Retained, what_has_expired_is_not_read_and_is_taken_out_in_time) {
  values.store(message("a", "short", now + 10s));
  values.store(message("b", "long", now + 100s));
  values.store(message("c", "for ever"));
  EXPECT_EQ(read("#", now + 9s).size(), 3U);
  EXPECT_EQ(read("#", now + 10s).size(), 2U);
  std::vector<std::string> gone;
  for (int shard = 0; shard < 16; ++shard)
    values.expire_some(now + 10s, [&](std::string_view topic, std::uint64_t version) {
      gone.emplace_back(topic);
      EXPECT_GT(version, 3U);
    });
  EXPECT_EQ(gone, std::vector<std::string>{"a"});
  EXPECT_EQ(values.size(), 2U);
}

}  // namespace
}  // namespace mortise::broker
