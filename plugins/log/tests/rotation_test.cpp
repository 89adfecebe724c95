// Files that are rotated: no line is lost, and all of them together stay within their bound.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "archives.hpp"
#include "written.hpp"

namespace mortise::log {
namespace {

using namespace std::chrono_literals;

// A line of `size` bytes in all.
Event line_of(std::size_t size, std::string text = "") {
  text.resize(size - 42, '.');
  return {.text = text};
}

class Rotated : public testing::Test {
 protected:
  SinkSettings settings(Rotation rotation) const {
    SinkSettings out = file(folder_ / "log");
    out.rotate = rotation;
    return out;
  }
  // Every file of the folder and its size, but for those a test hides.
  std::map<std::string, std::uintmax_t> files() const {
    std::map<std::string, std::uintmax_t> out;
    for (const auto& entry : fs::directory_iterator{folder_ / ""})
      out[entry.path().filename().string()] = entry.file_size();
    return out;
  }
  std::string texts() const {
    std::string out;
    for (const auto& [name, size] : files())
      if (name != "log") out += texts_in(folder_ / name.c_str()) + "/";
    return out + texts_in(folder_ / "log");
  }

  Folder folder_;
  const Rotation small_{.size_bytes = 1000, .keep = 3};
};
using Files = std::map<std::string, std::uintmax_t>;

TEST_F(Rotated, begins_another_file_before_a_line_that_does_not_fit) {
  Writer writer{{settings(small_)}};
  for (int i = 0; i < 5; ++i) write(writer, {line_of(400)});
  EXPECT_EQ(files(), (Files{{"log", 400}, {"log.000001", 800}, {"log.000002", 800}}));
}

TEST_F(Rotated, splits_a_batch_between_lines) {
  Writer writer{{settings(small_)}};
  write(writer, {{.text = "1"}, line_of(900, "2"), {.text = "3"}, line_of(900, "4"), {.text = "5"}});
  const auto sizes = files();
  EXPECT_EQ(sizes.size(), 2u);
  for (const auto& [name, size] : sizes) EXPECT_LE(size, 1000u) << name;
  std::string heads;
  for (const char c : texts())
    if (c != '.') heads += c;
  EXPECT_EQ(heads, "1|2|3/4|5");
}

TEST_F(Rotated, keeps_so_many_files_and_deletes_the_oldest) {
  Writer writer{{settings(small_)}};
  for (int i = 0; i < 20; ++i) write(writer, {line_of(1000)});
  EXPECT_EQ(files(),
            (Files{{"log", 1000}, {"log.000017", 1000}, {"log.000018", 1000}, {"log.000019", 1000}}));
}

TEST_F(Rotated, may_keep_nothing) {
  Writer writer{{settings({.size_bytes = 1000, .keep = 0})}};
  for (int i = 0; i < 3; ++i) write(writer, {line_of(600)});
  EXPECT_EQ(files(), (Files{{"log", 600}}));
}

TEST_F(Rotated, gives_a_line_longer_than_a_file_one_of_its_own) {
  Writer writer{{settings(small_)}};
  write(writer, {{.text = "1"}, line_of(3000, "2"), {.text = "3"}});
  EXPECT_EQ(files(), (Files{{"log", 43}, {"log.000001", 43}, {"log.000002", 3000}}));
}

TEST_F(Rotated, loses_and_tears_no_line_of_ten_thousand) {
  Writer writer{{settings({.size_bytes = 4096, .keep = 1000})}};
  std::string expected;
  for (int i = 0; i < 10'000; i += 4) {
    const auto text = [&](int n) {
      return std::to_string(n) + std::string(static_cast<std::size_t>(n % 97), '.');
    };
    write(writer, {{.text = text(i)}, {.text = text(i + 1)}, {.text = text(i + 2)}, {.text = text(i + 3)}});
    for (int n = i; n < i + 4; ++n) expected += (expected.empty() ? "" : "|") + text(n);
  }
  std::string found = texts();
  std::ranges::replace(found, '/', '|');
  EXPECT_EQ(found, expected);
  for (const auto& [name, size] : files()) EXPECT_LE(size, 4096u) << name;
}

TEST_F(Rotated, goes_on_with_the_file_and_the_numbers_of_the_run_before) {
  { Writer{{settings(small_)}}.write({}); }
  {
    Writer writer{{settings(small_)}};
    for (int i = 0; i < 3; ++i) write(writer, {line_of(600)});
  }
  Writer writer{{settings(small_)}};
  write(writer, {line_of(300)});
  EXPECT_EQ(files(), (Files{{"log", 900}, {"log.000001", 600}, {"log.000002", 600}}));
  write(writer, {line_of(300)});
  EXPECT_EQ(files().at("log.000003"), 900u);
}

TEST_F(Rotated, by_age_since_its_first_line) {
  Writer writer{{settings({.size_bytes = 1 << 20, .age = 24h, .keep = 3})}};
  const std::uint64_t day = std::chrono::nanoseconds{24h}.count();
  Event event{.text = "1"};
  const std::uint64_t begin = event.unix_ns;
  write(writer, {event});
  event.text = "2", event.unix_ns = begin + day - 1;
  write(writer, {event});
  event.text = "3", event.unix_ns = begin + day;
  write(writer, {event});
  event.text = "4", event.unix_ns = begin + 2 * day - 1;
  write(writer, {event});
  EXPECT_EQ(texts(), "1|2/3|4");
}

TEST_F(Rotated, by_age_although_the_broker_was_started_in_between) {
  const auto now = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                  std::chrono::system_clock::now().time_since_epoch())
                                                  .count());
  const std::uint64_t hour = std::chrono::nanoseconds{1h}.count();
  const Rotation daily{.size_bytes = 1 << 20, .age = 24h, .keep = 3};
  struct statx made {};
  {
    Writer writer{{settings(daily)}};
    write(writer, {{.text = "1", .unix_ns = now}});
  }
  const std::string path = folder_ / "log";
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_BTIME, &made) != 0 || (made.stx_mask & STATX_BTIME) == 0)
    GTEST_SKIP() << "this file system does not know when a file was made";
  {
    Writer writer{{settings(daily)}};
    write(writer, {{.text = "2", .unix_ns = now + 23 * hour}});
  }
  {
    Writer writer{{settings(daily)}};
    write(writer, {{.text = "3", .unix_ns = now + 25 * hour}});
  }
  EXPECT_EQ(texts(), "1|2/3");
}

TEST_F(Rotated, is_not_confused_by_a_clock_that_goes_back) {
  Writer writer{{settings({.size_bytes = 1 << 20, .age = 1h, .keep = 3})}};
  const std::uint64_t hour = std::chrono::nanoseconds{1h}.count();
  Event event{.text = "1"};
  write(writer, {event});
  event.text = "2", event.unix_ns -= 10 * hour;
  write(writer, {event});
  event.text = "3", event.unix_ns += hour;
  write(writer, {event});
  EXPECT_EQ(texts(), "1|2/3");
}

// What a kill between two steps leaves behind.
TEST_F(Rotated, that_was_killed_before_the_new_file_was_made_goes_on) {
  {
    Writer writer{{settings(small_)}};
    write(writer, {{.text = "1"}});
  }
  fs::rename(folder_ / "log", folder_ / "log.000001");
  Writer writer{{settings(small_)}};
  write(writer, {{.text = "2"}});
  EXPECT_EQ(texts(), "1/2");
}

TEST_F(Rotated, that_was_killed_before_the_oldest_was_deleted_deletes_it) {
  for (const char* name : {"log.000007", "log.000008", "log.000009", "log.000010"})
    std::ofstream{folder_ / name} << name << "\n";
  Writer writer{{settings(small_)}};
  write(writer, {line_of(100)});
  EXPECT_EQ(files(), (Files{{"log", 100}, {"log.000008", 11}, {"log.000009", 11}, {"log.000010", 11}}));
}

TEST_F(Rotated, does_not_touch_what_it_did_not_make) {
  const auto others = {"log.1",      "log.000001.gz",          "log.00001", "log.old", "log2.000001",
                       "log.0000a1", "log.1234567890123456789"};
  for (const char* name : others) std::ofstream{folder_ / name} << "x";
  Writer writer{{settings({.size_bytes = 1000, .keep = 0})}};
  for (int i = 0; i < 5; ++i) write(writer, {line_of(1000)});
  const auto there = files();
  for (const char* name : others) EXPECT_TRUE(there.contains(name)) << name;
  EXPECT_EQ(there.size(), others.size() + 1);
}

TEST_F(Rotated, follows_when_another_process_moves_the_file) {
  Writer writer{{settings(small_)}};
  write(writer, {{.text = "1"}});
  fs::rename(folder_ / "log", folder_ / "elsewhere");
  write(writer, {{.text = "2"}});
  EXPECT_EQ(texts_in(folder_ / "elsewhere"), "1");
  EXPECT_EQ(texts_in(folder_ / "log"), "2");
  fs::resize_file(folder_ / "log", 0);  // as by copytruncate
  write(writer, {line_of(990, "3")});
  EXPECT_EQ(files(), (Files{{"elsewhere", 43}, {"log", 990}}));
}

TEST_F(Rotated, while_a_reload_has_opened_the_file_already) {
  Writer before{{settings(small_)}};
  write(before, {line_of(900)});
  Writer after{{settings(small_)}};
  write(before, {line_of(900)});
  after.follow(before);
  write(after, {{.text = "after"}});
  EXPECT_EQ(files(), (Files{{"log", 947}, {"log.000001", 900}}));
}

TEST_F(Rotated, through_a_link_beside_the_file_itself) {
  fs::create_directory(folder_ / "far");
  fs::create_symlink(folder_ / "far/real", folder_ / "log");
  Writer writer{{settings(small_)}};
  for (int i = 0; i < 2; ++i) write(writer, {line_of(900)});
  EXPECT_TRUE(fs::is_symlink(folder_ / "log"));
  EXPECT_EQ(fs::file_size(folder_ / "far/real.000001"), 900u);
}

TEST_F(Rotated, refuses_what_is_no_file) {
  SinkSettings full = file("/dev/full");
  full.rotate = small_;
  try {
    Writer writer{{full}};
    FAIL() << "was opened";
  } catch (const finding& found) {
    EXPECT_STREQ(found.what(), "/dev/full is no regular file and cannot be rotated");
  }
}

TEST_F(Rotated, that_fails_loses_nothing_says_so_once_and_tries_again) {
  SinkSettings deep = file(folder_ / "d/log");
  deep.rotate = small_;
  fs::create_directory(folder_ / "d");
  Writer writer{{deep}};
  Event event = line_of(600);
  write(writer, {event});
  fs::rename(folder_ / "d", folder_ / "e");  // the folder is gone, the descriptor is not
  for (int i = 0; i < 3; ++i) write(writer, {event});
  EXPECT_EQ(fs::file_size(folder_ / "e/log") / 600, 4u);
  const std::string said = content_of(folder_ / "e/log");
  const std::size_t at = said.find("the log cannot be rotated and grows on; mend what the error says  sink=");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(said.find("cannot be rotated", at + 20), std::string::npos);
  fs::rename(folder_ / "e", folder_ / "d");
  event.unix_ns += std::chrono::nanoseconds{11s}.count();
  write(writer, {event});
  EXPECT_EQ(fs::file_size(folder_ / "d/log"), 600u);
  EXPECT_TRUE(fs::exists(folder_ / "d/log.000001"));
}

TEST_F(Rotated, on_a_full_disk_counts_as_any_other_file) {
  Writer writer{{settings(small_)}};
  write(writer, {line_of(900)});
  {
    const SmallDisk full{0};
    write(writer, {line_of(900), {.text = "lost"}});
  }
  write(writer, {{.text = "last"}});
  EXPECT_EQ(texts_in(folder_ / "log"),
            "lines were lost here: they could not be written  lines=2 error=\"File too large\"|last");
}

}  // namespace
}  // namespace mortise::log
