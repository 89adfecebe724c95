#include "base/slot_map.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace mortise::base {
namespace {

using Map = SlotMap<std::string>;

TEST(SlotMap, a_handle_of_nothing_finds_nothing) {
  Map map;
  EXPECT_EQ(map.find({}), nullptr);
  EXPECT_FALSE(Map::Key{});
  map.emplace("a");
  EXPECT_EQ(map.find({}), nullptr);
}

TEST(SlotMap, a_stale_handle_does_not_find_the_next_tenant) {
  Map map;
  const auto first = map.emplace("first");
  map.erase(first);
  const auto second = map.emplace("second");
  EXPECT_EQ(second.index, first.index);
  EXPECT_EQ(map.find(first), nullptr);
  EXPECT_EQ(*map.find(second), "second");
}

TEST(SlotMap, a_value_does_not_move_while_others_come_and_go) {
  Map map;
  const auto key = map.emplace("here");
  const std::string* address = map.find(key);
  std::vector<Map::Key> others;
  for (int i = 0; i < 1000; ++i) others.push_back(map.emplace("x"));
  for (const auto other : others) map.erase(other);
  EXPECT_EQ(map.find(key), address);
}

TEST(SlotMap, a_handle_survives_its_way_through_a_number) {
  Map map;
  map.erase(map.emplace("gone"));
  const auto key = map.emplace("here");
  EXPECT_EQ(Map::Key::from(key.value()), key);
}

TEST(SlotMap, each_lets_the_visitor_erase_what_it_is_shown) {
  SlotMap<int> map;
  for (int i = 0; i < 10; ++i) map.emplace(i);
  map.each([&](SlotMap<int>::Key key, int value) {
    if (value % 2 == 0) map.erase(key);
  });
  int sum = 0;
  map.each([&](SlotMap<int>::Key, int value) { sum += value; });
  EXPECT_EQ(map.size(), 5U);
  EXPECT_EQ(sum, 1 + 3 + 5 + 7 + 9);
}

TEST(SlotMap, shows_some_at_a_time_and_where_to_go_on) {
  SlotMap<int> map;
  for (int i = 0; i < 10; ++i) map.emplace(i);
  std::vector<int> seen;
  std::vector<std::uint32_t> places;
  std::uint32_t from = 0;
  do {
    from = map.some(from, 4, [&](SlotMap<int>::Key, int value) { seen.push_back(value); });
    places.push_back(from);
  } while (from != 0);
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(places, (std::vector<std::uint32_t>{4, 8, 0}));
  EXPECT_EQ(map.some(10, 4, [](SlotMap<int>::Key, int) { FAIL(); }), 0U);
  EXPECT_EQ(map.some(4'000'000'000, 500'000'000, [](SlotMap<int>::Key, int) { FAIL(); }), 0U);
  EXPECT_EQ(SlotMap<int>{}.some(0, 4, [](SlotMap<int>::Key, int) { FAIL(); }), 0U);
}

TEST(SlotMap, does_what_a_map_does) {
  std::mt19937 random{1};
  SlotMap<int> map;
  std::map<std::uint64_t, int> model;
  std::vector<SlotMap<int>::Key> all;
  for (int step = 0; step < 50'000; ++step) {
    if (all.empty() || random() % 2 == 0) {
      const auto key = map.emplace(step);
      ASSERT_TRUE(model.emplace(key.value(), step).second) << "a handle was given twice";
      all.push_back(key);
    } else {
      const auto key = all[random() % all.size()];
      const auto known = model.find(key.value());
      const int* found = map.find(key);
      ASSERT_EQ(found != nullptr, known != model.end());
      if (!found) continue;
      ASSERT_EQ(*found, known->second);
      map.erase(key);
      model.erase(known);
    }
    ASSERT_EQ(map.size(), model.size());
  }
}

}  // namespace
}  // namespace mortise::base
