// Words of a command line as arguments: by order and by name, as their schema types them, with its defaults.
#include "host/arguments.hpp"

#include <gtest/gtest.h>

namespace mortise::host {
namespace {

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false, "required": ["category", "level"],
  "definitions": {"level": {"enum": ["debug", "info"]}},
  "properties": {
    "category": {"type": "string", "maxLength": 20, "description": "whose lines"},
    "level": {"$ref": "#/definitions/level"},
    "for": {"type": "string", "default": "10m"},
    "limit": {"type": ["integer", "string"], "default": 3},
    "share": {"type": "number"},
    "quiet": {"type": "boolean"},
    "sinks": {"type": "array", "items": {"type": "string"}}
  }})";

// The arguments as JSON, or what is said instead.
std::string read(std::vector<std::string> words, std::map<std::string, std::string> options = {},
                 const char* against = schema) {
  const auto read =
      read_arguments(against, {"log", "level", std::move(words), std::move(options)}, "/p/log.so");
  return read ? read->to_json() : read.error().text + " | " + read.error().remedy;
}

TEST(Arguments, are_given_in_order_or_by_name) {
  const std::string meant = R"({"category":"auth","level":"debug","for":"5m","limit":3})";
  EXPECT_EQ(read({"auth", "debug", "5m"}), meant);
  EXPECT_EQ(read({"category=auth", "level=debug", "for=5m"}), meant);
  EXPECT_EQ(read({"auth", "for=5m", "debug"}), meant) << "a name takes no place in the order";
  EXPECT_NE(read({"auth"}, {{"level", "debug"}, {"for", "5m"}}).find(R"("level":"debug")"),
            std::string::npos);
}

TEST(Arguments, become_what_the_schema_asks_for) {
  EXPECT_EQ(
      read({"12", "debug", "limit=12", "share=0.5", "quiet=true", R"(sinks=["a","b"])"}),
      R"({"category":"12","level":"debug","limit":12,"share":0.5,"quiet":true,"sinks":["a","b"],"for":"10m"})");
  EXPECT_NE(read({"auth", "debug", "limit=many"}).find(R"("limit":"many")"), std::string::npos);
  EXPECT_NE(read({"auth", "debug"}, {{"quiet", ""}}).find(R"("quiet":true)"), std::string::npos);
}

TEST(Arguments, may_hold_what_looks_like_a_name) {
  EXPECT_NE(read({"/a=b", "debug"}).find(R"("category":"/a=b")"), std::string::npos);
  EXPECT_NE(read({"category=a=b", "debug"}).find(R"("category":"a=b")"), std::string::npos);
  EXPECT_NE(read({"A=b", "debug"}).find(R"("category":"A=b")"), std::string::npos);
}

TEST(Arguments, that_are_wrong_say_what_would_be_right) {
  const std::string usage =
      "write: mortise ctl log level CATEGORY LEVEL [for=10m] [limit=3] [share=…] [quiet=…] [sinks=…]";
  EXPECT_EQ(read({}), "CATEGORY is missing | " + usage);
  EXPECT_EQ(read({"auth"}), "LEVEL is missing | " + usage);
  EXPECT_EQ(read({"auth", "loud"}), "level: \"loud\" is none of debug, info | " + usage);
  EXPECT_EQ(read({"auth", "debug", "fro=5m"}), "level has no argument \"fro\" (fro=) | did you mean for=?");
  EXPECT_EQ(read({"auth", "debug"}, {{"fro", "5m"}}),
            "level has no argument \"fro\" (--fro) | did you mean for=?");
  EXPECT_EQ(read({"auth", "level=info", "5m", "7", "0.5", "true", "[]", "more"}),
            "level has no place for \"more\" | " + usage);
  EXPECT_EQ(read({"auth", "category=x", "debug"}).substr(0, 29), "level: \"auth\" is none of debu");
  EXPECT_EQ(read({"for=1m", "auth", "debug"}, {{"for", "2m"}}), "for is given twice | " + usage);
  EXPECT_EQ(read({"auth", "debug", "quiet=perhaps"}),
            "quiet: this is a text, it must be true or false | " + usage);
  EXPECT_EQ(read({std::string(21, 'x'), "debug"}).substr(0, 10), "category: ");
}

TEST(Arguments, of_a_verb_that_takes_none) {
  EXPECT_EQ(read({}, {}, ""), "{}");
  EXPECT_EQ(read({"x"}, {}, ""), "level has no place for \"x\" | write: mortise ctl log level");
  EXPECT_EQ(read({}, {{"x", ""}}, ""), "level has no argument \"x\" (--x) | write: mortise ctl log level");
}

TEST(Arguments, deeper_than_anybody_means_stay_a_text) {
  const std::string deep = std::string(50'000, '[') + std::string(50'000, ']');
  EXPECT_EQ(read({"auth", "debug", "sinks=" + deep}).substr(0, 49),
            "sinks: this is a text, it must be a list | write:");
}

TEST(Arguments, can_be_shown) {
  const auto rows = arguments_of(schema);
  ASSERT_EQ(rows.size(), 7u);
  EXPECT_EQ(rows[0].name + "|" + rows[0].otherwise + "|" + rows[0].description,
            "category|must be given|whose lines");
  EXPECT_EQ(rows[2].otherwise, "10m");
  EXPECT_EQ(usage_of(""), "");
}

}  // namespace
}  // namespace mortise::host
