// Which messages are taken for ones that go round.
#include "rounds.hpp"

#include <gtest/gtest.h>

namespace mortise::bridge {
namespace {

using namespace std::chrono_literals;

constexpr Rounds::Clock::time_point start{100s};

TEST(Rounds, are_made_by_what_leaves_fifty_times_within_five_seconds) {
  Rounds rounds;
  const std::size_t print = Rounds::print_of("x/1", "once");
  for (int i = 0; i < 49; ++i) EXPECT_FALSE(rounds.is_one(print, start + i * 100ms)) << i;
  EXPECT_TRUE(rounds.is_one(print, start + 4900ms));
  EXPECT_FALSE(rounds.is_one(print, start + 4901ms)) << "it is counted anew";
}

TEST(Rounds, are_not_made_by_what_comes_as_often_and_more_slowly) {
  Rounds rounds;
  const std::size_t print = Rounds::print_of("state", "on");
  for (int i = 0; i < 500; ++i) EXPECT_FALSE(rounds.is_one(print, start + i * 120ms)) << i;
}

TEST(Rounds, are_not_made_by_messages_that_differ) {
  Rounds rounds;
  for (int i = 0; i < 500; ++i) {
    EXPECT_FALSE(rounds.is_one(Rounds::print_of("x", std::to_string(i)), start));
    EXPECT_FALSE(rounds.is_one(Rounds::print_of(std::to_string(i), "x"), start));
  }
}

}  // namespace
}  // namespace mortise::bridge
