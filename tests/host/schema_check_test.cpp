// A plugin's settings against its schema: each finding once, at its place, in words.
#include "host/schema_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "config/located_yaml.hpp"

namespace mortise::host {
namespace {

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false, "required": ["path"],
  "definitions": {"level": {"enum": ["info", "warning"]}},
  "properties": {
    "path": {"type": "string", "pattern": "^/"},
    "limit": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
    "sinks": {"type": "array", "items": {
      "type": "object", "additionalProperties": false, "required": ["type"],
      "properties": {"type": {"type": "string"}, "level": {"$ref": "#/definitions/level"}, "colour": {"type": "boolean", "default": true}}}},
    "levels": {"type": "object", "additionalProperties": {"$ref": "#/definitions/level"}}
  }})";

config::Tree tree_of(const std::string& yaml) {
  const auto reading = config::read_yaml(yaml, "m.yaml", config::process_environment(), "/");
  EXPECT_TRUE(reading.findings.empty());
  return *reading.tree;
}

std::string findings_of(const std::string& yaml, const char* against = schema) {
  config::Tree tree = tree_of(yaml);
  std::string text;
  auto findings = check_schema(tree, against, "a", "/p/a.so", "c", {"m.yaml", 1, 1});
  config::sort_by_place(findings);
  for (const auto& finding : findings) text += finding.to_text() + '\n';
  return text;
}

struct Row {
  std::string name;
  std::string yaml;
  std::string said;
  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};
class Schema : public testing::TestWithParam<Row> {};

TEST_P(Schema, says_what_is_wrong_where) { EXPECT_EQ(GetParam().said, findings_of(GetParam().yaml)); }

INSTANTIATE_TEST_SUITE_P(
    Check, Schema,
    testing::ValuesIn(std::vector<Row>{
        {"all_is_well", "path: /x\nsinks: [{type: console, level: info}]", ""},
        {"a_key_is_missing", "limit: 3", "m.yaml:1:1  c: the key \"path\" is missing\n"},
        {"a_wrong_type", "path: [1]", "m.yaml:1:7  c/path: this is a list, it must be a text\n"},
        {"a_wrong_form", "path: x", "m.yaml:1:7  c/path: \"x\" does not have the form ^/\n"},
        {"none_of_a_few", "path: /x\nsinks:\n  - {type: a, level: loud}",
         "m.yaml:3:22  c/sinks/0/level: \"loud\" is none of info, warning\n"},
        {"every_unknown_key_of_one_map", "path: /x\nlimt: 1\nzzz: 1",
         "m.yaml:2:1  unknown key \"limt\", did you mean \"limit\"?\nm.yaml:3:1  unknown key \"zzz\"\n"},
        {"an_unknown_key_deep_down", "path: /x\nsinks:\n  - type: a\n  - tpe: b\n    type: c",
         "m.yaml:4:5  unknown key \"tpe\", did you mean \"type\"?\n"},
        {"several_at_once", "path: 1\nsinks:\n  - level: info",
         "m.yaml:1:7  c/path: this is a whole number, it must be a text\nm.yaml:3:5  c/sinks/0: the key "
         "\"type\" is missing\n"},
        {"a_free_key_with_a_bad_value", "path: /x\nlevels: {broker: loud}",
         "m.yaml:2:18  c/levels/broker: \"loud\" is none of info, warning\n"},
    }),
    [](const auto& row) { return row.param.name; });

TEST(SchemaCheck, a_number_out_of_range_is_told_with_the_range) {
  EXPECT_EQ(findings_of("path: /x\nlimit: 12"), "m.yaml:2:8  c/limit: 12 is not between 1 and 9\n");
  const auto with = [](const std::string& bounds) {
    return R"({"properties": {"limit": {"type": "number", )" + bounds + "}}}";
  };
  EXPECT_EQ(findings_of("limit: 12", with(R"("minimum": 0, "maximum": 2)").c_str()),
            "m.yaml:1:8  c/limit: 12 is not between 0 and 2\n");
  EXPECT_EQ(findings_of("limit: -1", with(R"("exclusiveMinimum": 0, "maximum": 2)").c_str()),
            "m.yaml:1:8  c/limit: -1 is not more than 0 and 2 or less\n");
  EXPECT_EQ(findings_of("limit: 0.5", with(R"("minimum": 1)").c_str()),
            "m.yaml:1:8  c/limit: 0.5 is not 1 or more\n");
}

TEST(SchemaCheck, defaults_fill_what_was_left_out_at_every_depth) {
  config::Tree tree = tree_of("path: /x\nsinks: [{type: a}, {type: b, colour: false}]");
  ASSERT_TRUE(check_schema(tree, schema, "a", "/p/a.so", "c", {}).empty());
  EXPECT_EQ("3", tree.find("/limit")->text());
  EXPECT_EQ("true", tree.find("/sinks/0/colour")->text());
  EXPECT_EQ("false", tree.find("/sinks/1/colour")->text());
  EXPECT_EQ(nullptr, tree.find("/levels"));
}

TEST(SchemaCheck, a_schema_that_is_none_is_the_plugins_fault) {
  EXPECT_NE(std::string::npos, findings_of("path: /x", "{\"type\": ").find("is broken: it is no JSON"));
  EXPECT_NE(std::string::npos, findings_of("path: /x", "[]").find("is broken: it is no JSON"));
}

// Each of these ran until the stack was used up.
TEST(SchemaCheck, a_schema_that_goes_round_in_a_circle_is_the_plugins_fault) {
  for (const char* round : {
           R"({"$ref": "#"})",
           R"({"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}},
               "properties": {"path": {"$ref": "#/definitions/a"}}})",
           R"({"allOf": [{"$ref": "#"}]})",
           R"({"properties": {"path": {"if": {}, "then": {"$ref": "#/properties/path"}}}})",
           R"({"": {}, "$ref": "#/"})",
           R"({"%61": {}, "a": {"$ref": "#/%61"}, "properties": {"path": {"$ref": "#/a"}}})",
       }) {
    const std::string text = findings_of("path: /x", round);
    EXPECT_EQ(0U, text.find("m.yaml:1:1  c: plugin \"a\": the JSON Schema in /p/a.so is broken: ")) << text;
  }
}

TEST(SchemaCheck, a_schema_may_come_back_to_itself_a_level_deeper) {
  constexpr const char* tree = R"({"type": "object", "additionalProperties": {"$ref": "#"}})";
  EXPECT_EQ("", findings_of("a: {b: {c: {}}}", tree));
  EXPECT_EQ("m.yaml:1:8  c/a/b: this is a whole number, it must be a map\n", findings_of("a: {b: 1}", tree));
}

TEST(SchemaCheck, a_text_too_long_for_a_pattern_is_refused_before_it_is_tried) {
  constexpr const char* form = R"({"properties": {
    "path": {"type": "string", "pattern": "^(a|b)*$"}, "free": {"type": "string"},
    "either": {"anyOf": [{"type": "string", "pattern": "^(a|b)*$"}]}}})";
  const std::string text(100000, 'a');
  EXPECT_EQ("", findings_of("path: " + text.substr(0, 1024), form));
  EXPECT_EQ("", findings_of("path: a\nfree: " + text, form));
  EXPECT_EQ("m.yaml:1:7  c/path: this text has 100000 bytes; where a form is asked for, 1024 is the most\n",
            findings_of("path: " + text, form));
  EXPECT_EQ(0U,
            findings_of("either: " + text, form).find("m.yaml:1:9  c/either: this text has 100000 bytes"));
}

}  // namespace
}  // namespace mortise::host
