// How long a link waits: between attempts, before it goes back to its first address, and between messages.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "backoff.hpp"
#include "node.hpp"
#include "pace.hpp"
#include "returns.hpp"

namespace mortise::bridge {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, doubles_to_the_longest_and_lies_between_half_and_all_of_it) {
  Backoff backoff{milliseconds{1000}, milliseconds{5000}, 7};
  for (const int most : {1000, 2000, 4000, 5000, 5000, 5000}) {
    const auto wait = backoff.next();
    EXPECT_GE(wait, milliseconds{most / 2});
    EXPECT_LE(wait, milliseconds{most});
  }
  backoff.reset();
  EXPECT_LE(backoff.next(), milliseconds{1000});
}

TEST(Backoff, two_links_do_not_come_back_together) {
  Backoff one{milliseconds{60'000}, milliseconds{60'000}, 1};
  Backoff other{milliseconds{60'000}, milliseconds{60'000}, 2};
  int same = 0;
  for (int i = 0; i < 20; ++i) same += one.next() == other.next();
  EXPECT_LT(same, 3);
}

TEST(Returns, wait_twice_as_long_after_each_that_came_to_nothing_up_to_a_day) {
  using std::chrono::hours;
  using std::chrono::seconds;
  Returns returns{hours{5}};
  returns.failed();  // an attempt that was no return
  EXPECT_EQ(returns.wait(), hours{5});
  for (const int wanted : {10, 20, 24, 24}) {
    returns.begin();
    returns.failed();
    returns.failed();  // and the next attempt, at another address
    EXPECT_EQ(returns.wait(), hours{wanted});
  }
  returns.begin();
  returns.succeeded();
  EXPECT_EQ(returns.wait(), hours{5});
  returns.failed();
  EXPECT_EQ(returns.wait(), hours{5});
  EXPECT_TRUE(returns.are_wanted());
  EXPECT_FALSE(Returns{seconds{0}}.are_wanted());
}

TEST(Returns, never_wait_less_than_they_were_told_to) {
  Returns returns{std::chrono::hours{24 * 7}};
  returns.begin();
  returns.failed();
  EXPECT_EQ(returns.wait(), std::chrono::hours{24 * 7});
}

TEST(Pace, lets_a_tenth_of_a_second_through_at_once_and_then_as_much_as_time_allows) {
  Pace pace{100};
  auto now = Pace::Clock::time_point{} + std::chrono::hours{1};
  int taken = 0;
  while (pace.take(now)) ++taken;
  EXPECT_EQ(taken, 10);
  EXPECT_GT(pace.wait(), std::chrono::nanoseconds{0});
  EXPECT_LE(pace.wait(), milliseconds{11});
  for (int i = 0; i < 1000; ++i) {
    now += milliseconds{1};
    taken += pace.take(now);
  }
  EXPECT_GE(taken, 109);
  EXPECT_LE(taken, 111);
}

TEST(Pace, without_a_rate_everything_goes) {
  Pace pace{0};
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(pace.take({}));
}

class Node : public testing::Test {
 protected:
  Node() { std::filesystem::create_directories(folder); }
  ~Node() override { std::filesystem::remove_all(folder); }
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("mortise-node-" + std::to_string(::getpid()));
};

TEST_F(Node, has_a_name_that_is_made_once) {
  const std::string name = node_name(folder);
  EXPECT_EQ(name.size(), 16U);
  EXPECT_EQ(node_name(folder), name);
}

TEST_F(Node, half_a_name_is_made_anew) {
  std::ofstream{folder / "bridge-node"} << "12ab";
  const std::string name = node_name(folder);
  EXPECT_EQ(name.size(), 16U);
  EXPECT_EQ(node_name(folder), name);
}

TEST_F(Node, a_folder_that_is_not_there_is_named) {
  try {
    node_name(folder / "absent");
    FAIL();
  } catch (const std::runtime_error& fault) {
    EXPECT_NE(std::string{fault.what()}.find("absent/bridge-node"), std::string::npos) << fault.what();
    EXPECT_NE(std::string{fault.what()}.find("writable"), std::string::npos) << fault.what();
  }
}

}  // namespace
}  // namespace mortise::bridge
