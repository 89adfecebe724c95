#include "broker/numbers.hpp"

#include <gtest/gtest.h>

#include <set>

namespace mortise::broker {
namespace {

TEST(Numbers, none_is_given_before_its_reservation_is_durable) {
  Numbers numbers;
  numbers.start(0, 0);
  Numbers::Allocator allocator{numbers};
  EXPECT_FALSE(allocator.has(1));
  const auto up_to = numbers.wants_reservation();
  ASSERT_TRUE(up_to);
  EXPECT_FALSE(numbers.wants_reservation()) << "it is told once";
  EXPECT_FALSE(allocator.has(1)) << "it is not durable yet";
  numbers.reserved(*up_to);
  EXPECT_EQ(allocator.take(), 1U);
}

TEST(Numbers, a_restart_goes_on_above_the_reservation) {
  Numbers numbers;
  numbers.start(5'000'000, 17);
  const auto up_to = numbers.wants_reservation();
  ASSERT_TRUE(up_to);
  EXPECT_GT(*up_to, 5'000'000U);
  numbers.reserved(*up_to);
  EXPECT_EQ(Numbers::Allocator{numbers}.take(), 5'000'001U);
}

TEST(Numbers, loops_never_draw_the_same_one_and_each_sees_them_rise) {
  Numbers numbers;
  numbers.start_unbounded();
  Numbers::Allocator one{numbers}, two{numbers};
  std::set<std::uint64_t> seen;
  std::uint64_t last_one = 0, last_two = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t a = one.take(), b = two.take();
    EXPECT_GT(a, last_one);
    EXPECT_GT(b, last_two);
    EXPECT_TRUE(seen.insert(last_one = a).second);
    EXPECT_TRUE(seen.insert(last_two = b).second);
  }
}

TEST(Numbers, what_was_promised_can_be_taken) {
  Numbers numbers;
  numbers.start(0, 0);
  numbers.reserved(*numbers.wants_reservation());
  Numbers::Allocator allocator{numbers};
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < Numbers::span - 10; ++i) last = allocator.take();
  ASSERT_TRUE(allocator.has(100));
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t number = allocator.take();
    EXPECT_GT(number, last);
    last = number;
  }
}

TEST(NumbersDeathTest, taking_one_that_was_not_there_breaks_the_contract) {
  Numbers numbers;
  numbers.start(0, 0);
  Numbers::Allocator allocator{numbers};
  EXPECT_DEATH(allocator.take(), "has\\(1\\)");
}

TEST(Numbers, an_older_reservation_takes_nothing_back) {
  Numbers numbers;
  numbers.start(0, 0);
  numbers.reserved(1'000'000);
  numbers.reserved(10);
  EXPECT_TRUE(Numbers::Allocator{numbers}.has(Numbers::span));
}

}  // namespace
}  // namespace mortise::broker
