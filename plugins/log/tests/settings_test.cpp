// Which lines the sinks ask for, and what settings are refused.
#include "settings.hpp"

#include <gtest/gtest.h>

#include <mortise/plugin.hpp>
#include <string>
#include <vector>

#include "testkit/fake_host.hpp"

namespace mortise::log {
namespace {

using test::Json;

Settings all_settings_of(const char* json) {
  static test::FakeHost fake;
  const detail::services services{fake.raw()};
  const Json tree = Json::parse(json);
  return read_settings(config{services, test::node(tree)}, "/state");
}
std::vector<SinkSettings> settings_of(const char* json) { return all_settings_of(json).sinks; }

struct Wish {
  const char* name;
  const char* config;
  std::string lowest;
  std::vector<std::string> unwanted;
};
void PrintTo(const Wish& row, std::ostream* out) { *out << row.name; }

class Wishes : public testing::TestWithParam<Wish> {};
TEST_P(Wishes, are_those_of_all_sinks_together) {
  const attach wish = wishes_of(settings_of(GetParam().config));
  EXPECT_EQ(level_name(wish.kinds.front()), GetParam().lowest);
  EXPECT_EQ(wish.kinds.back(), MORTISE_ERROR);
  EXPECT_EQ(wish.filters, GetParam().unwanted);
}

INSTANTIATE_TEST_SUITE_P(
    Settings, Wishes,
    testing::ValuesIn<Wish>({
        {"info_and_no_messages_unless_asked", R"({"sinks": [{"type": "console"}]})", "info", {"messages"}},
        {"messages_when_named",
         R"({"sinks": [{"type": "console", "categories": {"messages": "info"}}]})",
         "info",
         {}},
        {"messages_of_one_sink_of_two",
         R"({"sinks": [{"type": "console"},)"
         R"( {"type": "file", "path": "x", "categories": {"messages": "info"}}]})",
         "info",
         {}},
        {"the_lower_level_of_two",
         R"({"sinks": [{"type": "console", "level": "error"},)"
         R"( {"type": "file", "path": "x", "level": "debug"}]})",
         "debug",
         {"messages"}},
        {"a_category_one_sink_leaves_out_and_the_other_does_not",
         R"({"sinks": [{"type": "console", "categories": {"auth": "off"}}, {"type": "file", "path": "x"}]})",
         "info",
         {"messages"}},
        {"a_category_all_leave_out",
         R"({"sinks": [{"type": "console", "categories": {"auth": "off"}}]})",
         "info",
         {"auth", "messages"}},
        {"a_category_below_the_rest",
         R"({"sinks": [{"type": "console", "level": "error", "categories": {"auth": "debug"}}]})",
         "debug",
         {"messages"}},
        {"an_audit_alone_asks_for_no_messages",
         R"({"sinks": [{"type": "console", "audit": true}]})",
         "info",
         {"messages"}},
        {"an_audit_beside_a_sink_for_errors",
         R"({"sinks": [{"type": "console", "level": "error"}, {"type": "file", "path": "x", "audit": true}]})",
         "info",
         {"messages"}},
        {"an_audit_has_the_categories_another_leaves_out",
         R"({"sinks": [{"type": "console", "categories": {"auth": "off", "store": "off"}},)"
         R"( {"type": "file", "path": "x", "audit": true}]})",
         "info",
         {"messages"}},
        {"all_off", R"({"sinks": [{"type": "console", "level": "off"}]})", "error", {"messages"}},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Settings, begin_relative_paths_at_the_state_folder) {
  const auto settings = settings_of(R"({"sinks": [
      {"type": "file", "path": "logs/../m.log"},
      {"type": "file", "path": "/var/log/m.json", "format": "json"}]})");
  EXPECT_EQ(settings[0].path, "/state/m.log");
  EXPECT_EQ(settings[0].format, Format::text);
  EXPECT_EQ(settings[1].path, "/var/log/m.json");
  EXPECT_EQ(settings[1].format, Format::json);
}

TEST(Settings, of_a_rotation_have_defaults_that_bound_it) {
  const auto settings = settings_of(R"({"sinks": [
      {"type": "file", "path": "a"},
      {"type": "file", "path": "b", "rotate": {}},
      {"type": "file", "path": "c", "rotate": {"size": "1024KiB", "age": "86400s", "keep": 0}}]})");
  EXPECT_FALSE(settings[0].rotate);
  EXPECT_EQ(settings[1].rotate->size_bytes, 10u << 20);
  EXPECT_EQ(settings[1].rotate->age.count(), 0);
  EXPECT_EQ(settings[1].rotate->keep, 5u);
  EXPECT_EQ(settings[2].rotate->size_bytes, 1u << 20);
  EXPECT_EQ(settings[2].rotate->age, std::chrono::hours{24});
  EXPECT_EQ(settings[2].rotate->keep, 0u);
}

TEST(Settings, of_repeats_have_defaults_and_can_be_switched_off) {
  const auto absent = all_settings_of(R"({"sinks": [{"type": "console"}]})").repeats;
  ASSERT_TRUE(absent);
  EXPECT_EQ(absent->first, 10u);
  EXPECT_EQ(absent->within, std::chrono::seconds{60});
  const auto given =
      all_settings_of(R"({"repeats": {"first": 1, "within": "5s"}, "sinks": [{"type": "console"}]})").repeats;
  ASSERT_TRUE(given);
  EXPECT_EQ(given->first, 1u);
  EXPECT_EQ(given->within, std::chrono::seconds{5});
  EXPECT_FALSE(all_settings_of(R"({"repeats": {"within": "0s"}, "sinks": [{"type": "console"}]})").repeats);
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
         "writes to the same place as another sink"},
        {"a_level_that_is_none", R"({"sinks": [{"type": "console", "level": "loud"}]})", "is not a level"},
        {"a_console_that_is_rotated", R"({"sinks": [{"type": "console", "rotate": {}}]})",
         "a console has no rotate"},
        {"files_too_small", R"({"sinks": [{"type": "file", "path": "x", "rotate": {"size": "63KiB"}}]})",
         "is not between 64KiB and 1024GiB"},
        {"files_too_large",
         R"({"sinks": [{"type": "file", "path": "x", "rotate": {"size": "1074790400KiB"}}]})",
         "is not between 64KiB and 1024GiB"},
        {"an_age_too_short", R"({"sinks": [{"type": "file", "path": "x", "rotate": {"age": "59s"}}]})",
         "is less than 1m"},
        {"too_many_files", R"({"sinks": [{"type": "file", "path": "x", "rotate": {"keep": 1001}}]})",
         "is not between 0 and 1000"},
        {"repeats_of_which_not_even_the_first_is_written",
         R"({"repeats": {"first": 0}, "sinks": [{"type": "console"}]})", "is not between 1 and 1000000"},
        {"repeats_that_are_told_too_late",
         R"({"repeats": {"within": "86401s"}, "sinks": [{"type": "console"}]})", "is more than 24h"},
        {"a_type_that_is_none", R"({"sinks": [{"type": "pigeon"}]})", "is not a type"},
        {"a_journal_with_a_format", R"({"sinks": [{"type": "journald", "format": "text"}]})",
         "journald has no format"},
        {"a_file_with_a_facility", R"({"sinks": [{"type": "file", "path": "x", "facility": "user"}]})",
         "a file has no facility"},
        {"a_facility_that_is_none", R"({"sinks": [{"type": "syslog", "facility": "post"}]})",
         "is not a facility"},
        {"an_identity_of_two_words", R"({"sinks": [{"type": "syslog", "ident": "two words"}]})",
         "is not a name"},
        {"an_empty_identity", R"({"sinks": [{"type": "journald", "ident": ""}]})", "is not a name"},
        {"one_socket_twice", R"({"sinks": [{"type": "syslog"}, {"type": "syslog", "ident": "x"}]})",
         "writes to the same place as another sink"},
        {"a_socket_with_too_long_a_path",
         R"({"sinks": [{"type": "syslog", "socket": "/)"
         "123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
         R"(/4567890123456789"}]})",
         "is longer than 107 bytes, the most a socket's path can have"},
        {"an_audit_with_a_level", R"({"sinks": [{"type": "console", "audit": true, "level": "info"}]})",
         "an audit has every event of its own, at every level"},
        {"an_audit_with_categories", R"({"sinks": [{"type": "console", "audit": true, "categories": {}}]})",
         "an audit has every event of its own, at every level"},
        {"no_sink", R"({"sinks": []})", "names no sink"},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace mortise::log
