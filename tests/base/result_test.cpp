#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace mortise::base {
namespace {

Result<std::unique_ptr<int>, std::string> half_of(int number) {
  if (number % 2 != 0) return Failure{std::string{"odd"}};
  return std::make_unique<int>(number / 2);
}

TEST(Result, has_a_value_or_the_reason_there_is_none) {
  const auto whole = half_of(4);
  ASSERT_TRUE(whole);
  EXPECT_EQ(**whole, 2);
  const auto broken = half_of(3);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error(), "odd");
}

TEST(Result, a_value_can_be_taken_out) {
  const std::unique_ptr<int> taken = half_of(8).take();
  EXPECT_EQ(*taken, 4);
}

TEST(Result, value_and_error_may_have_one_type) {
  const Result<int, int> good{1};
  const Result<int, int> bad{Failure{1}};
  EXPECT_TRUE(good);
  EXPECT_FALSE(bad);
}

}  // namespace
}  // namespace mortise::base
