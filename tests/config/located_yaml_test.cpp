// What YAML becomes before it has a type, and what stops it.
#include "config/located_yaml.hpp"

#include "row.hpp"

namespace mortise::config {
namespace {

YamlReading yaml(std::string_view text, std::map<std::string, std::string> set = {}) {
  return read_yaml(text, "f.yaml", variables(std::move(set)), ".");
}

struct Row {
  const char* name;
  std::string_view text;
  const char* json;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.text; }

class Yaml : public testing::TestWithParam<Row> {};

TEST_P(Yaml, becomes) {
  const YamlReading reading =
      yaml(GetParam().text, {{"N", "4"}, {"YES", "true"}, {"EMPTY", ""}, {"DOLLAR", "${N}"}});
  EXPECT_EQ(texts(reading.findings), "");
  ASSERT_TRUE(reading.tree);
  EXPECT_EQ(reading.tree->to_json(), GetParam().json);
}

INSTANTIATE_TEST_SUITE_P(
    scalars, Yaml,
    testing::ValuesIn(std::vector<Row>{
        {"true_and_false_are_flags", "[true, false]", "[true,false]"},
        {"other_spellings_of_flags_are_text", "[True, yes, no, on, off]",
         R"(["True","yes","no","on","off"])"},
        {"nothing_is_null_in_three_ways", "{a: null, b: ~, c: }", R"({"a":null,"b":null,"c":null})"},
        {"whole_numbers_keep_their_digits", "[0, -7, 18446744073709551616]", "[0,-7,18446744073709551616]"},
        {"fractions_keep_their_digits", "[1.50, -0.1, 2e3, 1E-7]", "[1.50,-0.1,2e3,1E-7]"},
        {"leading_zeros_make_a_text", "[007, 0x1F, 1_000, +5]", R"(["007","0x1F","1_000","+5"])"},
        {"half_numbers_are_text", "[1., .5, -, 1e, e1, .inf]", R"(["1.",".5","-","1e","e1",".inf"])"},
        {"quotes_make_a_text", "[\"1\", 'true', \"null\"]", R"(["1","true","null"])"},
        {"durations_and_sizes_are_text", "[30s, 2MiB]", R"(["30s","2MiB"])"},
        {"a_block_is_text", "a: |\n  one\n  two\n", R"({"a":"one\ntwo\n"})"},
        {"characters_json_must_escape", R"(["\"", "\\", "\t", "\x07"])", R"(["\"","\\","\t","\u0007"])"},
        {"other_alphabets_stay", "ключ: значение", R"({"ключ":"значение"})"},
    }),
    row_name<Row>);

INSTANTIATE_TEST_SUITE_P(shapes, Yaml,
                         testing::ValuesIn(std::vector<Row>{
                             {"an_empty_file_is_null", "", "null"},
                             {"keys_keep_their_order", "{b: 1, a: 2, 0: 3}", R"({"b":1,"a":2,"0":3})"},
                             {"lists_in_lists", "- [1, [2]]\n- - 3\n", "[[1,[2]],[3]]"},
                             {"an_alias_is_a_copy", "{a: &x {b: [1]}, c: *x, d: [*x]}",
                              R"({"a":{"b":[1]},"c":{"b":[1]},"d":[{"b":[1]}]})"},
                             {"a_byte_order_mark_is_skipped",
                              "\xEF\xBB\xBF"
                              "a: 1",
                              R"({"a":1})"},
                             {"line_ends_of_windows", "a: 1\r\nb: x\r\n", R"({"a":1,"b":"x"})"},
                             {"markers_of_one_document", "---\na: 1\n...\n", R"({"a":1})"},
                         }),
                         row_name<Row>);

INSTANTIATE_TEST_SUITE_P(expansion, Yaml,
                         testing::ValuesIn(std::vector<Row>{
                             {"an_expanded_number_is_a_number", "a: ${N}", R"({"a":4})"},
                             {"an_expanded_flag_is_a_flag", "a: ${YES}", R"({"a":true})"},
                             {"in_quotes_it_stays_text", "a: \"${N}\"", R"({"a":"4"})"},
                             {"within_a_text", "a: x${N}y${N}", R"({"a":"x4y4"})"},
                             {"an_empty_variable_is_an_empty_text", "a: ${EMPTY}", R"({"a":""})"},
                             {"what_a_variable_holds_is_not_expanded", "a: ${DOLLAR}", R"({"a":"${N}"})"},
                             {"two_dollars_are_one", "a: $${N} costs 5$$", R"({"a":"${N} costs 5$"})"},
                             {"a_dollar_alone_is_itself", "a: [$SYS/#, 5$, $]",
                              R"({"a":["$SYS/#","5$","$"]})"},
                             {"keys_are_not_expanded", "${N}: 1", R"({"${N}":1})"},
                         }),
                         row_name<Row>);

TEST(located_yaml, every_value_and_key_knows_its_place) {
  const YamlReading reading = yaml("a:\n  - 1\n  - {ü: x, b: 'y'}\nc:\n");
  ASSERT_TRUE(reading.tree);
  const Tree& tree = *reading.tree;
  EXPECT_EQ(tree.find("/a/0")->where().to_text(), "f.yaml:2:5");
  EXPECT_EQ(tree.find("/a/1")->where().to_text(), "f.yaml:3:5");
  EXPECT_EQ(tree.find("/a/1/b")->where().to_text(), "f.yaml:3:15");
  EXPECT_EQ(tree.find("/a/1")->entry("b")->key_where.to_text(), "f.yaml:3:12");
  EXPECT_EQ(tree.find("/c")->where().to_text(), "f.yaml:4:1") << "a value left out stands at its key";
}

TEST(located_yaml, a_duplicate_keeps_the_first_value_and_reading_goes_on) {
  const YamlReading reading = yaml("{a: 1, a: {b: 2, b: 3}, c: 4}");
  ASSERT_TRUE(reading.tree);
  EXPECT_EQ(reading.tree->to_json(), R"({"a":1,"c":4})");
  EXPECT_EQ(texts(reading.findings),
            "f.yaml:1:8  duplicate key \"a\"; line 1 has it already\n"
            "f.yaml:1:18  duplicate key \"b\"; line 1 has it already\n");
}

TEST(located_yaml, a_syntax_error_leaves_no_tree_but_what_was_found_before_it) {
  const YamlReading reading = yaml("a: 1\na: 2\nb: ]\n");
  EXPECT_FALSE(reading.tree);
  EXPECT_EQ(reading.findings.size(), 2u);
}

TEST(located_yaml, aliases_cannot_blow_up) {
  std::string text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) text += ", " + before;
    text += "]\n";
  }
  const YamlReading reading = yaml(text);
  EXPECT_FALSE(reading.tree);
  EXPECT_EQ(
      texts(reading.findings),
      "f.yaml:5:10  a4/0: the file holds more than 20000 values; make it smaller; aliases count as copies\n");
}

TEST(located_yaml, depth_is_bounded) {
  EXPECT_TRUE(yaml(std::string(99, '[') + std::string(99, ']')).tree);
  const YamlReading deep = yaml(std::string(100, '[') + std::string(100, ']'));
  EXPECT_FALSE(deep.tree);
  ASSERT_EQ(deep.findings.size(), 1u);
  EXPECT_EQ(deep.findings[0].text, "more than 100 maps and lists lie inside each other");
}

TEST(located_yaml, depth_is_bounded_through_aliases_too) {
  const std::string open(60, '['), close(60, ']');
  EXPECT_FALSE(yaml("a: &a " + open + close + "\nb: " + open + "*a" + close + "\n").tree);
}

TEST(located_yaml, as_many_stars_as_there_are_are_found) {
  const YamlReading reading = yaml("[*:1, *:2, x, *]");
  ASSERT_TRUE(reading.tree);
  EXPECT_EQ(reading.tree->to_json(), R"(["*:1","*:2","x","*"])");
  EXPECT_EQ(reading.findings.size(), 3u);
}

}  // namespace
}  // namespace mortise::config
