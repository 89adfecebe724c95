#include "mqtt/topic.hpp"

#include <string>

#include "mqtt/utf8.hpp"
#include "wire.hpp"

namespace mortise::mqtt {
namespace {

using namespace std::string_view_literals;

struct Match {
  const char* name;
  std::string_view filter;
  std::string_view topic;
  bool matches;
};
void PrintTo(const Match& row, std::ostream* out) { *out << row.filter << " on " << row.topic; }
class Matches : public testing::TestWithParam<Match> {};

// The examples of MQTT 5.0 §4.7, and what stands between their lines.
// clang-format off
INSTANTIATE_TEST_SUITE_P(Topic, Matches, testing::ValuesIn(std::vector<Match>{
    {"hash_takes_its_parent_too",               "sport/tennis/player1/#", "sport/tennis/player1",                 true },
    {"hash_takes_a_child",                      "sport/tennis/player1/#", "sport/tennis/player1/ranking",         true },
    {"hash_takes_a_grandchild",                 "sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true },
    {"hash_does_not_take_a_longer_name",        "sport/tennis/player1/#", "sport/tennis/player12",                false},
    {"hash_takes_the_singular",                 "sport/#",                "sport",                                true },
    {"hash_takes_an_empty_child",               "sport/#",                "sport/",                               true },
    {"hash_does_not_take_a_sibling",            "sport/#",                "sports/a",                             false},
    {"hash_alone_takes_everything",             "#",                      "sport/tennis",                         true },
    {"hash_alone_takes_a_leading_slash",        "#",                      "/finance",                             true },
    {"slash_hash_takes_slash_names",            "/#",                     "/finance/a",                           true },
    {"slash_hash_does_not_take_others",         "/#",                     "finance",                              false},
    {"plus_takes_one_level",                    "sport/tennis/+",         "sport/tennis/player1",                 true },
    {"plus_takes_another",                      "sport/tennis/+",         "sport/tennis/player2",                 true },
    {"plus_does_not_take_two",                  "sport/tennis/+",         "sport/tennis/player1/ranking",         false},
    {"plus_needs_a_level",                      "sport/+",                "sport",                                false},
    {"plus_takes_an_empty_level",               "sport/+",                "sport/",                               true },
    {"plus_in_the_middle",                      "sport/+/player1",        "sport/tennis/player1",                 true },
    {"plus_in_the_middle_takes_one_only",       "sport/+/player1",        "sport/a/b/player1",                    false},
    {"plus_and_hash",                           "+/tennis/#",             "sport/tennis/a/b",                     true },
    {"plus_and_hash_with_the_parent",           "+/tennis/#",             "sport/tennis",                         true },
    {"two_pluses_take_a_leading_slash",         "+/+",                    "/finance",                             true },
    {"slash_plus_takes_a_leading_slash",        "/+",                     "/finance",                             true },
    {"plus_alone_does_not",                     "+",                      "/finance",                             false},
    {"plus_alone_takes_one_level",              "+",                      "finance",                              true },
    {"three_pluses_take_empty_levels",          "+/+/+",                  "//",                                   true },
    {"a_leading_hash_hides_dollar_topics",      "#",                      "$SYS/monitor/Clients",                 false},
    {"a_leading_plus_hides_dollar_topics",      "+/monitor/Clients",      "$SYS/monitor/Clients",                 false},
    {"plus_hash_hides_dollar_topics",           "+/#",                    "$SYS/a",                               false},
    {"a_named_dollar_level_and_hash",           "$SYS/#",                 "$SYS/monitor/Clients",                 true },
    {"a_named_dollar_level_and_plus",           "$SYS/monitor/+",         "$SYS/monitor/Clients",                 true },
    {"a_dollar_inside_is_no_matter",            "a/+",                    "a/$b",                                 true },
    {"a_dollar_inside_hash",                    "a/#",                    "a/$b",                                 true },
    {"equal_names",                             "a/b",                    "a/b",                                  true },
    {"case_counts",                             "ACCOUNTS",               "Accounts",                             false},
    {"spaces_are_characters",                   "Accounts payable",       "Accounts payable",                     true },
    {"a_leading_slash_is_a_level",              "finance",                "/finance",                             false},
    {"a_trailing_slash_is_a_level",             "finance",                "finance/",                             false},
    {"a_trailing_slash_in_the_filter",          "finance/",               "finance",                              false},
    {"slash_alone",                             "/",                      "/",                                    true },
    {"a_shorter_topic",                         "a/b/c",                  "a/b",                                  false},
    {"a_longer_topic",                          "a/b",                    "a/b/c",                                false},
    {"no_normalization_of_empty_levels",        "a//b",                   "a/b",                                  false},
    {"empty_levels_are_equal",                  "a//b",                   "a//b",                                 true },
    {"no_normalization_of_dots",                "a/../b",                 "b",                                    false},
    {"composed_and_decomposed_differ",          "\xC3\xA9",               "e\xCC\x81",                            false},
    {"a_byte_order_mark_is_kept",               "\xEF\xBB\xBF" "a",       "a",                                    false},
}), name_of);
// clang-format on

TEST_P(Matches, as_the_specification_says) {
  const auto& [name, filter, topic, expected] = GetParam();
  ASSERT_TRUE(is_topic_filter(filter));
  ASSERT_TRUE(is_topic_name(topic));
  EXPECT_EQ(matches(filter, topic), expected);
}

TEST_P(Matches, every_topic_takes_itself) { EXPECT_TRUE(matches(GetParam().topic, GetParam().topic)); }

struct Form {
  const char* name;
  std::string text;
  bool is_name;
  bool is_filter;
};
void PrintTo(const Form& row, std::ostream* out) { *out << row.name; }
class Forms : public testing::TestWithParam<Form> {};

// clang-format off
INSTANTIATE_TEST_SUITE_P(Topic, Forms, testing::ValuesIn(std::vector<Form>{
    // what it shows                name or filter                         as a name  as a filter
    {"empty",                       "",                                    false,     false},
    {"one_level",                   "a",                                   true,      true },
    {"slash_alone",                 "/",                                   true,      true },
    {"slashes_alone",               "///",                                 true,      true },
    {"spaces",                      "a b/ c",                              true,      true },
    {"dollar",                      "$SYS/a",                              true,      true },
    {"hash_alone",                  "#",                                   false,     true },
    {"hash_last",                   "sport/tennis/#",                      false,     true },
    {"hash_behind_a_name",          "sport/tennis#",                       false,     false},
    {"hash_before_a_name",          "sport/#tennis",                       false,     false},
    {"hash_not_last",               "sport/tennis/#/ranking",              false,     false},
    {"hash_before_a_last_slash",    "sport/#/",                            false,     false},
    {"two_hashes",                  "#/#",                                 false,     false},
    {"hashes_in_one_level",         "##",                                  false,     false},
    {"plus_alone",                  "+",                                   false,     true },
    {"plus_and_hash",               "+/tennis/#",                          false,     true },
    {"plus_behind_a_name",          "sport+",                              false,     false},
    {"plus_before_a_name",          "+sport/a",                            false,     false},
    {"plus_in_the_middle",          "sport/+/player1",                     false,     true },
    {"plus_inside_a_long_level",    "a/long/topic/with+wildcard/inside",   false,     false},
    {"two_pluses_in_one_level",     "++",                                  false,     false},
    {"plus_hash_in_one_level",      "a/+#",                                false,     false},
    {"many_pluses",                 "+/+/+/+/+/+/+/+/+/#",                 false,     true },
    {"a_null",                      std::string{"a\0b", 3},                false,     false},
    {"a_null_in_a_filter",          std::string{"+/\0", 3},                false,     false},
    {"neighbours_of_the_wildcards", "\"$*,",                               true,      true },
    {"high_bytes_near_wildcards",   "\xC2\xA3\xC2\xAB\xC2\xA3\xC2\xAB",    true,      true },
    {"as_long_as_can_be",           std::string(65'535, 'a'),              true,      true },
    {"one_byte_too_long",           std::string(65'536, 'a'),              false,     false},
}), name_of);
// clang-format on

TEST_P(Forms, of_names_and_filters) {
  EXPECT_EQ(is_topic_name(GetParam().text), GetParam().is_name);
  EXPECT_EQ(is_topic_filter(GetParam().text), GetParam().is_filter);
}

TEST(Topic, a_wildcard_is_found_at_every_place) {
  for (const char wildcard : {'#', '+'})
    for (std::size_t size = 1; size < 40; ++size)
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'a');
        EXPECT_FALSE(has_wildcard(text));
        text[at] = wildcard;
        EXPECT_TRUE(has_wildcard(text)) << wildcard << " at " << at << " of " << size;
      }
}

TEST(Topic, no_other_byte_is_a_wildcard) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text(16, static_cast<char>(byte));
    EXPECT_EQ(has_wildcard(text), byte == '#' || byte == '+') << byte;
    EXPECT_EQ(has_wildcard(text.substr(0, 3)), byte == '#' || byte == '+') << byte;
  }
}

TEST(Topic, a_plain_one_needs_no_second_look) {
  for (std::size_t size = 0; size <= 24; ++size) {
    EXPECT_EQ(is_plain_topic(std::string(size, 'x')), size >= 8) << size;
    for (std::size_t at = 0; at < size; ++at)
      for (int byte = 0; byte < 256; ++byte) {
        std::string topic(size, 'x');
        topic[at] = static_cast<char>(byte);
        if (is_plain_topic(topic)) {
          EXPECT_TRUE(is_utf8(topic) && !has_wildcard(topic)) << byte << " at " << at << " of " << size;
        }
      }
  }
}

struct Share {
  const char* name;
  std::string_view text;
  bool shared;
  bool valid;
  std::string_view share;
  std::string_view filter;
};
void PrintTo(const Share& row, std::ostream* out) { *out << row.text; }
class Shares : public testing::TestWithParam<Share> {};

// clang-format off
INSTANTIATE_TEST_SUITE_P(Topic, Shares, testing::ValuesIn(std::vector<Share>{
    {"a_plain_filter",                   "sport/tennis/+",                  false, true,  "",          "sport/tennis/+"},
    {"a_shared_one",                     "$share/consumer1/sport/tennis/+", true,  true,  "consumer1", "sport/tennis/+"},
    {"a_leading_slash_stays",            "$share/consumer1//finance",       true,  true,  "consumer1", "/finance"},
    {"hash",                             "$share/a/#",                      true,  true,  "a",         "#"},
    {"a_dollar_topic",                   "$share/a/$SYS/#",                 true,  true,  "a",         "$SYS/#"},
    {"slash_alone_is_a_filter",          "$share/a//",                      true,  true,  "a",         "/"},
    {"without_its_slash_it_is_a_topic",  "$share",                          false, true,  "",          "$share"},
    {"another_word",                     "$shared/a/b",                     false, true,  "",          "$shared/a/b"},
    {"case_counts",                      "$SHARE/a/b",                      false, true,  "",          "$SHARE/a/b"},
    {"no_share_name_and_no_filter",      "$share/",                         true,  false, "",          ""},
    {"an_empty_share_name",              "$share//a",                       true,  false, "",          ""},
    {"no_filter",                        "$share/a",                        true,  false, "",          ""},
    {"an_empty_filter",                  "$share/a/",                       true,  false, "",          ""},
    {"plus_in_the_share_name",           "$share/a+/b",                     true,  false, "",          ""},
    {"hash_in_the_share_name",           "$share/#/b",                      true,  false, "",          ""},
    {"an_ill_formed_filter",             "$share/a/b#",                     true,  false, "",          ""},
}), name_of);
// clang-format on

TEST_P(Shares, are_split_into_name_and_filter) {
  const auto& row = GetParam();
  const SharedFilter split = split_shared(row.text);
  EXPECT_EQ(split.shared, row.shared);
  EXPECT_EQ(split.valid, row.valid);
  EXPECT_EQ(split.share, row.share);
  EXPECT_EQ(split.filter, row.filter);
}

TEST(Topic, levels_are_what_stands_between_slashes) {
  const auto levels_of = [](std::string_view topic) {
    std::vector<std::string_view> levels;
    for (Levels left{topic}; !left.done();) levels.push_back(left.next());
    EXPECT_EQ(level_count(topic), levels.size()) << topic;
    return levels;
  };
  EXPECT_EQ(levels_of("a"), (std::vector{"a"sv}));
  EXPECT_EQ(levels_of("a//b"), (std::vector{"a"sv, ""sv, "b"sv}));
  EXPECT_EQ(levels_of("/"), (std::vector{""sv, ""sv}));
  EXPECT_EQ(levels_of("/a/"), (std::vector{""sv, "a"sv, ""sv}));
}

}  // namespace
}  // namespace mortise::mqtt
