// Classes the store plugin cannot give are refused where they were written.
#include "config/strength.hpp"

#include "row.hpp"

namespace mortise::config {
namespace {

constexpr const char* three_strengths =
    "kernel:\n"
    "  session: {store: written}\n"
    "  acknowledge:\n"
    "    - {topics: [a], after: memory}\n"
    "    - {topics: [b], after: written}\n"
    "    - {topics: [c], after: synced}\n"
    "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n";

struct StrengthRow {
  const char* name;
  Durability strongest;
  const char* told;
};

class Strength : public testing::TestWithParam<StrengthRow> {};

TEST_P(Strength, is_asked_for_only_where_it_can_be_given) {
  const auto reading = reading_of(three_strengths);
  ASSERT_EQ(texts(reading.findings), "");
  EXPECT_EQ(texts(stronger_than(GetParam().strongest, reading.settings)), GetParam().told);
}

INSTANTIATE_TEST_SUITE_P(strength, Strength,
                         testing::ValuesIn(std::vector<StrengthRow>{
                             {"a_store_that_can_all", Durability::synced, ""},
                             {"a_store_that_cannot_sync", Durability::written,
                              "mortise.yaml:6:28  kernel/acknowledge/2/after: \"synced\" is more than the "
                              "store plugin offers, which is "
                              "\"written\"; write written\n"},
                             {"no_store", Durability::memory,
                              "mortise.yaml:2:20  kernel/session/store: \"written\" needs a store plugin, "
                              "and none is listed; list one under "
                              "plugins, such as store-sqlite, or write memory\n"
                              "mortise.yaml:5:28  kernel/acknowledge/1/after: \"written\" needs a store "
                              "plugin, and none is listed; list one "
                              "under plugins, such as store-sqlite, or write memory\n"
                              "mortise.yaml:6:28  kernel/acknowledge/2/after: \"synced\" needs a store "
                              "plugin, and none is listed; list one "
                              "under plugins, such as store-sqlite, or write memory\n"},
                         }),
                         row_name<StrengthRow>);

TEST(strength, what_is_not_said_asks_for_nothing) {
  EXPECT_TRUE(stronger_than(Durability::memory, reading_of(one_listener).settings).empty());
}

}  // namespace
}  // namespace mortise::config
