// JSON as people see it.
#include "app/commands/table.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mortise::app {
namespace {

using Json = nlohmann::ordered_json;

TEST(Table, has_a_column_for_each_key_there_is_and_no_space_at_the_ends) {
  EXPECT_EQ(to_people(Json::parse(R"([{"client": "a", "queued": 12}, {"client": "longer", "why": "x"}])")),
            "client  queued  why\n"
            "a       12\n"
            "longer          x\n");
}

TEST(Table, of_nothing_says_so) { EXPECT_EQ(to_people(Json::array()), "none\n"); }

TEST(Table, an_object_is_a_line_a_key_and_what_is_in_it_one_text) {
  EXPECT_EQ(to_people(Json::parse(
                R"({"up": true, "refused": {"quota": 2, "other": 1}, "loops": [1, 2], "none": {}})")),
            "up       yes\n"
            "refused  quota 2, other 1\n"
            "loops    1, 2\n"
            "none\n");
}

TEST(Table, what_has_columns_of_its_own_in_an_object_is_a_table_below_it) {
  EXPECT_EQ(to_people(Json::parse(R"({"plugin": "a", "hooks": {"connect": {"calls": 2, "mean_us": null},
                                      "check": {"calls": 130, "mean_us": 1.5}}, "state": "running"})")),
            "plugin  a\n"
            "state   running\n"
            "\n"
            "hooks    calls  mean_us\n"
            "connect  2      -\n"
            "check    130    1.5\n");
}

TEST(Table, what_clients_chose_does_not_reach_the_terminal_as_it_is) {
  EXPECT_EQ(to_people(Json{{"client", "a\x1b[2Jb\n"}}), "client  a\\x1b[2Jb\\x0a\n");
  EXPECT_EQ(to_people(Json{{"a\x1b", {{"b\x1b", {{"c\x1b", 1}, {"a\x1b", 2}}}}}}),
            "\na\\x1b  c\\x1b\nb\\x1b  1\n");
  EXPECT_EQ(to_people(Json{{"client",
                            "\xC2\x9B"
                            "2J\xC2\xA0"}}),
            "client  \\xc2\\x9b2J\xC2\xA0\n");
}

TEST(Table, columns_line_up_behind_letters_of_several_bytes) {
  EXPECT_EQ(to_people(Json::parse(R"([{"a": "ü", "b": 1}, {"a": "uu", "b": 2}])")), "a   b\nü   1\nuu  2\n");
}

}  // namespace
}  // namespace mortise::app
