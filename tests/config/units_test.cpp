// Sizes and durations, read and written. What is refused, and how, is in bad_file_test.cpp.
#include "config/units.hpp"

#include <limits>

#include "row.hpp"

namespace mortise::config {
namespace {

using namespace std::chrono_literals;

struct SizeRow {
  const char* name;
  const char* text;
  std::uint64_t bytes;
  const char* written;  // how it is written back
};

class Sizes : public testing::TestWithParam<SizeRow> {};

TEST_P(Sizes, are_read_and_written_back_short) {
  const auto bytes = parse_size(GetParam().text);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*bytes, GetParam().bytes);
  EXPECT_EQ(format_size(*bytes), GetParam().written);
  EXPECT_EQ(*parse_size(format_size(*bytes)), *bytes);
}

INSTANTIATE_TEST_SUITE_P(units, Sizes,
                         testing::ValuesIn(std::vector<SizeRow>{
                             {"plain_bytes", "1500", 1500, "1500"},
                             {"nothing", "0", 0, "0"},
                             {"kibibytes", "64KiB", 65'536, "64KiB"},
                             {"mebibytes", "2MiB", 2'097'152, "2MiB"},
                             {"gibibytes", "1GiB", 1'073'741'824, "1GiB"},
                             {"the_largest_unit_that_fits", "2048KiB", 2'097'152, "2MiB"},
                             {"bytes_that_make_a_kibibyte", "1024", 1024, "1KiB"},
                             {"the_largest_size", "9223372036854775807", 9'223'372'036'854'775'807u,
                              "9223372036854775807"},
                         }),
                         row_name<SizeRow>);

struct DurationRow {
  const char* name;
  const char* text;
  base::Duration duration;
  const char* written;
};

class Durations : public testing::TestWithParam<DurationRow> {};

TEST_P(Durations, are_read_and_written_back_short) {
  const auto duration = parse_duration(GetParam().text);
  ASSERT_TRUE(duration);
  EXPECT_EQ(*duration, GetParam().duration);
  EXPECT_EQ(format_duration(*duration), GetParam().written);
}

INSTANTIATE_TEST_SUITE_P(units, Durations,
                         testing::ValuesIn(std::vector<DurationRow>{
                             {"milliseconds", "250ms", 250ms, "250ms"},
                             {"seconds", "30s", 30s, "30s"},
                             {"minutes", "5m", 5min, "5m"},
                             {"hours", "1h", 1h, "1h"},
                             {"days", "7d", 168h, "7d"},
                             {"seconds_that_make_hours", "7200s", 2h, "2h"},
                             {"seconds_that_make_no_minutes", "90s", 90s, "90s"},
                             {"no_time_at_all", "0ms", 0ms, "0s"},
                         }),
                         row_name<DurationRow>);

TEST(units, a_duration_out_of_reach_is_refused_and_does_not_wrap) {
  EXPECT_TRUE(parse_duration("106751d"));
  EXPECT_FALSE(parse_duration("106752d"));
  EXPECT_FALSE(parse_duration("18446744073709551616ms"));
}

TEST(units, a_size_out_of_reach_is_refused_and_does_not_wrap) {
  EXPECT_TRUE(parse_size("8589934591GiB"));
  EXPECT_FALSE(parse_size("8589934592GiB"));
  EXPECT_FALSE(parse_size("17179869184GiB"));
}

TEST(units, parts_of_a_millisecond_are_cut_when_written) {
  EXPECT_EQ(format_duration(1'999us), "1ms");
  EXPECT_EQ(format_duration(-1500ms), "-1500ms");
}

}  // namespace
}  // namespace mortise::config
