// mortise-sim: runs seeds of the simulator. A failing one prints its seed, its options and its trace, and the
// same command line runs it again, step for step.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "simulation/world.hpp"

namespace {

using namespace mortise::simulation;

constexpr int wrong_usage = 2;

int usage() {
  std::fprintf(stderr,
               "usage: mortise-sim --seed N [--loops 1|3] [--without RULE] [--trace]\n"
               "       mortise-sim --from N --seeds K [--loops 1|3] [--without RULE]\n"
               "rules:");
  for (int i = 0; i < rules; ++i)
    std::fprintf(stderr, " %.*s", static_cast<int>(name_of(static_cast<mortise::broker::Rule>(i)).size()),
                 name_of(static_cast<mortise::broker::Rule>(i)).data());
  std::fprintf(stderr, "\n");
  return wrong_usage;
}

void report(const Setup& setup, const Outcome& outcome) {
  std::printf("seed %llu FAILED: %s\n", static_cast<unsigned long long>(setup.seed), outcome.what.c_str());
  std::printf("again: mortise-sim --seed %llu", static_cast<unsigned long long>(setup.seed));
  if (setup.loops != 0) std::printf(" --loops %u", setup.loops);
  if (setup.without)
    std::printf(" --without %.*s", static_cast<int>(name_of(*setup.without).size()),
                name_of(*setup.without).data());
  std::printf("\n");
}

int run_one(Setup setup, bool trace) {
  setup.trace = true;
  const Outcome outcome = run(setup);
  if (trace || !outcome.passed) std::fputs(outcome.trace.c_str(), stdout);
  if (!outcome.passed)
    report(setup, outcome);
  else
    std::printf("seed %llu passed: %llu crashes, %llu letters, trace %016llx\n",
                static_cast<unsigned long long>(setup.seed), static_cast<unsigned long long>(outcome.crashes),
                static_cast<unsigned long long>(outcome.letters),
                static_cast<unsigned long long>(outcome.trace_hash));
  return outcome.passed ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_many(Setup setup, std::uint64_t seeds) {
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t failed = 0;
  const std::uint64_t first = setup.seed;
  for (; setup.seed < first + seeds; ++setup.seed) {
    const Outcome outcome = run(setup);
    if (outcome.passed) continue;
    ++failed;
    report(setup, outcome);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%llu seeds, %llu failed, %.0f seeds/s\n", static_cast<unsigned long long>(seeds),
              static_cast<unsigned long long>(failed), static_cast<double>(seeds) / took.count());
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int count, char** arguments) {
  Setup setup;
  std::uint64_t seeds = 0;
  bool has_seed = false, trace = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view key{arguments[i]};
    if (key == "--trace") {
      trace = true;
      continue;
    }
    if (i + 1 == count) return usage();
    const char* value = arguments[++i];
    if (key == "--seed" || key == "--from") {
      setup.seed = std::strtoull(value, nullptr, 10);
      has_seed = true;
    } else if (key == "--seeds") {
      seeds = std::strtoull(value, nullptr, 10);
    } else if (key == "--loops" && (std::strcmp(value, "1") == 0 || std::strcmp(value, "3") == 0)) {
      setup.loops = static_cast<std::uint32_t>(value[0] - '0');
    } else if (key == "--without" && rule_named(value)) {
      setup.without = rule_named(value);
    } else {
      return usage();
    }
  }
  if (!has_seed) return usage();
  return seeds == 0 ? run_one(setup, trace) : run_many(setup, seeds);
}
