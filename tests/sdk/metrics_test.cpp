// The C++ wrapper of the metrics service against a fake host.
#include <gtest/gtest.h>

#include <mortise/plugin.hpp>
#include <stdexcept>

#include "testkit/driven.hpp"

namespace mortise::test {
namespace {

class Meter {
 public:
  explicit Meter(mortise::host host) : host_{host} {}
  void start() {
    const mortise::metrics metrics{host_};
    lines = metrics.counter("lines_total", "lines", {{"to", "x"}, {"by", "y"}});
    depth = metrics.gauge("depth", "how deep");
    waits = metrics.histogram("waits_seconds", "waits", std::array{0.1, 1.0});
  }

  mortise::counter lines;
  mortise::gauge depth;
  mortise::histogram waits;
  mortise::host host_;
};

TEST(Metrics, are_defined_and_counted) {
  Driven<Meter> driven;
  driven.plugin().lines.add();  // none yet: counts nothing
  ASSERT_EQ(driven.start(), MORTISE_ALLOW);
  driven.plugin().lines.add();
  driven.plugin().lines.add(2);
  driven.plugin().depth.set(5);
  driven.plugin().depth.add(-1);
  driven.plugin().waits.observe(0.5);
  EXPECT_EQ(driven.host.metered("lines_total{to=x,by=y}"), 3);
  EXPECT_EQ(driven.host.metered("depth"), 4);
  ASSERT_EQ(driven.host.metrics.size(), 3u);
  EXPECT_EQ(driven.host.metrics[2].bounds, (std::vector<double>{0.1, 1.0}));
  EXPECT_EQ(driven.host.metrics[2].buckets, (std::vector<std::uint64_t>{0, 1, 0}));
  EXPECT_EQ(driven.host.metrics[0].help, "lines");
}

TEST(Metrics, what_the_one_who_sees_them_throws_comes_out_again) {
  Driven<Meter> driven;
  driven.start();
  int seen = 0;
  const auto see = [&](const mortise_metric_view_t&) {
    ++seen;
    throw std::runtime_error{"enough"};
  };
  EXPECT_THROW(mortise::metrics{driven.plugin().host_}.read(see), std::runtime_error);
  EXPECT_EQ(seen, 1) << "it is shown nothing more";
  std::string names;
  mortise::metrics{driven.plugin().host_}.read(
      [&](const mortise_metric_view_t& metric) { names += copy(metric.name) + ' '; });
  EXPECT_EQ(names, "lines_total depth waits_seconds ");
}

TEST(Metrics, a_host_that_has_none_refuses_the_start) {
  Driven<Meter> driven;
  driven.host.withheld.emplace_back(MORTISE_HOST_METRICS);
  EXPECT_EQ(driven.start(), MORTISE_DENY);
}

}  // namespace
}  // namespace mortise::test
