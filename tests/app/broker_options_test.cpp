#include "app/broker_options.hpp"

#include <gtest/gtest.h>

#include "config/settings_reader.hpp"

namespace mortise::app {
namespace {

config::Settings settings_of(const std::string& kernel) {
  const auto nothing = [](const std::string&) { return std::optional<std::string>{}; };
  auto reading = config::read_settings_text(
      "kernel: {" + kernel +
          "}\nlisteners: [{name: a, bind: 127.0.0.1:1883, versions: [5.0], anonymous: allow}]\n",
      "mortise.yaml", nothing);
  EXPECT_FALSE(config::has_errors(reading.findings)) << reading.findings[0].to_text();
  return std::move(reading.settings);
}

TEST(BrokerOptions, without_a_store_every_class_is_memory) {
  const auto options = broker_options(settings_of(""), false, {});
  EXPECT_EQ(options.level_of("a"), broker::Level::memory);
  EXPECT_EQ(options.session_store, broker::Level::memory);
}

TEST(BrokerOptions, with_a_store_that_nobody_mentions_every_class_is_synced) {
  const auto options = broker_options(settings_of(""), true, {});
  EXPECT_EQ(options.level_of("a"), broker::Level::synced);
  EXPECT_EQ(options.session_store, broker::Level::synced);
}

TEST(BrokerOptions, the_first_class_that_matches_a_topic_counts) {
  const auto options = broker_options(
      settings_of(R"(acknowledge: [{topics: ["a/#"], after: written}, {topics: ["#"], after: memory}])"),
      true, {});
  EXPECT_EQ(options.level_of("a/b"), broker::Level::written);
  EXPECT_EQ(options.level_of("b"), broker::Level::memory);
  EXPECT_EQ(options.session_store, broker::Level::written) << "the strongest class there is";
}

TEST(BrokerOptions, sessions_are_as_safe_as_topics_no_class_names) {
  const auto options =
      broker_options(settings_of(R"(acknowledge: [{topics: ["a/#"], after: memory}])"), true, {});
  EXPECT_EQ(options.level_of("b"), broker::Level::synced);
  EXPECT_EQ(options.session_store, broker::Level::synced);
}

TEST(BrokerOptions, a_hooks_filter_that_is_none_is_told_with_its_place) {
  const auto nothing = [](const std::string&) { return std::optional<std::string>{}; };
  const auto reading = config::read_settings_text(
      "listeners: [{name: a, bind: 127.0.0.1:1883}]\n"
      "plugins:\n"
      "  - {name: x, library: x, hooks: {authorise: {filters: [\"a/#/b\"]}}}\n"
      "  - {name: y, library: y, hooks: {authenticate: {filters: [\"a/#\"]}}}\n",
      "mortise.yaml", nothing);
  const auto findings = check_settings(reading.settings, true);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].to_text(),
            "mortise.yaml:3:57  plugins/0/hooks/authorise/filters: \"a/#/b\" is not a topic filter; '+' "
            "stands for a "
            "whole level, '#' for the last one");
  EXPECT_EQ(findings[1].to_text().substr(0, 15), "mortise.yaml:4:");
}

TEST(BrokerOptions, a_topic_filter_that_is_none_is_told_with_its_place) {
  const auto findings =
      check_settings(settings_of(R"(acknowledge: [{topics: ["a/#/b"], after: memory}])"), true);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].to_text().substr(0, 16), "mortise.yaml:1:3");
}

TEST(BrokerOptions, a_mount_point_that_is_none_is_told_with_its_place) {
  const auto nothing = [](const std::string&) { return std::optional<std::string>{}; };
  const auto reading = config::read_settings_text(
      "listeners: [{name: a, bind: 127.0.0.1:1883, mount_point: site},\n"
      "            {name: b, bind: 127.0.0.1:1884, mount_point: site/%u/}]\n",
      "mortise.yaml", nothing);
  const auto findings = check_settings(reading.settings, true);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(
      findings[0].to_text(),
      "mortise.yaml:1:58  listeners/0/mount_point: \"site\" does not end with a slash; end it with one, so "
      "that no name runs into the topic behind it");
  EXPECT_EQ(broker_listener(reading.settings.listeners[1])->mount_point, "site/%u/");
}

TEST(BrokerOptions, more_than_memory_without_a_store_is_an_error) {
  const auto settings = settings_of(R"(acknowledge: [{topics: ["#"], after: synced}])");
  EXPECT_TRUE(config::has_errors(check_settings(settings, false)));
  EXPECT_FALSE(config::has_errors(check_settings(settings, true)));
}

TEST(BrokerOptions, unlimited_settings_have_no_bound) {
  const auto options = broker_options(settings_of("session: {expiry_maximum: unlimited, keep_alive_maximum: "
                                                  "unlimited, queue: {messages: unlimited}}"),
                                      true, {});
  EXPECT_EQ(options.session_expiry_max_s, mqtt::session_never_expires);
  EXPECT_EQ(options.keep_alive_max_s, 65535);
  EXPECT_EQ(options.queue_messages_max, UINT64_MAX);
}

TEST(BrokerOptions, a_listener_keeps_its_name_versions_and_rule_for_anonymous_clients) {
  const auto listener = broker_listener(settings_of("").listeners.at(0));
  EXPECT_EQ(listener->name, "a");
  EXPECT_TRUE(listener->anonymous);
  EXPECT_FALSE(listener->allows_3_1_1);
  EXPECT_TRUE(listener->allows_5_0);
}

}  // namespace
}  // namespace mortise::app
