// Which lines the sinks ask for, and what settings are refused.
#include "settings.hpp"

#include <gtest/gtest.h>

#include <mortise/plugin.hpp>
#include <set>
#include <string>

#include "sdk/fake_host.hpp"

namespace mortise::log {
namespace {

using test::Json;

std::vector<SinkSettings> settings_of(const char* json) {
  static test::FakeHost fake;
  const detail::services services{fake.raw()};
  const Json tree = Json::parse(json);
  return read_settings(config{services, test::node(tree)}, "/state");
}

// "category:lowest level", "*" for all that are not named, "-" for none.
std::set<std::string> wished(const char* json) {
  std::set<std::string> out;
  for (const attach& wish : wishes_of(settings_of(json)))
    out.insert((wish.filters.empty() ? "*" : wish.filters[0]) + ":" +
               (wish.kinds[0] == MORTISE_SILENT ? "-" : std::string{level_name(wish.kinds[0])}));
  return out;
}

struct Wish {
  const char* name;
  const char* config;
  std::set<std::string> wished;
};
void PrintTo(const Wish& row, std::ostream* out) { *out << row.name; }

class Wishes : public testing::TestWithParam<Wish> {};
TEST_P(Wishes, are_the_lowest_of_all_sinks) { EXPECT_EQ(wished(GetParam().config), GetParam().wished); }

INSTANTIATE_TEST_SUITE_P(
    Settings, Wishes,
    testing::ValuesIn<Wish>({
        {"info_and_no_messages_unless_asked",
         R"({"sinks": [{"type": "console"}]})",
         {"*:info", "messages:-"}},
        {"messages_when_named",
         R"({"sinks": [{"type": "console", "categories": {"messages": "info"}}]})",
         {"*:info", "messages:info"}},
        {"messages_of_one_sink_of_two",
         R"({"sinks": [{"type": "console"}, {"type": "file", "path": "x", "categories": {"messages": "info"}}]})",
         {"*:info", "messages:info"}},
        {"the_lower_level_of_two",
         R"({"sinks": [{"type": "console", "level": "error"}, {"type": "file", "path": "x", "level": "debug"}]})",
         {"*:debug", "messages:-"}},
        {"a_category_one_sink_names_and_the_other_wants_anyway",
         R"({"sinks": [{"type": "console", "categories": {"auth": "error"}}, {"type": "file", "path": "x"}]})",
         {"*:info", "auth:info", "messages:-"}},
        {"all_off_but_one",
         R"({"sinks": [{"type": "console", "level": "off", "categories": {"auth": "debug"}}]})",
         {"*:-", "auth:debug", "messages:-"}},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Settings, begin_relative_paths_at_the_state_folder) {
  const auto settings = settings_of(R"({"sinks": [{"type": "file", "path": "logs/../m.log"},
                                                  {"type": "file", "path": "/var/log/m.json", "format": "json"}]})");
  EXPECT_EQ(settings[0].path, "/state/m.log");
  EXPECT_EQ(settings[0].format, Format::text);
  EXPECT_EQ(settings[1].path, "/var/log/m.json");
  EXPECT_EQ(settings[1].format, Format::json);
}

struct Refusal {
  const char* name;
  const char* config;
  const char* why;
};
void PrintTo(const Refusal& row, std::ostream* out) { *out << row.name; }

class Refused : public testing::TestWithParam<Refusal> {};
TEST_P(Refused, says_why) {
  try {
    settings_of(GetParam().config);
    FAIL() << "was accepted";
  } catch (const finding& found) {
    EXPECT_STREQ(found.what(), GetParam().why);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Settings, Refused,
    testing::ValuesIn<Refusal>({
        {"a_file_without_a_path", R"({"sinks": [{"type": "file"}]})", "is missing"},
        {"a_console_with_a_path", R"({"sinks": [{"type": "console", "path": "x"}]})",
         "a console has no path"},
        {"two_consoles", R"({"sinks": [{"type": "console"}, {"type": "console"}]})", "a second console"},
        {"one_file_twice", R"({"sinks": [{"type": "file", "path": "x"}, {"type": "file", "path": "./x"}]})",
         "writes the same file as another sink"},
        {"a_level_that_is_none", R"({"sinks": [{"type": "console", "level": "loud"}]})", "is not a level"},
        {"no_sink", R"({"sinks": []})", "names no sink"},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace mortise::log
