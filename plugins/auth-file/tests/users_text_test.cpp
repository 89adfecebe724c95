// Changes to users.yaml: only what was asked for changes, in every layout; else nothing does.
#include "users_text.hpp"

#include <gtest/gtest.h>

namespace mortise::auth_file {
namespace {

struct Row {
  const char* name;
  const char* before;
  const char* user;
  std::vector<std::string> groups;
  const char* after;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class Put : public testing::TestWithParam<Row> {};
TEST_P(Put, changes_nothing_else) {
  const Row& row = GetParam();
  EXPECT_EQ(with_password(row.before, row.user, "$new", row.groups).text, row.after);
}

INSTANTIATE_TEST_SUITE_P(
    UsersText, Put,
    testing::ValuesIn<Row>({
        {"into_an_empty_file", "", "a", {}, "users:\n  - name: a\n    password: \"$new\"\n"},
        {"into_a_file_of_comments",
         "# people",
         "a",
         {},
         "# people\nusers:\n  - name: a\n    password: \"$new\"\n"},
        {"into_an_empty_list",
         "# people\n\ngroups: []\nusers: []  # nobody yet\n# the end\n",
         "a",
         {},
         "# people\n\ngroups: []\nusers:  # nobody yet\n  - name: a\n    password: \"$new\"\n# the end\n"},
        {"into_a_list_that_is_nothing",
         "users:\n# the end\n",
         "a",
         {},
         "users:\n  - name: a\n    password: \"$new\"\n# the end\n"},
        {"behind_the_last_user",
         "users:\n  - name: b\n    password: $b\n# the end\n",
         "a",
         {},
         "users:\n  - name: b\n    password: $b\n  - name: a\n    password: \"$new\"\n# the end\n"},
        {"before_the_next_key",
         "users:\n- name: b\n  password: $b\n\ngroups: [g]\n",
         "a",
         {"g"},
         "users:\n- name: b\n  password: $b\n- name: a\n  password: \"$new\"\n  groups: [g]\n\ngroups: "
         "[g]\n"},
        {"behind_users_in_braces",
         "users:\n  - {name: b, password: $b}\n",
         "a",
         {},
         "users:\n  - {name: b, password: $b}\n  - name: a\n    password: \"$new\"\n"},
        {"behind_a_user_with_a_list_of_groups",
         "groups: [g, h]\nusers:\n  - name: b\n    password: $b\n    groups:\n      - g\n      - h\n",
         "a",
         {},
         "groups: [g, h]\nusers:\n  - name: b\n    password: $b\n    groups:\n      - g\n      - h\n"
         "  - name: a\n    password: \"$new\"\n"},
        {"behind_a_last_line_without_an_end",
         "users:\n  - name: b\n    password: $b",
         "a",
         {},
         "users:\n  - name: b\n    password: $b\n  - name: a\n    password: \"$new\"\n"},
        {"into_a_list_in_brackets",
         "users: [{name: b, password: $b}]\n",
         "a",
         {},
         "users: [{name: a, password: \"$new\"}, {name: b, password: $b}]\n"},
        {"over_a_password",
         "users:\n  - name: a  # the first\n    password: \"$old\"  # set in May\n    groups: [g]\n",
         "a",
         {},
         "users:\n  - name: a  # the first\n    password: \"$new\"  # set in May\n    groups: [g]\n"},
        {"over_a_plain_password",
         "users:\n  - {name: a, password: se cret}\n",
         "a",
         {},
         "users:\n  - {name: a, password: \"$new\"}\n"},
        {"over_a_password_in_single_quotes",
         "users:\n  - {password: 'it''s, {odd}', name: a}\n",
         "a",
         {},
         "users:\n  - {password: \"$new\", name: a}\n"},
        {"over_a_password_in_double_quotes",
         "users:\n  - {password: \"a \\\" , }\", name: a}\n",
         "a",
         {},
         "users:\n  - {password: \"$new\", name: a}\n"},
        {"over_a_password_of_the_second",
         "users:\n  - {name: b, password: x}\n  - {name: a, password: x}\n",
         "a",
         {},
         "users:\n  - {name: b, password: x}\n  - {name: a, password: \"$new\"}\n"},
        {"for_a_user_without_one",
         "users:\n  - name: a\n  - name: b\n",
         "a",
         {},
         "users:\n  - name: a\n    password: \"$new\"\n  - name: b\n"},
        {"for_a_user_without_one_in_braces",
         "users:\n  - {name: a, groups: []}\n",
         "a",
         {},
         "users:\n  - {name: a, password: \"$new\", groups: []}\n"},
        {"for_a_user_with_an_empty_one",
         "users:\n  - name: a\n    password:\n",
         "a",
         {},
         "users:\n  - name: a\n    password: \"$new\"\n"},
        {"with_a_group_added",
         "groups: [g, h]\nusers:\n  - name: a\n    password: x\n    groups: [g]\n",
         "a",
         {"h"},
         "groups: [g, h]\nusers:\n  - name: a\n    password: \"$new\"\n    groups: [g, h]\n"},
        {"with_a_group_it_is_in",
         "groups: [g]\nusers:\n  - name: a\n    password: x\n    groups: [ g ]\n",
         "a",
         {"g"},
         "groups: [g]\nusers:\n  - name: a\n    password: \"$new\"\n    groups: [ g ]\n"},
        {"with_a_first_group",
         "groups: [g]\nusers:\n  - name: a\n    password: x\n",
         "a",
         {"g"},
         "groups: [g]\nusers:\n  - name: a\n    password: \"$new\"\n    groups: [g]\n"},
        {"with_a_group_in_a_list_of_lines",
         "groups: [g, h]\nusers:\n  - name: a\n    password: x\n    groups:\n      - g\n  - name: b\n",
         "a",
         {"h"},
         "groups: [g, h]\nusers:\n  - name: a\n    password: \"$new\"\n    groups:\n      - g\n      - h\n  "
         "- name: b\n"},
        {"of_a_name_with_spaces_and_quotes",
         "users:\n",
         "a \"b\" \\",
         {},
         "users:\n  - name: \"a \\\"b\\\" \\\\\"\n    password: \"$new\"\n"},
        {"of_a_name_that_looks_like_nothing",
         "users:\n",
         "null",
         {},
         "users:\n  - name: \"null\"\n    password: \"$new\"\n"},
        {"with_lines_that_end_like_windows",
         "users:\r\n  - name: a\r\n    password: x\r\n",
         "a",
         {},
         "users:\r\n  - name: a\r\n    password: \"$new\"\r\n"},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

struct RemovalRow {
  const char* name;
  const char* before;
  const char* after;
};
void PrintTo(const RemovalRow& row, std::ostream* out) { *out << row.name; }

class Removed : public testing::TestWithParam<RemovalRow> {};
TEST_P(Removed, leaves_the_rest) { EXPECT_EQ(without_user(GetParam().before, "a"), GetParam().after); }

INSTANTIATE_TEST_SUITE_P(
    UsersText, Removed,
    testing::ValuesIn<RemovalRow>({
        {"the_only_one", "users:\n  - name: a\n    password: x\ngroups: []\n", "users:\ngroups: []\n"},
        {"the_first", "users:\n  - name: a\n    password: x\n  # b is next\n  - name: b\n",
         "users:\n  # b is next\n  - name: b\n"},
        {"the_last", "users:\n  - name: b\n\n  - name: a\n    groups:\n      - g\n# the end\n",
         "users:\n  - name: b\n\n# the end\n"},
        {"one_in_braces", "users:\n  - {name: b}\n  - {name: a, groups: [g]}\n  - {name: c}\n",
         "users:\n  - {name: b}\n  - {name: c}\n"},
        {"the_first_in_brackets", "users: [{name: a}, {name: b}]\n", "users: [{name: b}]\n"},
        {"the_last_in_brackets", "users: [{name: b}, {name: a}]\n", "users: [{name: b}]\n"},
        {"the_only_one_in_brackets", "users: [{name: a}]\n", "users: []\n"},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(UsersText, refuses_what_is_not_there) {
  EXPECT_THROW(without_user("users:\n  - name: b\n", "a"), NoSuchUser);
  EXPECT_THROW(without_user("", "a"), NoSuchUser);
}

struct OddRow {
  const char* name;
  const char* text;
};
void PrintTo(const OddRow& row, std::ostream* out) { *out << row.name; }

class Odd : public testing::TestWithParam<OddRow> {};
TEST_P(Odd, is_refused_rather_than_damaged) {
  EXPECT_THROW(with_password(GetParam().text, "a", "$new", {}), EditFault);
}

INSTANTIATE_TEST_SUITE_P(UsersText, Odd,
                         testing::ValuesIn<OddRow>({
                             {"no_yaml", "users: [\n"},
                             {"a_list_of_another_kind", "users: {a: b}\n"},
                             {"a_file_that_is_a_list", "- a\n"},
                             {"a_password_over_several_lines",
                              "users:\n  - name: a\n    password: >\n      x\n      y\n"},
                             {"two_documents", "users: []\n---\nusers: []\n"},
                         }),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(UsersText, says_whether_the_user_is_new) {
  EXPECT_TRUE(with_password("users: []\n", "a", "$new", {}).added);
  EXPECT_FALSE(with_password("users:\n  - {name: a, password: x}\n", "a", "$new", {}).added);
}

}  // namespace
}  // namespace mortise::auth_file
