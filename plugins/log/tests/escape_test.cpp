// What text from outside looks like in a log.
#include "escape.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mortise::log {
namespace {

using namespace std::string_literals;

struct Row {
  const char* name;
  std::string from;
  std::string escaped;
  std::string value;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class Escape : public testing::TestWithParam<Row> {};

TEST_P(Escape, shows_text_safely) {
  std::string escaped;
  append_escaped(escaped, GetParam().from);
  EXPECT_EQ(escaped, GetParam().escaped);
  std::string value;
  append_value(value, GetParam().from);
  EXPECT_EQ(value, GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(
    Text, Escape,
    testing::ValuesIn<Row>({
        {"a_word_stays_as_it_is", "pump-7", "pump-7", "pump-7"},
        {"a_topic_needs_no_quotes", "plant/+/#", "plant/+/#", "plant/+/#"},
        {"nothing_is_shown_as_two_quotes", "", "", "\"\""},
        {"a_space_needs_quotes", "two words", "two words", "\"two words\""},
        {"an_equals_sign_needs_quotes", "a=b", "a=b", "\"a=b\""},
        {"a_quote_is_escaped_within_quotes", "say \"hi\"", "say \"hi\"", R"("say \"hi\"")"},
        {"a_backslash_is_doubled", R"(a\b)", R"(a\\b)", R"("a\\b")"},
        {"a_new_line_stays_on_the_line", "a\nb", R"(a\nb)", R"("a\nb")"},
        {"return_and_tab_have_names", "\r\t", R"(\r\t)", R"("\r\t")"},
        {"a_zero_byte_is_shown", "a\0b"s, R"(a\x00b)", R"("a\x00b")"},
        {"an_escape_sequence_does_not_reach_the_terminal", "\x1b[31m", R"(\x1B[31m)", R"("\x1B[31m")"},
        {"delete_is_shown", "\x7f", R"(\x7F)", R"("\x7F")"},
        {"a_c1_control_is_shown", "\xC2\x9B", R"(\u{009B})", R"("\u{009B}")"},
        {"text_that_turns_around_is_shown",
         "a\xE2\x80\xAE"
         "b",
         R"(a\u{202E}b)", R"("a\u{202E}b")"},
        {"letters_of_all_scripts_stay", "größe/温度", "größe/温度", "größe/温度"},
        {"an_emoji_stays", "\xF0\x9F\x94\xA5", "\xF0\x9F\x94\xA5", "\xF0\x9F\x94\xA5"},
        {"a_byte_that_is_no_utf8_is_shown", "a\xFF", R"(a\xFF)", R"("a\xFF")"},
        {"a_character_cut_in_two_is_shown", "a\xE6\xB8", R"(a\xE6\xB8)", R"("a\xE6\xB8")"},
        {"an_overlong_slash_is_shown", "\xC0\xAF", R"(\xC0\xAF)", R"("\xC0\xAF")"},
        {"an_overlong_of_three_is_shown", "\xE0\x80\xAF", R"(\xE0\x80\xAF)", R"("\xE0\x80\xAF")"},
        {"a_surrogate_is_shown", "\xED\xA0\x80", R"(\xED\xA0\x80)", R"("\xED\xA0\x80")"},
        {"above_the_last_character_is_shown", "\xF4\x90\x80\x80", R"(\xF4\x90\x80\x80)",
         R"("\xF4\x90\x80\x80")"},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace mortise::log
