// What the topics say, and how loads are averaged.
#include "topics.hpp"

#include <gtest/gtest.h>

#include "testkit/fake_host.hpp"

namespace mortise::sys_topics {
namespace {

using namespace std::chrono_literals;

std::map<std::string, std::string> told(Topics& topics, const Reading& now, std::chrono::nanoseconds at) {
  std::map<std::string, std::string> all;
  for (const auto& [topic, payload] : topics.from(now, at)) {
    EXPECT_TRUE(topic.starts_with("$SYS/broker/")) << topic;
    EXPECT_TRUE(all.emplace(topic.substr(12), payload).second) << topic << " twice";
  }
  return all;
}

TEST(Topics, say_what_was_read) {
  Topics topics;
  Reading now;
  now.version = "1.2.3";
  now.uptime = 59.9;
  now.sessions = 5;
  now.connected = 3;
  now.queued = 4;
  now.retained = 2;
  now.published = 1e15;
  const auto all = told(topics, now, 1s);
  EXPECT_EQ(all.at("version"), "mortise version 1.2.3");
  EXPECT_EQ(all.at("uptime"), "59 seconds");
  EXPECT_EQ(all.at("clients/total"), "5");
  EXPECT_EQ(all.at("clients/connected"), "3");
  EXPECT_EQ(all.at("clients/disconnected"), "2");
  EXPECT_EQ(all.at("messages/stored"), "6");
  EXPECT_EQ(all.at("retained messages/count"), "2");
  EXPECT_EQ(all.at("messages/received"), "1000000000000000");
  EXPECT_EQ(all.at("load/messages/received/1min"), "0.00") << "what was before is no load";
}

TEST(Topics, keep_the_most_there_were) {
  Topics topics;
  Reading now;
  now.sessions = now.connected = 7;
  EXPECT_EQ(told(topics, now, 1s).at("clients/maximum"), "7");
  now.sessions = now.connected = 1;
  EXPECT_EQ(told(topics, now, 2s).at("clients/maximum"), "7");
}

TEST(Topics, average_loads_by_the_minute) {
  Topics topics;
  Reading now;
  told(topics, now, 1min);
  now.published = 600;
  auto all = told(topics, now, 2min);
  // One minute at 600 a minute, from nothing: 600 (1 - e^(-1/n)).
  EXPECT_EQ(all.at("load/publish/received/1min"), "379.27");
  EXPECT_EQ(all.at("load/publish/received/5min"), "108.76");
  EXPECT_EQ(all.at("load/publish/received/15min"), "38.70");
  EXPECT_EQ(all.at("load/publish/sent/1min"), "0.00");
  all = told(topics, now, 3min);
  EXPECT_EQ(all.at("load/publish/received/1min"), "139.53") << "nothing came since";
  all = told(topics, now, 3min);
  EXPECT_EQ(all.at("load/publish/received/1min"), "139.53") << "no time has passed";
}

TEST(Reading, adds_up_what_has_labels_and_leaves_other_plugins_out) {
  test::FakeHost host;
  host.metrics = {{MORTISE_COUNTER, "messages_received_total", "", {{"qos", "0"}}, {}, 2},
                  {MORTISE_COUNTER, "messages_received_total", "", {{"qos", "1"}}, {}, 3},
                  {MORTISE_COUNTER, "sessions", "", {}, {}, 100, {}, "a plugin"},
                  {MORTISE_GAUGE, "sessions", "", {}, {}, 4},
                  {MORTISE_GAUGE, "build_info", "", {{"version", "9"}}, {}, 1}};
  const void* table = nullptr;
  ASSERT_EQ(MORTISE_OK, host.raw()->service(host.raw(), MORTISE_HOST_METRICS, &table));
  Reading now;
  static_cast<const mortise_metrics_t*>(table)->read(
      host.raw(),
      [](void* to, const mortise_metric_view_t* metric) { static_cast<Reading*>(to)->add(*metric); }, &now);
  EXPECT_EQ(now.published, 5);
  EXPECT_EQ(now.sessions, 4);
  EXPECT_EQ(now.version, "9");
}

}  // namespace
}  // namespace mortise::sys_topics
