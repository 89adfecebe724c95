#include "base/hash.hpp"

#include <gtest/gtest.h>

#include <string>
#include <unordered_set>

namespace mortise::base {
namespace {

struct Vector {
  const char* name;
  HashSeed seed;
  std::string_view text;
  std::uint64_t hash;
};
void PrintTo(const Vector& row, std::ostream* out) { *out << row.text; }
class SipHash13 : public testing::TestWithParam<Vector> {};

TEST_P(SipHash13, is_what_another_implementation_says) {
  EXPECT_EQ(hash(GetParam().seed, GetParam().text), GetParam().hash);
}

// From Python 3.11, which hashes bytes with SipHash-1-3: hash(b"…") under PYTHONHASHSEED 0 (a key of zeros)
// and 42.
constexpr HashSeed zeros{};
constexpr HashSeed of_42{0xdc504fd368cd90af, 0xb920bb9ffe99e9c1};
// clang-format off
INSTANTIATE_TEST_SUITE_P(Hash, SipHash13, testing::ValuesIn(std::vector<Vector>{
    {"one_byte",                        zeros, "a",                   0x407448d2b89b1813},
    {"one_byte_short_of_a_word",        zeros, "1234567",             0xa33d651594fdae81},
    {"a_whole_word",                    zeros, "12345678",            0x3489982430560a87},
    {"two_words_and_a_rest",            zeros, "the quick brown fox", 0x5a17575ad3449cba},
    {"keyed_one_byte",                  of_42, "a",                   0xfe4a47335692551e},
    {"keyed_one_byte_short_of_a_word",  of_42, "1234567",             0xf426c87f0d9890ae},
    {"keyed_a_whole_word",              of_42, "12345678",            0x84eb586ab30cc7f5},
    {"keyed_two_words_and_a_rest",      of_42, "the quick brown fox", 0xb3902a14087b78d7},
}), [](const testing::TestParamInfo<Vector>& row) { return std::string{row.param.name}; });
// clang-format on

TEST(Hash, tells_texts_of_zeros_apart_by_their_length) {
  std::unordered_set<std::uint64_t> seen;
  for (std::size_t size = 0; size < 64; ++size) seen.insert(hash({1, 2}, std::string(size, '\0')));
  EXPECT_EQ(seen.size(), 64U);
}

TEST(Hash, spreads_client_identifiers_evenly) {
  constexpr int loops = 3, clients = 30'000;
  int on_loop[loops] = {};
  for (int i = 0; i < clients; ++i) ++on_loop[hash({1, 2}, "client-" + std::to_string(i)) % loops];
  for (const int count : on_loop) EXPECT_NEAR(count, clients / loops, clients / loops / 20);
}

}  // namespace
}  // namespace mortise::base
