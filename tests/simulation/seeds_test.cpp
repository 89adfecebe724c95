// The simulator's seeds of every build: 2,000 of them, in stretches that run side by side.
#include "simulation/seeds.hpp"

#include <gtest/gtest.h>

namespace mortise::simulation {
namespace {

constexpr std::uint64_t stretch = 250;

class Stretch : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Stretch, of_seeds_keeps_every_promise) {
  const std::uint64_t first = GetParam() * stretch + 1;
  for (std::uint64_t seed = first; seed < first + stretch; ++seed) expect_passes({seed, 0, {}, false});
}

INSTANTIATE_TEST_SUITE_P(Seeds, Stretch, testing::Range<std::uint64_t>(0, 8));

}  // namespace
}  // namespace mortise::simulation
