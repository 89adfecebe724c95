// Levels and clients for a time: what is written, what the host is asked for, and that it ends by itself.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "event.hpp"
#include "plugin.hpp"
#include "testkit/driven.hpp"

namespace mortise::test {
namespace {

namespace fs = std::filesystem;
using log::Event;
using log::Plugin;
using Tables = detail::tables<Plugin>;

constexpr std::uint64_t second = 1'000'000'000;

class LogVerbs : public testing::Test {
 protected:
  LogVerbs() {
    std::string name = (fs::temp_directory_path() / "mortise-log-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    driven_.emplace(Json::parse(R"({"sinks": [
      {"type": "file", "path": "a.log", "level": "warning", "categories": {"auth": "info"}},
      {"type": "file", "path": "audit.log", "audit": true},
      {"type": "file", "path": "b.log"}]})"),
                    folder_.string());
    driven_->start();
  }
  ~LogVerbs() override {
    driven_.reset();
    fs::remove_all(folder_);
  }

  // What a verb is answered with.
  Said run(std::string_view verb, const Json& arguments = Json::object()) {
    driven_->run(verb, arguments, "uid 9");
    return driven_->host.replies.back();
  }
  Json levels() { return Json::parse(run("levels").data); }
  // "debug" or "warning ends_in_s" for a category of a sink.
  std::string level_of(int sink, const std::string& category) {
    for (const Json& row : levels())
      if (row["sink"] == sink && row["category"] == category)
        return row["level"].get<std::string>() +
               (row.contains("ends_in_s") ? " " + row["ends_in_s"].dump() : "");
    return "not there";
  }
  void say(const Event& event) {
    const mortise_log_event_t raw = event.raw();
    const mortise_log_event_t* const list[] = {&raw};
    Tables::log_sink_table.write(driven_->self, list, 1);
  }
  bool has(const char* file, const std::string& part) {
    Tables::log_sink_table.flush(driven_->self);
    std::ifstream in{folder_ / file};
    return std::string{std::istreambuf_iterator<char>{in}, {}}.find(part) != std::string::npos;
  }
  const Attached& wish() { return driven_->host.attached.at(0); }
  FakeHost& host() { return driven_->host; }
  void pass(std::uint64_t seconds) {
    host().monotonic_ns += seconds * second;
    host().ring_timers();
  }

  fs::path folder_;
  std::optional<Driven<Plugin>> driven_;
};

TEST_F(LogVerbs, show_what_each_sink_writes) {
  EXPECT_EQ(level_of(1, "all others"), "warning");
  EXPECT_EQ(level_of(1, "auth"), "info");
  EXPECT_EQ(level_of(1, "messages"), "off");
  EXPECT_EQ(level_of(2, "audit"), "every event of it");
  EXPECT_EQ(level_of(3, "all others"), "info");
  EXPECT_EQ(levels()[0]["name"], (folder_ / "a.log").string());
}

TEST_F(LogVerbs, change_a_level_for_a_time_and_no_longer) {
  const Attached before = wish();
  const Event line{.level = MORTISE_DEBUG, .source = "store", .event = "store.detail", .text = "in depth"};
  say(line);
  EXPECT_FALSE(has("a.log", "in depth"));
  EXPECT_EQ(run("level", {{"category", "store"}, {"level", "debug"}, {"for", "30s"}}).data,
            R"({"category":"store","level":"debug","sink":"all","ends_in_s":30})");
  EXPECT_EQ(wish().kinds.front(), MORTISE_DEBUG) << "the host has to build such lines now";
  say(line);
  EXPECT_TRUE(has("a.log", "in depth"));
  EXPECT_TRUE(has("b.log", "in depth"));
  EXPECT_FALSE(has("audit.log", "in depth"));
  EXPECT_EQ(level_of(1, "store"), "debug 30");
  pass(29);
  EXPECT_EQ(level_of(1, "store"), "debug 1");
  pass(1);
  EXPECT_EQ(level_of(1, "store"), "not there");
  EXPECT_EQ(wish().kinds, before.kinds) << "and need not any more";
  EXPECT_EQ(wish().filters, before.filters);
  EXPECT_EQ(host().lines,
            (std::vector<std::string>{"log.level_changed of=store to=debug sink=all seconds=30 by=uid 9",
                                      "log.level_restored of=store sink=all reason=its time is over"}));
}

TEST_F(LogVerbs, say_so_where_no_line_of_a_category_has_come) {
  const auto note = [&](const char* category) {
    return Json::parse(run("level", {{"category", category}, {"level", "debug"}}).data).value("note", "");
  };
  EXPECT_EQ(note("auht"), "no line of \"auht\" has come to this log so far");
  say({.source = "auth", .event = "client.denied", .text = "no"});
  say({.source = "store", .event = "store.opened", .text = "open"});
  EXPECT_EQ(note("auht"), "no line of \"auht\" has come to this log so far, but lines of auth, store");
  EXPECT_EQ(note("auth"), "");
  EXPECT_EQ(note("all"), "");
  EXPECT_EQ(note("messages"), "") << "nobody wants them before they are asked for";
}

TEST_F(LogVerbs, change_one_sink_if_it_is_named) {
  run("level", {{"category", "messages"}, {"level", "info"}, {"for", "1h"}, {"sink", "3"}});
  EXPECT_EQ(level_of(3, "messages"), "info 3600");
  EXPECT_EQ(level_of(1, "messages"), "off");
  EXPECT_TRUE(wish().filters.empty());
  run("level",
      {{"category", "auth"}, {"level", "off"}, {"for", "1h"}, {"sink", (folder_ / "a.log").string()}});
  EXPECT_EQ(level_of(1, "auth"), "off 3600");
  EXPECT_EQ(level_of(3, "auth"), "not there");
}

TEST_F(LogVerbs, change_every_category_but_messages) {
  run("level", {{"category", "all"}, {"level", "debug"}, {"for", "1m"}});
  EXPECT_EQ(level_of(1, "all others"), "debug 60");
  EXPECT_EQ(level_of(1, "auth"), "debug 60");
  EXPECT_EQ(level_of(1, "messages"), "off");
}

TEST_F(LogVerbs, let_the_last_word_about_something_count) {
  run("level", {{"category", "store"}, {"level", "debug"}, {"for", "1m"}});
  run("level", {{"category", "store"}, {"level", "error"}, {"for", "2m"}});
  EXPECT_EQ(level_of(1, "store"), "error 120");
  pass(61);
  EXPECT_EQ(level_of(1, "store"), "error 59");
}

TEST_F(LogVerbs, write_everything_about_a_client) {
  Event line{.level = MORTISE_DEBUG, .source = "messages", .event = "message.published", .text = "told"};
  line.fields = {{"client", "pump-7"}};
  say(line);
  run("client", {{"client", "pump-7"}, {"for", "10m"}, {"sink", "1"}});
  EXPECT_TRUE(wish().kinds.empty()) << "every level";
  EXPECT_TRUE(wish().filters.empty()) << "every category";
  EXPECT_FALSE(has("a.log", "told"));
  say(line);
  EXPECT_TRUE(has("a.log", "told"));
  EXPECT_FALSE(has("b.log", "told"));
  line.fields = {{"client", "pump-8"}};
  line.text = "another";
  say(line);
  EXPECT_FALSE(has("a.log", "another"));
  EXPECT_EQ(level_of(1, "client pump-7"), "everything 600");
  pass(600);
  EXPECT_EQ(wish().filters, std::vector<std::string>{"messages"});
  EXPECT_EQ(host().lines.back(), "log.client_unwatched client=pump-7 sink=" + (folder_ / "a.log").string() +
                                     " reason=its time is over");
}

TEST_F(LogVerbs, count_no_lines_of_a_client_that_is_looked_at) {
  run("client", {{"client", "pump-7"}});
  Event line{.text = "again"};
  line.fields = {{"client", "pump-7"}};
  for (int i = 0; i < 30; ++i) say(line);
  Tables::log_sink_table.flush(driven_->self);
  std::ifstream in{folder_ / "b.log"};
  int lines = 0;
  for (std::string text; std::getline(in, text);) lines += text.find("again") != std::string::npos;
  EXPECT_EQ(lines, 30);
}

TEST_F(LogVerbs, end_at_once_when_they_are_told_to) {
  const Attached before = wish();
  run("level", {{"category", "store"}, {"level", "debug"}});
  run("client", {{"client", "pump-7"}});
  EXPECT_EQ(run("reset").data, R"({"ended":2})");
  EXPECT_EQ(wish().kinds, before.kinds);
  EXPECT_EQ(wish().filters, before.filters);
  EXPECT_EQ(host().lines.size(), 4u);
  EXPECT_EQ(host().lines.back(), "log.client_unwatched client=pump-7 sink=all reason=reset by uid 9");
  EXPECT_EQ(run("reset").data, R"({"ended":0})");
}

TEST_F(LogVerbs, hold_over_a_reload) {
  run("level", {{"category", "store"}, {"level", "debug"}, {"for", "1m"}});
  const Json more = Json::parse(R"({"sinks": [{"type": "file", "path": "c.log", "level": "error"}]})");
  void* plan = nullptr;
  ASSERT_EQ(Tables::reload_table.prepare(driven_->self, node(more), host().report(), &plan), MORTISE_OK);
  Tables::reload_table.commit(driven_->self, plan);
  EXPECT_EQ(level_of(1, "store"), "debug 60");
  EXPECT_EQ(wish().kinds.front(), MORTISE_DEBUG);
  say({.level = MORTISE_DEBUG, .source = "store", .text = "in depth"});
  EXPECT_TRUE(has("c.log", "in depth"));
  pass(60);
  EXPECT_EQ(level_of(1, "store"), "not there");
  EXPECT_EQ(wish().kinds.front(), MORTISE_ERROR);
}

TEST_F(LogVerbs, refuse_what_makes_no_sense) {
  const auto said = [&](const Json& arguments) {
    const Said refused = run("level", arguments);
    EXPECT_EQ(refused.answer, MORTISE_DENY);
    EXPECT_EQ(refused.reason_code, MORTISE_CONTROL_WRONG);
    return refused.reason_string + " | " + refused.remedy;
  };
  EXPECT_EQ(said({{"category", "a"}, {"level", "info"}, {"for", "25h"}}),
            "for: is not between 1s and 24h | write such as for=10m");
  EXPECT_EQ(said({{"category", "a"}, {"level", "info"}, {"for", "0s"}}),
            "for: is not between 1s and 24h | write such as for=10m");
  EXPECT_EQ(said({{"category", "a"}, {"level", "info"}, {"for", "soon"}}).substr(0, 10), "for: is no");
  EXPECT_EQ(said({{"category", "a"}, {"level", "info"}, {"sink", "7"}}),
            "sink: names none of the sinks | use one of 1 (" + (folder_ / "a.log").string() + "), 3 (" +
                (folder_ / "b.log").string() + ")");
  EXPECT_EQ(said({{"category", "a"}, {"level", "info"}, {"sink", "2"}}).substr(0, 17), "sink: is an audit");
  EXPECT_EQ(said({{"category", "a"}, {"level", "loud"}}).substr(0, 21), "level: is not a level");
}

TEST_F(LogVerbs, keep_no_more_than_a_bounded_number) {
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(run("client", {{"client", "c" + std::to_string(i)}}).answer, MORTISE_ALLOW);
  const Said refused = run("client", {{"client", "one more"}});
  EXPECT_EQ(refused.reason_string, "64 of these are in force already");
  EXPECT_EQ(run("client", {{"client", "c5"}}).answer, MORTISE_ALLOW) << "one that is there has its place";
}

}  // namespace
}  // namespace mortise::test
