// Which topics a rule's pattern takes, and which filters lie within it or reach into it.
#include "pattern.hpp"

#include <gtest/gtest.h>

namespace mortise::auth_file {
namespace {

const Names pump{"pump", "c-7"};

Pattern pattern(const char* text) {
  std::string fault;
  auto out = Pattern::parse(text, fault);
  if (!out) throw std::invalid_argument{std::string{text} + ": " + fault};
  return *out;
}

struct TopicRow {
  const char* name;
  const char* pattern;
  const char* topic;
  bool matches;
  Names names = pump;
};
void PrintTo(const TopicRow& row, std::ostream* out) { *out << row.name; }

class Topic : public testing::TestWithParam<TopicRow> {};
TEST_P(Topic, is_taken_or_not) {
  EXPECT_EQ(pattern(GetParam().pattern).matches(GetParam().topic, GetParam().names), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(
    Pattern, Topic,
    testing::ValuesIn<TopicRow>({
        // what it shows                        pattern           topic              matches
        {"the_same_topic", "a/b", "a/b", true},
        {"another_topic", "a/b", "a/c", false},
        {"a_topic_that_goes_on", "a", "a/b", false},
        {"a_topic_that_ends_early", "a/b", "a", false},
        {"upper_case_is_another_letter", "a", "A", false},
        {"plus_takes_one_level", "a/+/c", "a/b/c", true},
        {"plus_takes_an_empty_level", "a/+/c", "a//c", true},
        {"plus_does_not_take_two", "a/+/c", "a/b/b/c", false},
        {"plus_at_the_end_wants_a_level", "a/+", "a", false},
        {"hash_takes_all_below", "a/#", "a/b/c", true},
        {"hash_takes_its_parent", "a/#", "a", true},
        {"hash_does_not_take_a_longer_word", "a/#", "ab", false},
        {"hash_alone_takes_all", "#", "a/b", true},
        {"hash_alone_takes_no_dollar_topic", "#", "$SYS/x", false},
        {"plus_takes_no_dollar_topic", "+/x", "$SYS/x", false},
        {"a_dollar_topic_that_is_named", "$SYS/#", "$SYS/x", true},
        {"plus_and_hash_take_a_single_level", "+/#", "a", true},
        {"a_leading_slash_is_a_level", "/a", "a", false},
        {"a_trailing_slash_is_a_level", "a", "a/", false},
        {"the_user_name", "dev/%u/x", "dev/pump/x", true},
        {"the_name_of_another_user", "dev/%u/x", "dev/pump2/x", false},
        {"the_client_identifier", "dev/%c", "dev/c-7", true},
        {"both_within_one_level", "%u-%c/x", "pump-c-7/x", true},
        {"a_part_of_a_level_only", "dev-%u", "dev-pumps", false},
        {"a_percent_sign", "100%%", "100%", true},
        {"no_user_name_stands_for_nothing", "dev/%u/#", "dev//x", false, {"", "c"}},
        {"a_name_with_a_slash_stands_for_nothing", "dev/%u/#", "dev/a/b/x", false, {"a/b", "c"}},
        {"a_name_that_is_plus_stands_for_nothing", "dev/%u/#", "dev/+/x", false, {"+", "c"}},
        {"a_name_that_is_hash_stands_for_nothing", "dev/%c", "dev/#", false, {"u", "#"}},
        {"a_name_with_a_dollar_stands_for_nothing", "%c/#", "$SYS/x", false, {"u", "$SYS"}},
        {"a_bad_name_does_not_matter_where_it_is_not_used", "dev/%u", "dev/u", true, {"u", "#"}},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

struct FilterRow {
  const char* name;
  const char* pattern;
  const char* filter;
  bool covers;
  bool overlaps;
  Names names = pump;
};
void PrintTo(const FilterRow& row, std::ostream* out) { *out << row.name; }

class Filter : public testing::TestWithParam<FilterRow> {};
TEST_P(Filter, lies_within_or_reaches_into_the_pattern) {
  const Pattern rule = pattern(GetParam().pattern);
  EXPECT_EQ(rule.covers(GetParam().filter, GetParam().names), GetParam().covers);
  EXPECT_EQ(rule.overlaps(GetParam().filter, GetParam().names), GetParam().overlaps);
}

INSTANTIATE_TEST_SUITE_P(
    Pattern, Filter,
    testing::ValuesIn<FilterRow>({
        // what it shows                             pattern      filter     covers  overlaps
        {"the_same_topic", "a/b", "a/b", true, true},
        {"another_topic", "a/b", "a/c", false, false},
        {"the_same_filter_with_hash", "a/#", "a/#", true, true},
        {"the_same_filter_with_plus", "a/+/b", "a/+/b", true, true},
        {"hash_covers_all_but_dollar_topics", "#", "#", true, true},
        {"hash_covers_a_filter_that_begins_with_plus", "#", "+/a", true, true},
        {"hash_does_not_reach_dollar_topics", "#", "$SYS/#", false, false},
        {"plus_does_not_reach_dollar_topics", "+/#", "$SYS/#", false, false},
        {"plus_and_hash_are_hash", "+/#", "#", true, true},
        {"hash_is_not_covered_by_plus", "+", "#", false, true},
        {"plus_is_covered_by_plus", "+", "+", true, true},
        {"plus_is_not_covered_by_a_word", "a", "+", false, true},
        {"a_word_is_covered_by_plus", "+", "a", true, true},
        {"hash_below_is_covered_from_above", "a/#", "a/b/#", true, true},
        {"hash_above_is_not_covered_from_below", "a/b/#", "a/#", false, true},
        {"the_parent_is_covered_by_its_hash", "a/#", "a", true, true},
        {"hash_takes_the_parent_that_plus_leaves_out", "a/+/#", "a/#", false, true},
        {"plus_is_covered_by_hash", "a/#", "a/+", true, true},
        {"hash_of_a_filter_is_not_covered_by_plus", "a/+", "a/#", false, true},
        {"two_pluses_cover_a_word_and_a_plus", "+/+", "a/+", true, true},
        {"a_word_and_a_plus_do_not_cover_two_pluses", "a/+", "+/+", false, true},
        {"crossing_filters_meet_in_one_topic", "a/+", "+/b", false, true},
        {"filters_of_different_lengths", "a/+", "a/+/+", false, false},
        {"a_shorter_filter", "a/b/c", "a/b", false, false},
        {"hash_of_a_filter_reaches_the_parent", "a", "a/#", false, true},
        {"hash_of_a_filter_reaches_deep", "a/b/c", "a/#", false, true},
        {"hash_of_a_filter_beside", "b/c", "a/#", false, false},
        {"a_dollar_rule_covers_its_own", "$SYS/#", "$SYS/broker/+", true, true},
        {"hash_does_not_reach_a_dollar_rule", "$SYS/#", "#", false, false},
        {"plus_does_not_reach_a_dollar_rule", "$SYS/a", "+/a", false, false},
        {"an_empty_level_is_a_word", "a//b", "a/+/b", false, true},
        {"the_users_own_tree", "dev/%u/#", "dev/pump/+", true, true},
        {"the_tree_of_another_user", "dev/%u/#", "dev/valve/#", false, false},
        {"all_trees_of_users", "dev/%u/#", "dev/+/#", false, true},
        {"all_trees_for_a_name_that_stands_for_nothing", "dev/%u/#", "dev/+/#", false, false, {"a/b", "c"}},
        {"everything_for_a_name_that_stands_for_nothing", "dev/%u/#", "#", false, false, {"#", "c"}},
        {"a_client_named_like_a_dollar_topic", "%c/#", "$SYS/#", false, false, {"u", "$SYS"}},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

struct BadRow {
  const char* name;
  const char* text;
  const char* fault;
};
void PrintTo(const BadRow& row, std::ostream* out) { *out << row.name; }

class BadPattern : public testing::TestWithParam<BadRow> {};
TEST_P(BadPattern, says_what_is_wrong) {
  std::string fault;
  EXPECT_FALSE(Pattern::parse(GetParam().text, fault));
  EXPECT_EQ(fault, GetParam().fault);
}

INSTANTIATE_TEST_SUITE_P(Pattern, BadPattern,
                         testing::ValuesIn<BadRow>({
                             {"nothing", "", "a topic filter is not empty"},
                             {"hash_in_the_middle", "a/#/b", "# may only be the last level"},
                             {"hash_within_a_word", "a#", "+ and # stand alone between slashes"},
                             {"plus_within_a_word", "a+/b", "+ and # stand alone between slashes"},
                             {"another_letter", "%x/a",
                              "% stands before u (user name), c (client identifier) or % (itself)"},
                             {"a_percent_sign_at_the_end", "a%",
                              "% stands before u (user name), c (client identifier) or % (itself)"},
                         }),
                         [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace mortise::auth_file
