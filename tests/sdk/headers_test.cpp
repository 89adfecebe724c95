// What may not stand in a C header of the SDK, and that it is the headers' code that is looked at.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace {

// The code of a C source: comments and strings left out, lines kept.
std::string code_of(const std::string& source) {
  std::string out;
  for (std::size_t at = 0; at < source.size(); ++at) {
    if (source.compare(at, 2, "//") == 0) at = std::min(source.find('\n', at), source.size() - 1);
    if (source[at] == '"') {
      at = source.find('"', at + 1);
      if (at == std::string::npos) break;
    }
    out += source[at];
  }
  return out;
}

struct Ban {
  const char* name;
  const char* pattern;
  const char* caught;  // an example that must be found
};
void PrintTo(const Ban& row, std::ostream* out) { *out << row.name; }

const Ban bans[] = {
    {"bool_has_no_fixed_size", R"(\b_?[Bb]ool\b)", "bool on;"},
    {"an_enum_type_has_no_fixed_size", R"(\benum\s+\w+)", "enum colour c;"},
    {"a_typedef_of_an_enum_is_an_enum", R"(\btypedef\s+enum\b)", "typedef enum { A } colour;"},
    {"long_differs_between_machines", R"(\blong\b)", "unsigned long n;"},
    {"plain_int_and_short_hide_their_size", R"(\b(int|short|unsigned|float)\b)", "int n;"},
    {"time_and_file_types_belong_to_the_system",
     R"(\b(time_t|off_t|ssize_t|wchar_t|FILE|va_list|timespec)\b)", "time_t when;"},
    {"a_bit_field_has_no_fixed_place", R"(\w\s*:\s*\d+\s*[;,])", "uint32_t flag : 1;"},
    {"no_padding_kept_for_later", R"(\b(padding|future)\w*\b)", "void* future[4];"},
};

std::vector<std::filesystem::path> headers() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{MORTISE_SDK_INCLUDE})
    if (entry.path().extension() == ".h") out.push_back(entry.path());
  return out;
}

class Banned : public testing::TestWithParam<Ban> {};

TEST_P(Banned, is_in_no_header) {
  const std::regex pattern{GetParam().pattern};
  ASSERT_TRUE(std::regex_search(code_of(GetParam().caught), pattern)) << "the pattern finds its own example";
  ASSERT_GT(headers().size(), 20u);
  for (const auto& path : headers()) {
    std::stringstream source;
    source << std::ifstream{path}.rdbuf();
    std::istringstream code{code_of(source.str())};
    std::string line;
    while (std::getline(code, line)) EXPECT_FALSE(std::regex_search(line, pattern)) << path << ": " << line;
  }
}

INSTANTIATE_TEST_SUITE_P(Headers, Banned, testing::ValuesIn(bans),
                         [](const auto& row) { return row.param.name; });

TEST(Headers, a_ban_looks_at_code_and_not_at_comments) {
  EXPECT_EQ(code_of("a; // bool\nb; \"long\"\n"), "a; \nb; \"\n");
}

extern "C" int mortise_layout_has_works(void);

TEST(Headers, a_struct_cut_before_a_field_does_not_have_it) { EXPECT_EQ(mortise_layout_has_works(), 1); }

}  // namespace
