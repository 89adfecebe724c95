// Tables of verbs that no operator could be offered.
#include "host/verb_table.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mortise::host {
namespace {

std::string problem_of(const std::vector<mortise_command_t>& commands) {
  mortise_control_t table{};
  table.size = sizeof table;
  table.commands = commands.data();
  table.command_count = commands.size();
  return problem_of_verbs(table);
}
std::string problem_of_schema(const char* schema) { return problem_of({{"a", "does a", schema}}); }

TEST(VerbTable, is_taken_when_it_is_sound) {
  EXPECT_EQ(problem_of({{"a", "does a", nullptr}, {"b-2_c", "does b", R"({"type": "object"})"}}), "");
}

TEST(VerbTable, says_what_is_wrong_with_it) {
  EXPECT_EQ(problem_of({}), "lists 0 verbs, where 1 to 64 are allowed");
  EXPECT_EQ(problem_of(std::vector<mortise_command_t>(65, {"a", "does a", nullptr})),
            "lists 65 verbs, where 1 to 64 are allowed");
  for (const char* const name : {"", "Two words", "-a", "2", "\xff", "a\n"})
    EXPECT_NE(problem_of({{name, "does a", nullptr}}).find("which is no word"), std::string::npos) << name;
  EXPECT_EQ(problem_of({{nullptr, "does a", nullptr}}), "lists the verb \"\", which is no word");
  EXPECT_EQ(problem_of({{"help", "does a", nullptr}}), "lists the verb help, which is the broker's own");
  EXPECT_EQ(problem_of({{"a", "", nullptr}}), "lists the verb a without a summary");
  EXPECT_EQ(problem_of({{"a", "does a", nullptr}, {"a", "does b", nullptr}}), "lists the verb a twice");
}

TEST(VerbTable, says_what_is_wrong_with_a_schema) {
  const std::string broken = "has arguments of the verb a whose JSON Schema is broken: ";
  EXPECT_EQ(problem_of_schema("{"), broken + "it is no JSON object");
  EXPECT_EQ(problem_of_schema("[]"), broken + "it is no JSON object");
  EXPECT_EQ(problem_of_schema(R"({"properties": {"x": {"$ref": "#/nowhere"}}})"),
            broken + R"("$ref": "#/nowhere" leads nowhere in it)");
  EXPECT_NE(problem_of_schema(R"({"type": "nonsense"})").find(broken), std::string::npos);
  EXPECT_EQ(problem_of_schema(R"({"properties": {"Big": {}}})"),
            "has arguments of the verb a with the name \"Big\"");
}

}  // namespace
}  // namespace mortise::host
