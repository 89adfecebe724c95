// The counts of a link, for people and as metrics.
#include "counts.hpp"

#include <gtest/gtest.h>

#include "testkit/driven.hpp"

namespace mortise::bridge {
namespace {

struct Holder {
  explicit Holder(host of) : host_{of} {}
  void start() { counts.define(metrics{host_}, "up"); }
  Counts counts;
  host host_;
};

TEST(Counts, are_shown_as_metrics_of_the_link) {
  test::Driven<Holder> driven;
  ASSERT_EQ(driven.start(), MORTISE_ALLOW);
  Counts& counts = driven.plugin().counts;
  ++counts.out;
  ++counts.out;
  ++counts.in;
  counts.connected.set(1);
  counts.refuse("remote: not authorized");
  counts.refuse("remote: not authorized");
  EXPECT_EQ(counts.out.load(), 2U);
  EXPECT_EQ(driven.host.metered("bridge_messages_sent_total{link=up}"), 2);
  EXPECT_EQ(driven.host.metered("bridge_messages_received_total{link=up}"), 1);
  EXPECT_EQ(driven.host.metered("bridge_connected{link=up}"), 1);
  EXPECT_EQ(driven.host.metered("bridge_messages_refused_total{link=up,reason=remote: not authorized}"), 2);
  EXPECT_EQ(counts.refused(), (std::map<std::string, std::uint64_t>{{"remote: not authorized", 2}}));
}

TEST(Counts, tell_so_many_reasons_apart_and_no_more) {
  test::Driven<Holder> driven;
  ASSERT_EQ(driven.start(), MORTISE_ALLOW);
  Counts& counts = driven.plugin().counts;
  for (int i = 0; i < 70; ++i) counts.refuse("reason " + std::to_string(i));
  EXPECT_EQ(counts.refused().size(), 65U);
  EXPECT_EQ(counts.refused().at("other"), 6U);
  EXPECT_EQ(driven.host.metered("bridge_messages_refused_total{link=up,reason=other}"), 6);
}

TEST(Counts, count_without_a_host_that_has_metrics) {
  Counts counts;
  ++counts.failures;
  counts.refuse("x");
  counts.connected.set(1);
  EXPECT_EQ(counts.failures.load(), 1U);
  EXPECT_EQ(counts.refused().at("x"), 1U);
}

}  // namespace
}  // namespace mortise::bridge
