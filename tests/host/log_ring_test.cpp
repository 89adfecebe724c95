// Log lines on their way to a sink: bounded, counted, never waited for.
#include "host/log_ring.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <utility>

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
                if (event->suppressed > 0)
                  tellers.push_back(std::string{event->source.data, event->source.size} + ' ' +
                                    std::string{event->event.data, event->event.size} + ' ' +
                                    std::to_string(event->level));
              }
            }};
  }
  Strand strand{"sink"};
  std::vector<std::string> texts;  // read only when the strand is idle
  std::uint64_t suppressed = 0;
  std::vector<std::string> tellers;  // "source event level" of the lines that told of lost ones
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

// A ring that is full before its sink gets a turn; `release` lets the sink go on.
struct FullRing {
  explicit FullRing(std::uint32_t levels = all_levels) {
    kept.strand.post([held = release.get_future().share()] { held.wait(); });
    ring.add(1, kept.sink(levels));
    for (int i = 0; i < 100; ++i) write(ring, std::to_string(i), broker::LogLevel::error);
    dropped = ring.dropped();
    EXPECT_GT(dropped, 0U);
  }
  void let_go() {
    release.set_value();
    kept.strand.run([] {});
    kept.strand.run([] {});
  }
  LogRing ring{2000, [](const LogLine&) {}};
  std::promise<void> release;
  KeptLines kept;
  std::uint64_t dropped = 0;
};

TEST(LogRing, what_a_full_ring_cannot_hold_is_counted_and_told_when_the_sink_has_caught_up) {
  FullRing full;
  full.let_go();
  EXPECT_EQ(100U + 1, full.kept.texts.size() + full.dropped) << "and one line that tells";
  EXPECT_EQ("0", full.kept.texts.front());
  EXPECT_EQ(full.dropped, full.kept.suppressed) << "no other line needs to come";
  const std::vector<std::string> tellers{"host log.suppressed " + std::to_string(MORTISE_WARNING)};
  EXPECT_EQ(tellers, full.kept.tellers);
  write(full.ring, "next");
  full.ring.remove(1);
  EXPECT_EQ("next", full.kept.texts.back());
  EXPECT_EQ(full.dropped, full.kept.suppressed) << "told once";
}

TEST(LogRing, what_was_lost_is_told_to_a_sink_that_is_taken_out) {
  FullRing full;
  full.release.set_value();
  full.ring.remove(1);
  EXPECT_EQ(full.dropped, full.kept.suppressed);
}

TEST(LogRing, a_sink_that_takes_no_warnings_is_told_at_a_level_it_takes) {
  FullRing full{1u << MORTISE_ERROR | 1u << MORTISE_DEBUG};
  full.let_go();
  const std::vector<std::string> tellers{"host log.suppressed " + std::to_string(MORTISE_ERROR)};
  EXPECT_EQ(tellers, full.kept.tellers);
  full.ring.remove(1);
}

TEST(LogRing, what_comes_while_the_sink_writes_tells_what_was_lost_before_it) {
  LogRing ring{2000, [](const LogLine&) {}};
  Strand strand{"sink"};
  std::vector<std::pair<std::string, std::uint64_t>> seen;
  ring.add(1, {&strand, all_levels, {}, [&](std::span<const mortise_log_event_t* const> events) {
                 for (const mortise_log_event_t* event : events)
                   seen.emplace_back(std::string{event->source.data, event->source.size}, event->suppressed);
                 if (seen.size() != 1) return;
                 write(ring, "about itself");
                 std::thread{[&] { write(ring, "of another thread"); }}.join();
               }});
  write(ring, "line");
  strand.run([] {});
  ring.remove(1);
  EXPECT_EQ((std::vector<std::pair<std::string, std::uint64_t>>{{"test", 0}, {"test", 1}}), seen);
}

TEST(LogRing, what_a_sink_logs_while_it_writes_is_dropped_and_told_without_end_to_nobody) {
  LogRing ring{1 << 20, [](const LogLine&) {}};
  Strand strand{"sink"};
  int calls = 0;
  std::uint64_t told = 0;
  ring.add(1, {&strand, all_levels, {}, [&](std::span<const mortise_log_event_t* const> events) {
                 ++calls;
                 for (const mortise_log_event_t* event : events) told += event->suppressed;
                 write(ring, "about itself");
               }});
  write(ring, "line");
  strand.run([] {});  // behind the line
  EXPECT_EQ(2, calls) << "the line, and what was lost with it";
  ring.remove(1);
  EXPECT_EQ(3, calls) << "what was lost by the telling, too, and there it ends";
  EXPECT_EQ(2U, told);
  EXPECT_EQ(2U, ring.dropped()) << "the last one goes where lines go when there is no sink";
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
