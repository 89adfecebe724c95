#include "config/difference.hpp"

#include <gtest/gtest.h>

#include "config/settings_reader.hpp"

namespace mortise::config {
namespace {

Settings read(const std::string& text) {
  SettingsReading reading = read_settings_text(text, "/etc/mortise/mortise.yaml", Environment{});
  for (const Finding& finding : reading.findings) ADD_FAILURE() << finding.to_text();
  return std::move(reading.settings);
}

constexpr const char* before = R"(
kernel:
  limits: {connections: 100, packet_size: 1MiB}
  acknowledge: [{topics: ["a/#"], after: written}]
listeners:
  - {name: local, bind: "127.0.0.1:1883"}
  - {name: spare, bind: "127.0.0.1:1884"}
plugins:
  - {name: log, library: log, config: {sinks: [{type: console, level: info}]}}
  - {name: users, library: auth-file, config: {users: users.yaml}}
)";

std::vector<std::string> told(const std::string& after) {
  std::vector<std::string> texts;
  for (const Change& change : difference(read(before), read(after))) texts.push_back(change.to_text());
  return texts;
}

std::string with(std::string_view old, std::string_view replaced) {
  std::string text = before;
  text.replace(text.find(old), old.size(), replaced);
  return text;
}

struct Case {
  const char* name;
  const char* old_text;
  const char* new_text;
  std::vector<std::string> changes;
};

class Differences : public testing::TestWithParam<Case> {};

TEST_P(Differences, are_told_as_people_wrote_them) {
  EXPECT_EQ(told(with(GetParam().old_text, GetParam().new_text)), GetParam().changes);
}

INSTANTIATE_TEST_SUITE_P(
    Difference, Differences,
    testing::Values(
        Case{"nothing", "plugins:", "plugins:", {}}, Case{"another_spelling", "1MiB", "1024KiB", {}},
        Case{"a_limit", "connections: 100", "connections: 200", {"~ kernel/limits/connections: 100 -> 200"}},
        Case{"a_limit_goes_back_to_its_default",
             "connections: 100, ",
             "",
             {"~ kernel/limits/connections: 100 -> 100000"}},
        Case{"no_limit",
             "connections: 100",
             "connections: unlimited",
             {"~ kernel/limits/connections: 100 -> unlimited"}},
        Case{
            "a_class",
            "after: written",
            "after: synced",
            {R"(~ kernel/acknowledge: [{topics: ["a/#"], after: written}] -> [{topics: ["a/#"], after: synced}])"}},
        Case{"classes_go",
             "  acknowledge: [{topics: [\"a/#\"], after: written}]\n",
             "",
             {R"(- kernel/acknowledge: [{topics: ["a/#"], after: written}])"}},
        Case{"an_address",
             "127.0.0.1:1884",
             "0.0.0.0:1884",
             {"~ listeners/spare/bind: 127.0.0.1:1884 -> 0.0.0.0:1884"}},
        Case{"a_section",
             "name: spare,",
             "name: spare, limits: {connections: 5},",
             {"~ listeners/spare/limits/connections: unlimited -> 5"}},
        Case{"a_listener_comes",
             "plugins:\n",
             "  - {name: more, bind: \"127.0.0.1:1885\"}\nplugins:\n",
             {"+ listeners/more: 127.0.0.1:1885"}},
        Case{"a_listener_goes",
             "  - {name: spare, bind: \"127.0.0.1:1884\"}\n",
             "",
             {"- listeners/spare: 127.0.0.1:1884"}},
        Case{"a_listener_has_another_name",
             "name: spare",
             "name: other",
             {"- listeners/spare: 127.0.0.1:1884", "+ listeners/other: 127.0.0.1:1884"}},
        Case{"listeners_change_places",
             "  - {name: local, bind: \"127.0.0.1:1883\"}\n  - {name: spare, bind: \"127.0.0.1:1884\"}\n",
             "  - {name: spare, bind: \"127.0.0.1:1884\"}\n  - {name: local, bind: \"127.0.0.1:1883\"}\n",
             {}},
        Case{"a_plugin_comes",
             "  - {name: users",
             "  - {name: topics, library: sys-topics}\n  - {name: users",
             {"+ plugins/topics: sys-topics"}},
        Case{"plugins_change_places",
             "  - {name: log, library: log, config: {sinks: [{type: console, level: info}]}}\n"
             "  - {name: users, library: auth-file, config: {users: users.yaml}}\n",
             "  - {name: users, library: auth-file, config: {users: users.yaml}}\n"
             "  - {name: log, library: log, config: {sinks: [{type: console, level: info}]}}\n",
             {"~ plugins: log, users -> users, log"}},
        // What a plugin's settings hold may be a password.
        Case{"a_setting_of_a_plugin", "level: info", "level: debug", {"~ plugins/log/config/sinks/0/level"}},
        Case{"a_new_setting_of_a_plugin",
             "users: users.yaml",
             "users: users.yaml, access: a.yaml",
             {"+ plugins/users/config/access"}},
        Case{"a_setting_of_a_plugin_goes",
             "type: console, level: info",
             "type: console",
             {"- plugins/log/config/sinks/0/level"}},
        Case{"a_hook",
             "library: auth-file,",
             "library: auth-file, hooks: {authorise: {priority: 3}},",
             {"+ plugins/users/hooks/authorise/priority: 3"}},
        Case{"grants",
             "library: auth-file,",
             "library: auth-file, grants: [a, b],",
             {R"(+ plugins/users/grants: ["a", "b"])"}}),
    [](const auto& one) { return std::string{one.param.name}; });

}  // namespace
}  // namespace mortise::config
