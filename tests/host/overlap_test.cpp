// Two topic filters overlap when some topic matches both.
#include <gtest/gtest.h>

#include "host/hook_set.hpp"

namespace mortise::host {
namespace {

struct Row {
  std::string name;
  std::string a;
  std::string b;
  bool overlap;
  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};
class Overlap : public testing::TestWithParam<Row> {};

TEST_P(Overlap, is_found_both_ways_round) {
  EXPECT_EQ(GetParam().overlap, overlap(GetParam().a, GetParam().b));
  EXPECT_EQ(GetParam().overlap, overlap(GetParam().b, GetParam().a));
}

INSTANTIATE_TEST_SUITE_P(TopicFilters, Overlap,
                         testing::ValuesIn(std::vector<Row>{
                             // what it shows                          one          other      overlap
                             {"the_same_topic", "a/b", "a/b", true},
                             {"another_topic", "a/b", "a/c", false},
                             {"a_longer_topic", "a", "a/b", false},
                             {"plus_for_a_level", "a/+", "+/b", true},
                             {"plus_for_one_level_only", "+", "a/b", false},
                             {"hash_for_everything", "#", "a/b/c", true},
                             {"hash_below_a_level", "a/#", "a/+/c", true},
                             {"hash_for_its_parent", "a/#", "a", true},
                             {"hash_not_for_its_grandparent", "a/b/#", "a", false},
                             {"hash_of_another_branch", "a/#", "b/#", false},
                             {"two_that_differ_late", "+/x/#", "a/y/+", false},
                         }),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace mortise::host
