// The plugin without a broker.
#include <gtest/gtest.h>

#include "plugin.cpp"
#include "testkit/driven.hpp"

using mortise::test::Driven;
using mortise::test::Json;

TEST(Greeting, asks_the_next_about_a_client_that_is_welcome_and_refuses_others) {
  Driven<Greeting> plugin{Json{{"prefix", "device-"}}};
  ASSERT_EQ(plugin.start(), MORTISE_ALLOW);
  EXPECT_EQ(plugin.connect("", "device-7"), MORTISE_PASS);
  EXPECT_EQ(plugin.connect("", "7"), MORTISE_REPLIED);
  ASSERT_EQ(plugin.host.replies.size(), 1U);
  EXPECT_EQ(plugin.host.replies[0].answer, MORTISE_DENY);
  EXPECT_EQ(plugin.host.replies[0].reason_code, 0x85);
}

TEST(Greeting, tells_what_a_schema_cannot) {
  const Driven<Greeting> plugin{Json{{"prefix", "a/b"}}};
  EXPECT_EQ(plugin.configured, MORTISE_E_INVALID);
  ASSERT_EQ(plugin.host.findings.size(), 1U);
  EXPECT_EQ(plugin.host.findings[0].substr(0, 8), "/prefix|");
}
