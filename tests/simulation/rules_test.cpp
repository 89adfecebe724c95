// Each rule of durability is needed: without it some seed breaks a promise, and with it the same seed keeps
// it.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "simulation/seeds.hpp"

namespace mortise::simulation {
namespace {

constexpr std::uint64_t seeds_most = 6000;  // of which every seventeenth or so leans towards a rule's trouble

// In a process of its own, because without its rule the broker may also break a contract of its own and
// abort.
bool breaks(const Setup& setup) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    std::fclose(stderr);
    _exit(run(setup).passed ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

class EachRule : public testing::TestWithParam<int> {};

TEST_P(EachRule, is_needed_by_some_seed) {
  const auto rule = static_cast<broker::Rule>(GetParam());
  for (std::uint64_t seed = 1; seed <= seeds_most; ++seed) {
    if (leaning_of(seed) != rule || !breaks({seed, 0, rule, false})) continue;
    RecordProperty("seed", std::to_string(seed));
    std::printf("without %s seed %llu fails\n", std::string{name_of(rule)}.c_str(),
                static_cast<unsigned long long>(seed));
    return expect_passes({seed, 0, {}, false});
  }
  FAIL() << "no seed up to " << seeds_most << " misses the rule " << name_of(rule);
}

INSTANTIATE_TEST_SUITE_P(Rules, EachRule, testing::Range(0, rules), [](const auto& row) {
  return std::string{name_of(static_cast<broker::Rule>(row.param))};
});

}  // namespace
}  // namespace mortise::simulation
