#include <gtest/gtest.h>

#include "simulation/seeds.hpp"

namespace mortise::simulation {
namespace {

TEST(Simulation, keeps_every_promise_over_a_few_seeds) {
  for (std::uint64_t seed = 10'001; seed <= 10'060; ++seed) expect_passes({seed, 0, {}, false});
}

TEST(Simulation, takes_the_same_steps_for_the_same_seed) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Outcome first = run({seed, 0, {}, false});
    const Outcome second = run({seed, 0, {}, true});
    EXPECT_EQ(first.trace_hash, second.trace_hash) << "seed " << seed;
    EXPECT_NE(first.trace_hash, run({seed + 1, 0, {}, false}).trace_hash);
  }
}

TEST(Simulation, has_letters_between_three_loops_and_none_in_one) {
  std::uint64_t letters = 0, crashes = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const Outcome three = run({seed, 3, {}, false});
    letters += three.letters;
    crashes += three.crashes;
    EXPECT_EQ(run({seed, 1, {}, false}).letters, 0U);
  }
  EXPECT_GT(letters, 100U);
  EXPECT_GT(crashes, 0U);
}

TEST(Simulation, knows_its_rules_by_name) {
  for (int i = 0; i < rules; ++i) {
    const auto rule = static_cast<broker::Rule>(i);
    EXPECT_EQ(rule_named(name_of(rule)), rule);
  }
  EXPECT_FALSE(rule_named("keep_everything"));
}

}  // namespace
}  // namespace mortise::simulation
