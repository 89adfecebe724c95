#include "base/contract.hpp"

#include <gtest/gtest.h>

#include "base/queue.hpp"
#include "base/result.hpp"
#include "base/ring.hpp"
#include "base/slot_map.hpp"

namespace mortise::base {
namespace {

TEST(Contract, a_kept_promise_costs_nothing_more) {
  int asked = 0;
  MORTISE_EXPECT(++asked == 1);
  EXPECT_EQ(asked, 1);
}

TEST(ContractDeathTest, a_broken_promise_names_itself_and_its_place) {
  EXPECT_DEATH(MORTISE_EXPECT(1 + 1 == 3), "contract_test.cpp:[0-9]+: internal error: expected 1 \\+ 1 == 3");
}

TEST(ContractDeathTest, what_is_not_there_cannot_be_taken) {
  EXPECT_DEATH(Queue<int>{}.pop(), "size_ > 0");
  EXPECT_DEATH((Ring<int>{2}.pop()), "head != tail_");
  EXPECT_DEATH((*Result<int, char>{Failure{'x'}}), "index\\(\\) == 0");
  EXPECT_DEATH((Result<int, char>{1}.error()), "index\\(\\) == 1");
  EXPECT_DEATH(SlotMap<int>{}.at({3, 1}), "found != nullptr");
}

TEST(ContractDeathTest, a_full_ring_takes_nothing) {
  Ring<int> ring{1};
  ring.push(1);
  EXPECT_DEATH(ring.push(2), "room\\(\\) > 0");
}

}  // namespace
}  // namespace mortise::base
