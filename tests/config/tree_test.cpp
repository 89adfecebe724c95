// The way a JSON pointer takes through a tree.
#include "config/tree.hpp"

#include "config/located_yaml.hpp"
#include "row.hpp"

namespace mortise::config {
namespace {

Tree tree_of(std::string_view text) { return *read_yaml(text, "f.yaml", variables(), ".").tree; }

constexpr const char* sample = "{sinks: [{path: a.log}, {path: b.log}], a/b: 1, m~n: 2, '': 3, '0': 4}";

struct Row {
  const char* name;
  const char* pointer;
  const char* found;    // as JSON; null when nothing is there
  const char* nearest;  // the place of the deepest node on the way
};

class Pointer : public testing::TestWithParam<Row> {};

TEST_P(Pointer, leads_to) {
  const Tree tree = tree_of(sample);
  const Tree* const found = tree.find(GetParam().pointer);
  EXPECT_EQ(found ? found->to_json() : "nothing", GetParam().found ? GetParam().found : "nothing");
  EXPECT_EQ(tree.nearest(GetParam().pointer).where().to_text(), GetParam().nearest);
}

INSTANTIATE_TEST_SUITE_P(tree, Pointer,
                         testing::ValuesIn(std::vector<Row>{
                             {"an_element_of_a_list", "/sinks/1/path", R"("b.log")", "f.yaml:1:32"},
                             {"a_slash_is_escaped", "/a~1b", "1", "f.yaml:1:46"},
                             {"a_tilde_is_escaped", "/m~0n", "2", "f.yaml:1:54"},
                             {"the_empty_key", "/", "3", "f.yaml:1:61"},
                             {"a_number_is_a_key_in_a_map", "/0", "4", "f.yaml:1:69"},
                             {"past_the_end_of_a_list", "/sinks/2", nullptr, "f.yaml:1:9"},
                             {"no_leading_zeros", "/sinks/01", nullptr, "f.yaml:1:9"},
                             {"no_negative_index", "/sinks/-1", nullptr, "f.yaml:1:9"},
                             {"a_missing_key_leads_to_its_map", "/sinks/0/level", nullptr, "f.yaml:1:10"},
                             {"below_a_scalar_is_nothing", "/sinks/0/path/x", nullptr, "f.yaml:1:17"},
                             {"without_a_slash_it_is_no_pointer", "sinks", nullptr, "f.yaml:1:1"},
                         }),
                         row_name<Row>);

TEST(tree, the_empty_pointer_is_the_tree_itself) {
  const Tree tree = tree_of(sample);
  EXPECT_EQ(tree.find(""), &tree);
}

TEST(tree, a_copy_shares_nothing) {
  Tree tree = tree_of("{a: [1]}");
  const Tree copy = tree;
  tree.insert("b", {}, Tree{});
  EXPECT_EQ(copy.to_json(), R"({"a":[1]})");
  EXPECT_EQ(tree.to_json(), R"({"a":[1],"b":null})");
}

TEST(tree, counts_its_nodes_and_floors) {
  const Tree tree = tree_of("{a: [1, {b: 2}], c: 3}");
  EXPECT_EQ(tree.node_count(), 6u);
  EXPECT_EQ(tree.depth(), 4u);
}

}  // namespace
}  // namespace mortise::config
