// Log lines on their way to a sink: bounded, counted, never waited for.
#include "host/log_ring.hpp"

#include <gtest/gtest.h>

#include <future>

namespace mortise::host {
namespace {

constexpr std::uint32_t all_levels = 0x3E;

// A sink that keeps what it gets, and can be held up.
struct KeptLines {
  LogRing::Sink sink(std::uint32_t levels = all_levels) {
    return {&strand, levels, {}, [this](std::span<const mortise_log_event_t* const> events) {
              for (const mortise_log_event_t* event : events) {
                texts.emplace_back(event->text.data, event->text.size);
                suppressed += event->suppressed;
              }
            }};
  }
  Strand strand{"sink"};
  std::vector<std::string> texts;  // read only when the strand is idle
  std::uint64_t suppressed = 0;
};

void write(LogRing& ring, const std::string& text, broker::LogLevel level = broker::LogLevel::warning) {
  ring.write(level, "test", "test.event", text, nullptr, {});
}

TEST(LogRing, lines_go_to_the_plain_log_until_there_is_a_sink) {
  std::string plain;
  LogRing ring{1 << 20, [&](const LogLine& line) { plain += line.plain(); }};
  EXPECT_TRUE(ring.wants(broker::LogLevel::info, "clients"));
  EXPECT_FALSE(ring.wants(broker::LogLevel::info, "messages")) << "not one line for every message";
  write(ring, "early");
  KeptLines kept;
  ring.add(1, kept.sink());
  write(ring, "late");
  ring.remove(1);
  EXPECT_NE(std::string::npos, plain.find("warning test  early"));
  EXPECT_EQ(std::string::npos, plain.find("late"));
  EXPECT_EQ(std::vector<std::string>{"late"}, kept.texts);
}

TEST(LogRing, what_a_full_ring_cannot_hold_is_counted_and_told_with_the_next_line) {
  LogRing ring{2000, [](const LogLine&) {}};
  KeptLines kept;
  std::promise<void> release;
  kept.strand.post([held = release.get_future().share()] { held.wait(); });
  ring.add(1, kept.sink());
  for (int i = 0; i < 100; ++i) write(ring, std::to_string(i));
  const std::uint64_t dropped = ring.dropped();
  EXPECT_GT(dropped, 0U);
  release.set_value();
  kept.strand.run([] {});
  kept.strand.run([] {});
  EXPECT_EQ(100U, kept.texts.size() + dropped);
  EXPECT_EQ(0U, kept.suppressed) << "those that fitted came before the lost ones";
  EXPECT_EQ("0", kept.texts.front());
  write(ring, "next");
  ring.remove(1);
  EXPECT_EQ("next", kept.texts.back());
  EXPECT_EQ(dropped, kept.suppressed);
}

TEST(LogRing, what_a_sink_logs_while_it_writes_is_dropped) {
  LogRing ring{1 << 20, [](const LogLine&) {}};
  Strand strand{"sink"};
  int calls = 0;
  ring.add(1, {&strand, all_levels, {}, [&](auto) {
                 ++calls;
                 write(ring, "about itself");
               }});
  write(ring, "line");
  strand.run([] {});  // behind the line
  ring.remove(1);
  EXPECT_EQ(1, calls);
  EXPECT_EQ(1U, ring.dropped());
}

TEST(LogRing, the_lowest_level_is_what_some_sink_wants) {
  LogRing ring{1 << 20, [](const LogLine&) {}};
  KeptLines errors, everything;
  ring.add(1, errors.sink(1u << MORTISE_ERROR));
  EXPECT_EQ(MORTISE_ERROR, ring.lowest_level());
  ring.add(2, everything.sink());
  EXPECT_EQ(MORTISE_DEBUG, ring.lowest_level());
  write(ring, "a warning");
  write(ring, "an error", broker::LogLevel::error);
  ring.remove(2);
  ring.remove(1);
  EXPECT_EQ(std::vector<std::string>{"an error"}, errors.texts);
  EXPECT_EQ((std::vector<std::string>{"a warning", "an error"}), everything.texts);
}

TEST(LogRing, a_line_for_every_message_is_wanted_only_while_some_sink_takes_it) {
  LogRing ring{1 << 20, [](const LogLine&) {}};
  const auto wanted = [&] { return ring.wants(broker::LogLevel::info, "messages"); };
  KeptLines quiet, curious;
  LogRing::Sink without = quiet.sink();
  without.unwanted = {"messages", "clients"};
  ring.add(1, std::move(without));
  EXPECT_FALSE(wanted());
  EXPECT_TRUE(ring.wants(broker::LogLevel::info, "clients")) << "built, and then kept from this sink";
  ring.add(2, curious.sink(1u << MORTISE_ERROR));
  EXPECT_FALSE(wanted()) << "errors only";
  ring.change(2, all_levels, {});
  EXPECT_TRUE(wanted());
  ring.write(broker::LogLevel::info, "messages", "publish", "publish", nullptr, {});
  write(ring, "other");
  ring.change(2, all_levels, {"messages"});
  EXPECT_FALSE(wanted());
  ring.remove(2);
  ring.remove(1);
  EXPECT_EQ(std::vector<std::string>{"other"}, quiet.texts);
  EXPECT_EQ((std::vector<std::string>{"publish", "other"}), curious.texts);
}

}  // namespace
}  // namespace mortise::host
