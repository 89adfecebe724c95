// The text Prometheus reads, letter by letter.
#include "exposition.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "testkit/fake_host.hpp"

namespace mortise::prometheus {
namespace {

using test::Metered;

std::string text_of(const std::vector<Metered>& all) {
  test::FakeHost host;
  host.metrics.assign(all.begin(), all.end());
  const void* table = nullptr;
  EXPECT_EQ(MORTISE_OK, host.raw()->service(host.raw(), MORTISE_HOST_METRICS, &table));
  Exposition text;
  const auto show = [](void* context, const mortise_metric_view_t* metric) {
    static_cast<Exposition*>(context)->add(*metric);
  };
  EXPECT_EQ(MORTISE_OK, static_cast<const mortise_metrics_t*>(table)->read(host.raw(), show, &text));
  return text.take();
}

TEST(Exposition, groups_what_has_one_name) {
  EXPECT_EQ(text_of({{MORTISE_COUNTER, "lines_total", "Lines.", {{"to", "x"}, {"by", "y"}}, {}, 2},
                     {MORTISE_COUNTER, "lines_total", "Lines.", {}, {}, 3, {}, "bridge"},
                     {MORTISE_COUNTER, "lines_total", "Lines.", {{"to", "x"}}, {}, 4, {}, "bridge"},
                     {MORTISE_GAUGE, "depth", "How deep.", {}, {}, -1.5}}),
            "# HELP mortise_lines_total Lines.\n"
            "# TYPE mortise_lines_total counter\n"
            "mortise_lines_total{to=\"x\",by=\"y\"} 2\n"
            "mortise_lines_total{plugin=\"bridge\"} 3\n"
            "mortise_lines_total{plugin=\"bridge\",to=\"x\"} 4\n"
            "# HELP mortise_depth How deep.\n"
            "# TYPE mortise_depth gauge\n"
            "mortise_depth -1.5\n");
}

TEST(Exposition, adds_up_the_buckets_of_a_histogram) {
  EXPECT_EQ(
      text_of({{MORTISE_HISTOGRAM, "waits_seconds", "Waits.", {{"loop", "0"}}, {0.1, 1}, 5.5, {2, 0, 3}}}),
      "# HELP mortise_waits_seconds Waits.\n"
      "# TYPE mortise_waits_seconds histogram\n"
      "mortise_waits_seconds_bucket{loop=\"0\",le=\"0.1\"} 2\n"
      "mortise_waits_seconds_bucket{loop=\"0\",le=\"1\"} 2\n"
      "mortise_waits_seconds_bucket{loop=\"0\",le=\"+Inf\"} 5\n"
      "mortise_waits_seconds_sum{loop=\"0\"} 5.5\n"
      "mortise_waits_seconds_count{loop=\"0\"} 5\n");
}

TEST(Exposition, escapes_what_would_end_a_line_or_a_label) {
  EXPECT_EQ(text_of({{MORTISE_GAUGE, "depth", "a\\b\n\"c\"", {{"to", "a\\b\n\"c\""}}, {}, 1}}),
            "# HELP mortise_depth a\\\\b\\n\"c\"\n"
            "# TYPE mortise_depth gauge\n"
            "mortise_depth{to=\"a\\\\b\\n\\\"c\\\"\"} 1\n");
}

TEST(Exposition, writes_numbers_that_can_be_read_back) {
  struct Number {
    double value;
    const char* text;
  };
  for (const Number& number : {Number{0, "0"},
                               {9007199254740991, "9007199254740991"},
                               {0.1, "0.1"},
                               {1e300, "1e+300"},
                               {std::numeric_limits<double>::infinity(), "+Inf"},
                               {-std::numeric_limits<double>::infinity(), "-Inf"},
                               {std::numeric_limits<double>::quiet_NaN(), "NaN"}})
    EXPECT_TRUE(text_of({{MORTISE_GAUGE, "x", "", {}, {}, number.value}})
                    .ends_with("mortise_x " + std::string{number.text} + "\n"))
        << number.text;
}

}  // namespace
}  // namespace mortise::prometheus
