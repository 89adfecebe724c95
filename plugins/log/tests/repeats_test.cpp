// Lines that come again and again: what is written, what is counted, and when that is told.
#include "repeats.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "written.hpp"

namespace mortise::log {
namespace {

using namespace std::chrono_literals;

const Event denied{MORTISE_WARNING,
                   "auth",
                   "client.denied",
                   "denied publish",
                   {{"client", "pump-7"}, {"address", "10.0.0.17:50122"}, {"topic", "a"}}};

class Repeated : public testing::Test {
 protected:
  // Another `seconds` later.
  void say(Event event, double seconds = 0) {
    after_ += static_cast<std::uint64_t>(seconds * 1e9);
    event.unix_ns += after_;
    write(writer_, {event});
  }
  std::string texts() const { return texts_in(folder_ / "log"); }

  Folder folder_;
  std::uint64_t after_ = 0;
  Writer writer_{{file(folder_ / "log", {MORTISE_DEBUG, {{"messages", MORTISE_INFO}}})},
                 RepeatSettings{.first = 2, .within = 60s}};
  const std::string line_ = "denied publish  client=pump-7 address=10.0.0.17:50122 topic=a";
};

TEST_F(Repeated, are_written_first_and_counted_then) {
  for (int i = 0; i < 1002; ++i) say(denied, 0.05);
  EXPECT_EQ(texts(), line_ + "|" + line_);
  say(Event{}, 60);
  EXPECT_EQ(texts(), line_ + "|" + line_ +
                         "|denied publish … 1,000 times more in 51 s  client=pump-7 times=1000 seconds=51"
                         "|connected");
}

TEST_F(Repeated, are_told_of_once_a_time_for_as_long_as_they_last_and_written_again_after_a_pause) {
  for (int i = 0; i < 300; ++i) say(denied, 1);
  const std::string flood = texts();
  EXPECT_EQ(std::ranges::count(flood, '|'), 1 + 4) << flood;
  say(Event{}, 61);
  say(Event{.text = "quiet"}, 61);
  const std::size_t before = texts().size();
  say(denied, 1);
  EXPECT_EQ(texts().substr(before), "|" + line_);
}

TEST_F(Repeated, no_more_than_the_first_are_left_alone) {
  for (int i = 0; i < 2; ++i) say(denied);
  say(Event{}, 61);
  EXPECT_EQ(texts(), line_ + "|" + line_ + "|connected");
}

TEST_F(Repeated, by_one_client_hide_nothing_of_another) {
  Event other = denied;
  other.fields[0] = {"client", "pump-8"};
  for (int i = 0; i < 9; ++i) say(denied);
  say(other);
  EXPECT_NE(texts().find("client=pump-8"), std::string::npos);
}

TEST_F(Repeated, of_one_kind_hide_no_other) {
  Event subscribe = denied, refused = denied;
  subscribe.text = "denied subscribe";
  refused.event = "client.refused";
  for (int i = 0; i < 9; ++i) say(denied);
  say(subscribe);
  say(refused);
  EXPECT_EQ(texts(), line_ + "|" + line_ + "|denied subscribe" + line_.substr(14) + "|" + line_);
}

TEST_F(Repeated, of_nobody_are_the_same_if_only_the_port_differs) {
  for (int port = 1; port <= 9; ++port)
    say({.text = "refused", .fields = {{"address", "10.0.0.9:" + std::to_string(port)}}});
  say({.text = "refused", .fields = {{"address", "10.0.0.8:1"}}});
  say(Event{}, 61);
  EXPECT_EQ(texts(),
            "refused  address=10.0.0.9:1|refused  address=10.0.0.9:2|refused  address=10.0.0.8:1|"
            "refused … 7 times more in 1 s  address=10.0.0.9 times=7 seconds=1|connected");
}

TEST_F(Repeated, of_nobody_differ_in_any_text) {
  for (const char* name : {"a", "b", "c", "d"}) say({.text = "plugin started", .fields = {{"plugin", name}}});
  EXPECT_EQ(texts(),
            "plugin started  plugin=a|plugin started  plugin=b|plugin started  plugin=c|"
            "plugin started  plugin=d");
}

TEST_F(Repeated, about_messages_and_for_debugging_are_never_counted) {
  for (int i = 0; i < 5; ++i) {
    say({.source = "messages", .text = "m"});
    say({.level = MORTISE_DEBUG, .text = "d"});
  }
  EXPECT_EQ(texts(), "m|d|m|d|m|d|m|d|m|d");
}

TEST_F(Repeated, are_told_of_by_the_clock_when_nothing_else_is_said) {
  for (int i = 0; i < 3; ++i) say(denied);
  writer_.on_time(denied.unix_ns + std::chrono::nanoseconds{59s}.count());
  EXPECT_EQ(texts(), line_ + "|" + line_);
  writer_.on_time(denied.unix_ns + std::chrono::nanoseconds{60s}.count());
  EXPECT_TRUE(texts().ends_with("|denied publish … 1 time more in 1 s  client=pump-7 times=1 seconds=1"));
}

TEST_F(Repeated, are_told_of_before_the_broker_ends) {
  for (int i = 0; i < 5; ++i) say(denied);
  writer_.flush();
  EXPECT_TRUE(texts().ends_with("|denied publish … 3 times more in 1 s  client=pump-7 times=3 seconds=1"));
}

TEST_F(Repeated, go_on_over_a_reload) {
  for (int i = 0; i < 5; ++i) say(denied);
  Writer after{{file(folder_ / "log")}, RepeatSettings{.first = 2, .within = 60s}};
  after.follow(writer_);
  write(after, {denied});
  after.flush();
  EXPECT_TRUE(texts().ends_with("|denied publish … 4 times more in 1 s  client=pump-7 times=4 seconds=1"));
}

TEST_F(Repeated, are_all_written_when_a_reload_switches_counting_off) {
  for (int i = 0; i < 5; ++i) say(denied);
  Writer after{{file(folder_ / "log")}};
  after.follow(writer_);
  write(after, {denied});
  EXPECT_TRUE(
      texts().ends_with("|denied publish … 3 times more in 1 s  client=pump-7 times=3 seconds=1|" + line_));
}

TEST_F(Repeated, survive_a_clock_that_goes_back) {
  for (int i = 0; i < 5; ++i) say(denied);
  Event before = denied;
  before.unix_ns -= std::chrono::nanoseconds{1h}.count();
  write(writer_, {before});
  EXPECT_TRUE(texts().ends_with("|denied publish … 3 times more in 1 s  client=pump-7 times=3 seconds=1"));
}

TEST_F(Repeated, by_two_threads_may_come_in_the_wrong_order) {
  for (int i = 0; i < 5; ++i) say(denied);
  Event before = denied;
  before.unix_ns -= 1000;
  write(writer_, {before});
  EXPECT_EQ(texts(), line_ + "|" + line_);
}

TEST_F(Repeated, of_more_kinds_than_can_be_remembered_are_told_of_early_and_none_is_lost) {
  for (int i = 0; i < 3; ++i) say(denied);
  for (int i = 0; i < 5000; ++i) say({.text = "connected", .fields = {{"client", "c" + std::to_string(i)}}});
  EXPECT_EQ(std::ranges::count(texts(), '|'), 2 + 1 + 5000 - 1);
  EXPECT_NE(texts().find("denied publish … 1 time more"), std::string::npos);
}

TEST_F(Repeated, that_are_too_long_to_remember_are_written) {
  const std::string long_name(600, 'x');
  for (int i = 0; i < 4; ++i) say({.text = "connected", .fields = {{"client", long_name}}});
  EXPECT_EQ(std::ranges::count(texts(), '|'), 3);
}

TEST_F(Repeated, have_the_names_machines_know) {
  SinkSettings json = file(folder_ / "json");
  json.format = Format::json;
  Writer writer{{json}, RepeatSettings{.first = 1, .within = 60s}};
  write(writer, {denied, denied, denied});
  writer.flush();
  const std::string said = content_of(folder_ / "json");
  const auto last = nlohmann::json::parse(said.substr(said.find('\n') + 1));
  EXPECT_EQ(last["event"], "client.denied");
  EXPECT_EQ(last["level"], "warning");
  EXPECT_EQ(last["times"], 2);
  EXPECT_EQ(last["client"], "pump-7");
}

}  // namespace
}  // namespace mortise::log
