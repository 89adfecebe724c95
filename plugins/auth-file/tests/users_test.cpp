// What a users file says, and what is said about one that is wrong.
#include "users.hpp"

#include <gtest/gtest.h>

#include "password.hpp"
#include "utf8.hpp"

namespace mortise::auth_file {
namespace {

#define HASH "\"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAA\""

TEST(Users, are_found_by_name_with_their_groups) {
  Mistakes mistakes;
  const auto users =
      read_users("groups: [a, b]\nusers:\n  - name: x\n    password: " HASH "\n    groups: [b]\n",
                 "users.yaml", mistakes);
  ASSERT_TRUE(users && mistakes.empty());
  ASSERT_NE(users->find("x"), nullptr);
  EXPECT_EQ(users->find("x")->groups, std::vector<std::string>{"b"});
  EXPECT_EQ(users->find("x")->line, 3u);
  EXPECT_EQ(users->find("y"), nullptr);
  EXPECT_EQ("\"" + users->stand_in() + "\"", HASH) << "an unknown user costs what the first one costs";
}

TEST(Users, of_an_empty_list_are_none) {
  for (const char* text : {"users:\n", "users: []\n", "groups: []\nusers: []\n"}) {
    Mistakes mistakes;
    const auto users = read_users(text, "users.yaml", mistakes);
    ASSERT_TRUE(users && mistakes.empty()) << text;
    EXPECT_TRUE(users->by_name.empty());
    EXPECT_EQ(fault_of(users->stand_in()), "");
  }
}

TEST(Users, have_names_that_mqtt_can_carry) {
  EXPECT_EQ(fault_of_name("M\xC3\xBCller \xF0\x9F\x94\xA7"), "");
  EXPECT_EQ(fault_of_name(std::string(65535, 'a')), "");
  Mistakes mistakes;
  (void)read_users("users: [{name: " + std::string(65536, 'a') + ", password: " HASH "}]", "users.yaml",
                   mistakes);
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_EQ(mistakes[0].text,
            "users/0/name: a user name of 65536 bytes does not fit into MQTT, where it has 65535 at most");
}

struct Text {
  const char* name;
  std::string_view text;
  std::size_t fault;
};
void PrintTo(const Text& row, std::ostream* out) { *out << row.name; }

class Utf8 : public testing::TestWithParam<Text> {};
TEST_P(Utf8, ends_where_no_character_begins) { EXPECT_EQ(utf8_fault(GetParam().text), GetParam().fault); }
constexpr std::size_t nowhere = std::string_view::npos;
INSTANTIATE_TEST_SUITE_P(Users, Utf8,
                         testing::ValuesIn<Text>({
                             {"ascii", "plain", nowhere},
                             {"two_bytes", "\xC2\x80\xDF\xBF", nowhere},
                             {"three_bytes", "\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80", nowhere},
                             {"four_bytes", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", nowhere},
                             {"a_lone_continuation", "a\x80", 1},
                             {"two_bytes_for_one", "\xC1\xBF", 0},
                             {"three_bytes_for_two", "ab\xE0\x9F\xBF", 2},
                             {"four_bytes_for_three", "\xF0\x8F\xBF\xBF", 0},
                             {"a_surrogate", "\xED\xA0\x80", 0},
                             {"beyond_unicode", "\xF4\x90\x80\x80", 0},
                             {"five_bytes", "\xF8\x88\x80\x80\x80", 0},
                             {"cut_short", "a\xE2\x82", 1},
                             {"not_continued", "\xE2\x82x", 0},
                         }),
                         [](const auto& row) { return std::string{row.param.name}; });

struct Row {
  const char* name;
  const char* text;
  const char* mistakes;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class BadUsers : public testing::TestWithParam<Row> {};
TEST_P(BadUsers, are_told_with_their_place) {
  Mistakes mistakes;
  (void)read_users(GetParam().text, "users.yaml", mistakes);
  std::string all;
  for (const Mistake& each : mistakes) all += (all.empty() ? "" : "\n") + each.to_text();
  EXPECT_EQ(all, GetParam().mistakes);
}

INSTANTIATE_TEST_SUITE_P(
    Users, BadUsers,
    testing::ValuesIn<Row>({
        {"a_plain_password",
         "users:\n  - {name: sensor-1, password: " HASH "}\n  - {name: sensor-2, password: secret}\n",
         "users.yaml:3:32  users/1/password: this looks like a plain password; hash it with: mortise passwd "
         "users.yaml sensor-2"},
        {"a_hash_of_another_kind", "users:\n  - {name: a, password: \"$6$abc$def\"}\n",
         "users.yaml:2:25  users/0/password: this is a hash of another kind than argon2id; make one with: "
         "mortise "
         "passwd users.yaml a"},
        {"half_a_hash", "users:\n  - {name: a, password: \"$argon2id$v=19$m=64,t=1,p=1$c2Fs\"}\n",
         "users.yaml:2:25  users/0/password: this is not a whole argon2id hash; make one with: mortise "
         "passwd "
         "users.yaml a"},
        {"a_hash_that_would_stop_the_machine",
         "users:\n  - {name: a, password: "
         "\"$argon2id$v=19$m=99999999,t=1,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAA\"}\n",
         "users.yaml:2:25  users/0/password: this hash costs more than a login may (m at most 1048576, t 64, "
         "p 16); "
         "make one with: mortise passwd users.yaml a"},
        {"no_password", "users:\n  - name: a\n",
         "users.yaml:2:5  users/0: \"a\" has no password; set one with: mortise passwd users.yaml a"},
        {"an_empty_password_key", "users:\n  - name: a\n    password:\n",
         "users.yaml:2:5  users/0: \"a\" has no password; set one with: mortise passwd users.yaml a"},
        {"no_name", "users:\n  - password: " HASH "\n", "users.yaml:2:5  users/0: has no name"},
        {"a_user_twice", "users:\n  - {name: a, password: " HASH "}\n  - {name: a, password: " HASH "}\n",
         "users.yaml:3:12  users/1/name: \"a\" is there already, in line 2; remove one"},
        {"a_key_twice", "users:\n  - name: a\n    password: " HASH "\n    name: b\n",
         "users.yaml:4:5  users/0/name: is there twice; remove one"},
        {"an_unknown_key", "users:\n  - {name: a, pasword: x, password: " HASH "}\n",
         "users.yaml:2:15  users/0: unknown key \"pasword\"; did you mean \"password\"?"},
        {"an_unknown_group", "groups: [pumps]\nusers:\n  - {name: a, password: " HASH ", groups: [pump]}\n",
         "users.yaml:3:105  users/0/groups/0: there is no group \"pump\"; did you mean \"pumps\"?"},
        {"a_group_when_there_are_none", "users:\n  - name: a\n    password: " HASH "\n    groups: [pumps]\n",
         "users.yaml:4:14  users/0/groups/0: there is no group \"pumps\"; name it in the list groups at the "
         "top of "
         "this file"},
        {"an_empty_file", "",
         "users.yaml:1:1  the key users is not there, and nobody could log in; is the file whole? if that is "
         "meant, write users: []"},
        {"a_file_cut_off_before_its_users", "# who may enter\ngroups: [pumps]\n",
         "users.yaml:1:1  the key users is not there, and nobody could log in; is the file whole? if that is "
         "meant, write users: []"},
        {"latin_1", "# f\xC3\xBCr\nusers:\n  - {name: M\xFCller, password: " HASH "}\n",
         "users.yaml:3:13  this is not UTF-8; save the file as UTF-8"},
        {"utf_16", "\xFF\xFEu", "users.yaml:1:1  this is not UTF-8; save the file as UTF-8"},
        {"a_group_twice", "groups: [a, a]\nusers: []\n",
         "users.yaml:1:13  groups/1: \"a\" is there twice; remove one"},
        {"the_group_anonymous", "groups: [anonymous]\nusers: []\n",
         "users.yaml:1:10  groups/0: \"anonymous\" is a group by itself; choose another name"},
        {"a_control_character_in_a_name", "users:\n  - {name: \"a\\tb\", password: " HASH "}\n",
         "users.yaml:2:12  users/0/name: holds a control character"},
        {"users_that_are_no_list", "users: {a: b}\n",
         "users.yaml:1:8  users: must be a list; write [one, two], or a line with a dash for each"},
        {"a_user_that_is_a_text", "users: [a]\n", "users.yaml:1:9  users/0: must hold keys with values"},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace mortise::auth_file
