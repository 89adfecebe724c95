#include "base/time.hpp"

#include <gtest/gtest.h>

namespace mortise::base {
namespace {

TEST(Time, unix_milliseconds_go_there_and_back) {
  for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1'800'000'000'123}})
    EXPECT_EQ(to_unix_ms(from_unix_ms(ms)), ms);
}

TEST(Time, never_is_later_than_anything) {
  EXPECT_GT(never, TimePoint{} + std::chrono::hours{24 * 365 * 200});
}

}  // namespace
}  // namespace mortise::base
