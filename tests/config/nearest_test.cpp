// Which slips are recognised, and which words are left alone.
#include "config/nearest.hpp"

#include <array>

#include "row.hpp"

namespace mortise::config {
namespace {

constexpr std::array<std::string_view, 5> known{"memory", "packet_size", "stall", "drop_oldest",
                                                "drop_newest"};

struct Row {
  const char* name;
  std::string_view written;
  std::string_view nearest;  // empty: none
};

class Nearest : public testing::TestWithParam<Row> {};

TEST_P(Nearest, is_found) {
  EXPECT_EQ(nearest_name(GetParam().written, known).value_or(""), GetParam().nearest);
}

INSTANTIATE_TEST_SUITE_P(nearest, Nearest,
                         testing::ValuesIn(std::vector<Row>{
                             {"a_letter_too_few", "memry", "memory"},
                             {"a_letter_too_many", "memmory", "memory"},
                             {"a_wrong_letter", "paket_size", "packet_size"},
                             {"swapped_neighbours", "memroy", "memory"},
                             {"a_wrong_case", "MEMORY", "memory"},
                             {"a_beginning_that_fits_one", "mem", "memory"},
                             {"a_beginning_that_fits_two", "drop", ""},
                             {"hyphen_for_underscore", "packet-size", "packet_size"},
                             {"another_word", "stop", ""},
                             {"nothing", "", ""},
                             {"a_novel", "memorymemorymemorymemorymemorymemorymemorymemorymemorymemorymemory",
                              ""},
                         }),
                         row_name<Row>);

}  // namespace
}  // namespace mortise::config
