#include "base/ring.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace mortise::base {
namespace {

TEST(Ring, tells_its_room_and_size) {
  Ring<int> ring{3};
  EXPECT_EQ(ring.capacity(), 3U);
  EXPECT_EQ(ring.room(), 3U);
  EXPECT_TRUE(ring.empty());
  ring.push(1);
  ring.push(2);
  EXPECT_EQ(ring.room(), 1U);
  EXPECT_EQ(ring.size(), 2U);
  EXPECT_EQ(ring.pop(), 1);
  EXPECT_EQ(ring.pop(), 2);
  EXPECT_TRUE(ring.empty());
}

TEST(Ring, goes_round_and_round_at_any_capacity) {
  for (const std::size_t capacity : {1U, 2U, 3U, 7U, 64U}) {
    Ring<std::size_t> ring{capacity};
    std::size_t pushed = 0, popped = 0;
    for (int round = 0; round < 1000; ++round) {
      while (ring.room() > 0) ring.push(pushed++);
      const std::size_t half = (capacity + 1) / 2;
      for (std::size_t i = 0; i < half; ++i) ASSERT_EQ(ring.pop(), popped++);
    }
  }
}

TEST(Ring, lets_go_of_what_was_popped) {
  Ring<std::shared_ptr<int>> ring{4};
  const auto value = std::make_shared<int>(1);
  ring.push(value);
  ring.pop();
  EXPECT_EQ(value.use_count(), 1);
}

// Each value carries memory of its own, so that a thread sanitizer sees whether it was handed over properly.
TEST(Ring, hands_every_value_over_once_and_in_order_between_two_threads) {
  constexpr int values = 20'000;
  Ring<std::unique_ptr<int>> ring{64};
  std::thread producer{[&] {
    for (int i = 0; i < values;) {
      if (ring.room() == 0)
        std::this_thread::yield();
      else
        ring.push(std::make_unique<int>(i++));
    }
  }};
  int wrong = 0;
  for (int i = 0; i < values;) {
    if (ring.empty()) {
      std::this_thread::yield();
      continue;
    }
    const std::size_t there = ring.size();
    for (std::size_t n = 0; n < there; ++n) wrong += *ring.pop() != i++;
  }
  producer.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(ring.empty());
}

}  // namespace
}  // namespace mortise::base
