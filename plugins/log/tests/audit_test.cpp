// What an audit holds: the events of the table in README.md, at every level, each of them.
#include "audit.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "written.hpp"

namespace mortise::log {
namespace {

// The first cells of the table below the heading.
std::set<std::string> documented() {
  std::ifstream in{LOG_README};
  std::set<std::string> out;
  bool is_audit = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) is_audit = line == "## Audit";
    if (is_audit && line.starts_with("| `")) out.insert(line.substr(3, line.find('`', 3) - 3));
  }
  return out;
}

SinkSettings audit_in(const std::string& path) {
  SinkSettings out = file(path);
  out.audit = true;
  return out;
}

TEST(Audit, is_what_is_documented) {
  const auto events = documented();
  EXPECT_EQ(events.size(), 38u);
  for (const std::string& event : events) EXPECT_TRUE(is_audited(event)) << event;
  for (const char* event : {"message.published", "client.subscribed", "store.failing", "client", ""})
    EXPECT_FALSE(is_audited(event)) << event;
}

TEST(Audit, takes_its_events_at_every_level_and_in_every_category_and_no_others) {
  const Folder folder;
  Writer writer{{audit_in(folder / "audit"), file(folder / "errors", {MORTISE_ERROR, {}})}};
  write(writer, {{.level = MORTISE_DEBUG, .text = "1"},
                 {.source = "messages", .event = "message.published", .text = "2"},
                 {.level = MORTISE_WARNING, .source = "auth", .event = "client.denied", .text = "3"},
                 {.level = MORTISE_ERROR, .source = "store", .event = "store.failing", .text = "4"},
                 {.level = MORTISE_NOTICE, .source = "host", .event = "plugin.reloaded", .text = "5"}});
  EXPECT_EQ(texts_in(folder / "audit"), "1|3|5");
  EXPECT_EQ(texts_in(folder / "errors"), "4");
}

TEST(Audit, has_each_of_the_lines_that_are_counted_elsewhere_and_no_counts) {
  const Folder folder;
  Writer writer{{audit_in(folder / "audit"), file(folder / "log")},
                RepeatSettings{.first = 1, .within = std::chrono::seconds{60}}};
  for (int i = 0; i < 4; ++i) write(writer, {{}});
  writer.flush();
  EXPECT_EQ(texts_in(folder / "audit"), "connected|connected|connected|connected");
  EXPECT_EQ(texts_in(folder / "log"), "connected|connected … 3 times more in 1 s  times=3 seconds=1");
}

TEST(Audit, says_what_it_lacks) {
  const Folder folder;
  Writer writer{{audit_in(folder / "audit")}};
  {
    const SmallDisk full{0};
    write(writer, {{.text = "1"}});
  }
  write(writer, {{.text = "2", .suppressed = 7}});
  EXPECT_EQ(texts_in(folder / "audit"),
            "lines were lost here: they could not be written  lines=1 error=\"File too large\"|"
            "lines were lost here: more came than could be written  lines=7|2");
}

}  // namespace
}  // namespace mortise::log
