// What the main thread does now and then: when, and whether all loops still take turns.
#include "app/errands.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "app/pulse.hpp"
#include "app/traffic.hpp"

namespace mortise::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

base::TimePoint at(base::Duration since) { return base::TimePoint{since}; }

TEST(Errands, wait_for_ever_when_there_are_none) { EXPECT_FALSE(Errands{}.time_left(at(seconds{1}))); }

TEST(Errands, are_waited_for_until_the_next_is_due) {
  Errands errands;
  errands.every(seconds{5}, at(seconds{10}), [](auto) {});
  errands.every(seconds{2}, at(seconds{10}), [](auto) {});
  EXPECT_EQ(errands.time_left(at(seconds{11})), seconds{1});
  EXPECT_EQ(errands.time_left(at(seconds{12})), seconds{0});
  EXPECT_EQ(errands.time_left(at(seconds{20})), seconds{0});
}

TEST(Errands, run_when_they_are_due_each_in_its_own_time) {
  Errands errands;
  std::string ran;
  errands.every(seconds{5}, at(seconds{0}), [&](auto) { ran += 'a'; });
  errands.every(seconds{2}, at(seconds{0}), [&](auto) { ran += 'b'; });
  for (int second = 1; second <= 10; ++second) errands.run_due(at(seconds{second}));
  EXPECT_EQ(ran, "bbabbab");
}

TEST(Errands, that_are_late_run_once_and_are_told_the_time) {
  Errands errands;
  std::vector<base::TimePoint> ran;
  errands.every(seconds{5}, at(seconds{0}), [&](base::TimePoint now) { ran.push_back(now); });
  errands.run_due(at(seconds{60}));
  errands.run_due(at(seconds{61}));
  EXPECT_EQ(ran, std::vector{at(seconds{60})});
  EXPECT_EQ(errands.time_left(at(seconds{61})), seconds{4});
}

TEST(Pulse, misses_nobody_at_first_and_then_whoever_has_taken_no_turn) {
  Pulse pulse{3};
  EXPECT_EQ(pulse.find_missing(), std::nullopt);
  pulse.mark(0);
  pulse.mark(2);
  EXPECT_EQ(pulse.find_missing(), 1u);
  pulse.mark(1);
  EXPECT_EQ(pulse.find_missing(), std::nullopt);
  EXPECT_EQ(pulse.find_missing(), 0u);
}

TEST(Pulse, asks_nobody_twice_while_another_is_missing) {
  Pulse pulse{2};
  ASSERT_EQ(pulse.find_missing(), std::nullopt);
  pulse.mark(0);
  EXPECT_EQ(pulse.find_missing(), 1u);
  EXPECT_EQ(pulse.find_missing(), 1u);
  pulse.mark(1);
  EXPECT_EQ(pulse.find_missing(), std::nullopt);
}

struct Rate {
  const char* name;
  Traffic before;
  Traffic now;
  base::Duration between;
  const char* text;
};

class TrafficText : public testing::TestWithParam<Rate> {};

TEST_P(TrafficText, has_connections_and_both_rates) {
  EXPECT_EQ(to_text(GetParam().now, GetParam().before, GetParam().between), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    rows, TrafficText,
    testing::Values(
        Rate{"nobody", {}, {}, seconds{5}, "0 connections, 0 messages/s in, 0 out"},
        Rate{"one", {1, 0, 0}, {1, 5, 10}, seconds{5}, "1 connection, 1 messages/s in, 2 out"},
        Rate{"rounded",
             {9, 100, 0},
             {12, 1797, 5101},
             seconds{5},
             "12 connections, 339 messages/s in, 1020 out"},
        Rate{"seldom", {2, 0, 0}, {2, 1, 2}, seconds{5}, "2 connections, under 1 messages/s in, under 1 out"},
        Rate{"at_once", {2, 0, 0}, {2, 3, 0}, seconds{0}, "2 connections, 3000 messages/s in, 0 out"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace mortise::app
