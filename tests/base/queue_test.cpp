#include "base/queue.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>

namespace mortise::base {
namespace {

TEST(Queue, an_unused_one_owns_no_memory) {
  Queue<int> queue;
  EXPECT_EQ(queue.memory(), 0U);
  EXPECT_TRUE(queue.empty());
}

TEST(Queue, does_what_a_deque_does) {
  std::mt19937 random{1};
  Queue<int> queue;
  std::deque<int> model;
  int next = 0;
  for (int step = 0; step < 200'000; ++step) {
    // Phases of growing and of draining, so that it resizes in both directions at every offset.
    const bool grows = step / 5000 % 2 == 0;
    if (model.empty() || random() % 100 < (grows ? 60U : 40U)) {
      queue.push(next);
      model.push_back(next++);
    } else {
      EXPECT_EQ(queue.pop(), model.front());
      model.pop_front();
    }
    ASSERT_EQ(queue.size(), model.size());
    if (model.empty()) continue;
    const std::size_t i = random() % model.size();
    ASSERT_EQ(queue[i], model[i]);
    ASSERT_EQ(queue.front(), model.front());
    ASSERT_EQ(queue.back(), model.back());
  }
}

TEST(Queue, a_drained_one_gives_its_memory_back) {
  Queue<int> queue;
  for (int i = 0; i < 10'000; ++i) queue.push(i);
  const std::size_t most = queue.memory();
  EXPECT_GE(most, 10'000 * sizeof(int));
  for (int i = 0; i < 9'900; ++i) queue.pop();
  EXPECT_LE(queue.memory(), most / 16);
  while (!queue.empty()) queue.pop();
  EXPECT_EQ(queue.memory(), 0U);
}

TEST(Queue, one_that_fills_and_empties_keeps_a_small_block) {
  Queue<int> queue;
  for (int i = 0; i < 20; ++i) queue.push(i);
  const std::size_t memory = queue.memory();
  while (!queue.empty()) queue.drop_front();
  EXPECT_EQ(queue.memory(), memory);
  queue.clear();
  EXPECT_EQ(queue.memory(), 0U);
}

TEST(Queue, lets_go_of_what_was_popped) {
  Queue<std::shared_ptr<int>> queue;
  const auto value = std::make_shared<int>(1);
  queue.push(value);
  queue.push(nullptr);
  queue.pop();
  EXPECT_EQ(value.use_count(), 1);
}

TEST(Queue, moves_with_its_values) {
  Queue<int> queue;
  queue.push(1);
  queue.push(2);
  Queue<int> taken = std::move(queue);
  EXPECT_EQ(taken.size(), 2U);
  Queue<int> other;
  other.push(9);
  other = std::move(taken);
  EXPECT_EQ(other.pop(), 1);
  EXPECT_EQ(other.pop(), 2);
}

}  // namespace
}  // namespace mortise::base
