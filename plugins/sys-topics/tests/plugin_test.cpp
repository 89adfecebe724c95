// The plugin against a fake host: when it publishes, and what it says of mistakes.
#include "plugin.hpp"

#include <gtest/gtest.h>

#include "testkit/driven.hpp"

namespace mortise::sys_topics {
namespace {

using test::Driven;

TEST(Plugin, publishes_all_of_it_first_and_then_what_has_changed) {
  Driven<SysTopics> driven;
  driven.host.metrics.push_back({MORTISE_GAUGE, "sessions", "", {}, {}, 4});
  ASSERT_EQ(driven.start(), MORTISE_ALLOW);
  EXPECT_TRUE(driven.host.published.empty());
  driven.host.ring_timers();
  const std::size_t all = driven.host.published.size();
  EXPECT_GT(all, 30U);
  EXPECT_EQ(driven.host.timers_on(), 1U) << "from now on at the interval";
  driven.host.ring_timers();
  EXPECT_EQ(driven.host.published.size(), all) << "nothing has changed";
  driven.host.metrics.front().value = 5;
  driven.host.ring_timers();
  const std::vector<std::pair<std::string, std::uint32_t>> since{driven.host.published.begin() + all,
                                                                 driven.host.published.end()};
  EXPECT_EQ(since, (std::vector<std::pair<std::string, std::uint32_t>>{
                       {"$SYS/broker/clients/total", MORTISE_MEMORY},
                       {"$SYS/broker/clients/disconnected", MORTISE_MEMORY}}));
  EXPECT_EQ(driven.host.payloads.back(), "5");
}

TEST(Plugin, does_not_start_without_metrics) {
  Driven<SysTopics> driven;
  driven.host.withheld.emplace_back(MORTISE_HOST_METRICS);
  EXPECT_EQ(driven.start(), MORTISE_DENY);
}

TEST(Plugin, an_interval_must_be_between_a_second_and_an_hour) {
  for (const char* const wrong : {"999ms", "61m"}) {
    Driven<SysTopics> driven{{{"interval", wrong}}};
    EXPECT_EQ(driven.configured, MORTISE_E_INVALID) << wrong;
    ASSERT_EQ(driven.host.findings.size(), 1U);
    EXPECT_TRUE(driven.host.findings[0].starts_with("/interval|is not between 1s and 1h|"))
        << driven.host.findings[0];
  }
  Driven<SysTopics> driven{{{"interval", "1s"}}};
  EXPECT_EQ(driven.configured, MORTISE_OK);
}

}  // namespace
}  // namespace mortise::sys_topics
