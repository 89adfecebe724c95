// The plugin through its C functions: start, lines, reload.
#include "plugin.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "event.hpp"
#include "testkit/driven.hpp"

namespace mortise::test {
namespace {

namespace fs = std::filesystem;
using log::Event;
using log::Plugin;
using Tables = detail::tables<Plugin>;

class LogPlugin : public testing::Test {
 protected:
  LogPlugin() {
    std::string name = (fs::temp_directory_path() / "mortise-log-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~LogPlugin() override { fs::remove_all(folder_); }

  std::string content(const char* name) const {
    std::ifstream in{folder_ / name};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  static void say(Driven<Plugin>& driven, const char* text) {
    const Event event{.text = text};
    const mortise_log_event_t raw = event.raw();
    const mortise_log_event_t* const list[] = {&raw};
    Tables::log_sink_table.write(driven.self, list, 1);
  }

  fs::path folder_;
  const Json config_ = Json::parse(R"({"sinks": [{"type": "file", "path": "a.log"}]})");
};

TEST_F(LogPlugin, opens_nothing_before_it_is_started) {
  Driven<Plugin> driven{config_, folder_.string()};
  EXPECT_EQ(driven.configured, MORTISE_OK);
  EXPECT_FALSE(fs::exists(folder_ / "a.log"));
  EXPECT_EQ(driven.start(), MORTISE_ALLOW);
  EXPECT_TRUE(fs::exists(folder_ / "a.log"));
}

TEST_F(LogPlugin, asks_for_no_lines_about_messages_unless_a_sink_wants_them) {
  Driven<Plugin> driven{config_, folder_.string()};
  driven.start();
  ASSERT_EQ(driven.host.attached.size(), 1u);
  EXPECT_EQ(driven.host.attached[0].filters, std::vector<std::string>{"messages"});
  EXPECT_EQ(driven.host.attached[0].kinds,
            (std::vector<std::uint16_t>{MORTISE_INFO, MORTISE_NOTICE, MORTISE_WARNING, MORTISE_ERROR}));
}

TEST_F(LogPlugin, reopens_its_files_at_a_reload) {
  Driven<Plugin> driven{config_, folder_.string()};
  driven.start();
  say(driven, "first");
  fs::rename(folder_ / "a.log", folder_ / "a.log.1");
  say(driven, "second");
  void* plan = nullptr;
  ASSERT_EQ(Tables::reload_table.prepare(driven.self, node(config_), driven.host.report(), &plan),
            MORTISE_OK);
  Tables::reload_table.commit(driven.self, plan);
  say(driven, "third");
  Tables::log_sink_table.flush(driven.self);
  EXPECT_NE(content("a.log.1").find("second"), std::string::npos);
  EXPECT_EQ(content("a.log").find("second"), std::string::npos);
  EXPECT_NE(content("a.log").find("third"), std::string::npos);
}

TEST_F(LogPlugin, keeps_what_it_has_when_new_settings_cannot_be_opened) {
  Driven<Plugin> driven{config_, folder_.string()};
  driven.start();
  void* plan = nullptr;
  const Json bad = Json::parse(R"({"sinks": [{"type": "file", "path": "none/a.log"}]})");
  EXPECT_EQ(Tables::reload_table.prepare(driven.self, node(bad), driven.host.report(), &plan),
            MORTISE_E_INVALID);
  ASSERT_EQ(driven.host.findings.size(), 1u);
  EXPECT_TRUE(driven.host.findings[0].starts_with("/sinks/0/path|cannot write ")) << driven.host.findings[0];
  say(driven, "still here");
  EXPECT_NE(content("a.log").find("still here"), std::string::npos);
}

TEST_F(LogPlugin, tells_of_repeated_lines_by_a_timer) {
  Driven<Plugin> driven{config_, folder_.string()};
  driven.start();
  for (int i = 0; i < 12; ++i) say(driven, "again");
  EXPECT_EQ(content("a.log").find("more"), std::string::npos);
  driven.host.ring_timers();
  EXPECT_NE(content("a.log").find("again … 2 times more in 1 s"), std::string::npos) << content("a.log");
}

TEST_F(LogPlugin, takes_over_new_settings_and_asks_the_host_anew) {
  Driven<Plugin> driven{config_, folder_.string()};
  driven.start();
  void* plan = nullptr;
  const Json more = Json::parse(
      R"({"sinks": [{"type": "file", "path": "b.log", "level": "warning",
                     "categories": {"messages": "info", "auth": "debug"}}]})");
  ASSERT_EQ(Tables::reload_table.prepare(driven.self, node(more), driven.host.report(), &plan), MORTISE_OK);
  Tables::reload_table.commit(driven.self, plan);
  ASSERT_EQ(driven.host.attached.size(), 1u);
  EXPECT_EQ(driven.host.attached[0].kinds.front(), MORTISE_DEBUG);
  EXPECT_TRUE(driven.host.attached[0].filters.empty());
  ASSERT_EQ(Tables::reload_table.prepare(driven.self, node(config_), driven.host.report(), &plan),
            MORTISE_OK);
  Tables::reload_table.commit(driven.self, plan);
  EXPECT_EQ(driven.host.attached[0].kinds.front(), MORTISE_INFO);
  EXPECT_EQ(driven.host.attached[0].filters, std::vector<std::string>{"messages"});
  EXPECT_TRUE(driven.host.faults.empty());
}

TEST_F(LogPlugin, does_not_start_without_its_file) {
  const Json bad = Json::parse(R"({"sinks": [{"type": "file", "path": "none/a.log"}]})");
  Driven<Plugin> driven{bad, folder_.string()};
  EXPECT_EQ(driven.start(), MORTISE_DENY);
  EXPECT_EQ(driven.host.findings.size(), 1u);
  EXPECT_TRUE(driven.host.attached.empty());
}

}  // namespace
}  // namespace mortise::test
