#include "mqtt/utf8.hpp"

#include <string>

#include "wire.hpp"

namespace mortise::mqtt {
namespace {

using namespace std::string_view_literals;

struct Row {
  const char* name;
  std::string_view text;
  bool well_formed;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
class Utf8 : public testing::TestWithParam<Row> {};

// clang-format off
INSTANTIATE_TEST_SUITE_P(Utf8, Utf8, testing::ValuesIn(std::vector<Row>{
    {"nothing",                              ""sv,                     true },
    {"ascii",                                "sport/tennis"sv,         true },
    {"control_characters_but_null",          "\x01\x1F\x7F"sv,         true },
    {"null",                                 "\0"sv,                   false},
    {"null_behind_a_word",                   "12345678\0"sv,           false},
    {"null_inside_a_word",                   "1234\0" "5678"sv,        false},
    {"null_in_two_bytes",                    "\xC0\x80"sv,             false},
    {"smallest_of_two_bytes",                "\xC2\x80"sv,             true },
    {"largest_of_two_bytes",                 "\xDF\xBF"sv,             true },
    {"overlong_slash_in_two",                "\xC0\xAF"sv,             false},
    {"overlong_del_in_two",                  "\xC1\xBF"sv,             false},
    {"smallest_of_three_bytes",              "\xE0\xA0\x80"sv,         true },
    {"overlong_in_three",                    "\xE0\x9F\xBF"sv,         false},
    {"overlong_slash_in_three",              "\xE0\x80\xAF"sv,         false},
    {"last_before_the_surrogates",           "\xED\x9F\xBF"sv,         true },
    {"first_surrogate",                      "\xED\xA0\x80"sv,         false},
    {"last_surrogate",                       "\xED\xBF\xBF"sv,         false},
    {"surrogate_pair_as_two_characters",     "\xED\xA0\xBD\xED\xB8\x80"sv, false},
    {"first_behind_the_surrogates",          "\xEE\x80\x80"sv,         true },
    {"byte_order_mark",                      "\xEF\xBB\xBF"sv,         true },
    {"a_noncharacter",                       "\xEF\xBF\xBF"sv,         true },
    {"largest_of_three_bytes_but_noncharacter", "\xEF\xBF\xBD"sv,      true },
    {"smallest_of_four_bytes",               "\xF0\x90\x80\x80"sv,     true },
    {"overlong_in_four",                     "\xF0\x8F\xBF\xBF"sv,     false},
    {"ideograph_of_the_specification",       "A\xF0\xAA\x9B\x94"sv,    true },
    {"largest_code_point",                   "\xF4\x8F\xBF\xBF"sv,     true },
    {"first_above_the_largest",              "\xF4\x90\x80\x80"sv,     false},
    {"lead_f5",                              "\xF5\x80\x80\x80"sv,     false},
    {"lead_ff",                              "\xFF"sv,                 false},
    {"five_byte_form",                       "\xF8\x88\x80\x80\x80"sv, false},
    {"lonely_continuation",                  "\x80"sv,                 false},
    {"lonely_continuation_behind_a_word",    "12345678\xBF"sv,         false},
    {"two_bytes_cut_short",                  "\xC3"sv,                 false},
    {"three_bytes_cut_after_one",            "\xE2"sv,                 false},
    {"three_bytes_cut_after_two",            "\xE2\x82"sv,             false},
    {"four_bytes_cut_after_three",           "\xF0\x9F\x98"sv,         false},
    {"second_byte_is_ascii",                 "\xC3(more text)"sv,      false},
    {"third_byte_is_ascii",                  "\xE2\x82(more text)"sv,  false},
    {"fourth_byte_is_ascii",                 "\xF0\x9F\x98(more)"sv,   false},
    {"long_mixed_text",                      "Gr\xC3\xBC\xC3\x9F" "e/\xE2\x82\xAC/\xF0\x9F\x98\x80/abcdefghijkl"sv, true},
}), name_of);
// clang-format on

TEST_P(Utf8, is_told_from_what_is_not) { EXPECT_EQ(is_utf8(GetParam().text), GetParam().well_formed); }

// The step over whole words must not depend on where in them a character stands.
TEST_P(Utf8, does_not_depend_on_its_place_in_the_text) {
  for (std::size_t before = 0; before < 18; ++before)
    for (std::size_t behind = 0; behind < 18; ++behind) {
      const std::string text =
          std::string(before, 'a') + std::string{GetParam().text} + std::string(behind, 'z');
      EXPECT_EQ(is_utf8(text), GetParam().well_formed) << before << ' ' << behind;
    }
}

TEST(Utf8Payload, may_have_a_null_anywhere_and_is_checked_around_it) {
  for (const std::string_view fine : {""sv, "\0"sv,
                                      "1234\0"
                                      "5678"sv,
                                      "12345678\0\0\xC3\xBC"sv, "plain"sv})
    EXPECT_TRUE(is_utf8_payload(fine)) << fine;
  for (const std::string_view bad : {"\xFF"sv, "\0\xFF"sv, "\xC3\0\xBC"sv, "a\0\xED\xA0\x80"sv})
    EXPECT_FALSE(is_utf8_payload(bad)) << bad;
}

}  // namespace
}  // namespace mortise::mqtt
