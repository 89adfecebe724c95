// What arrives in files and on the console, and what becomes of lines that cannot be written.
#include "writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "written.hpp"

namespace mortise::log {
namespace {

TEST(Writer, gives_each_sink_what_it_wants_of_each_category) {
  const Folder folder;
  Writer writer{{file(folder / "all", {MORTISE_DEBUG, {{"messages", MORTISE_INFO}}}),
                 file(folder / "warnings", {MORTISE_WARNING, {{"auth", off}}})}};
  write(writer, {{.level = MORTISE_DEBUG, .text = "1"},
                 {.level = MORTISE_WARNING, .text = "2"},
                 {.level = MORTISE_ERROR, .source = "auth", .text = "3"},
                 {.level = MORTISE_INFO, .source = "messages", .text = "4"},
                 {.level = MORTISE_DEBUG, .source = "messages", .text = "5"}});
  EXPECT_EQ(texts_in(folder / "all"), "1|2|3|4");
  EXPECT_EQ(texts_in(folder / "warnings"), "2");
}

TEST(Writer, appends_to_a_file_that_is_there) {
  const Folder folder;
  std::ofstream{folder / "log"} << "before\n";
  Writer writer{{file(folder / "log")}};
  write(writer, {{}});
  EXPECT_EQ(texts_in(folder / "log"), "<before>|connected");
}

TEST(Writer, makes_a_file_others_cannot_read) {
  const Folder folder;
  Writer writer{{file(folder / "log")}};
  EXPECT_EQ(fs::status(folder / "log").permissions() & fs::perms::others_all, fs::perms::none);
}

TEST(Writer, names_the_file_it_cannot_open) {
  const Folder folder;
  try {
    Writer writer{{file(folder / "missing/log")}};
    FAIL() << "was opened";
  } catch (const finding& found) {
    EXPECT_EQ(found.what(), "cannot write " + (folder / "missing/log") + ": No such file or directory");
  }
}

TEST(Writer, tells_how_many_lines_the_host_had_to_leave_out) {
  const Folder folder;
  Writer writer{{file(folder / "log")}};
  write(writer, {{.text = "1"}, {.text = "2", .suppressed = 7}});
  EXPECT_EQ(texts_in(folder / "log"), "1|lines were lost here: more came than could be written  lines=7|2");
}

TEST(Writer, writes_json_that_can_be_read_line_by_line) {
  const Folder folder;
  SinkSettings json = file(folder / "log");
  json.format = Format::json;
  Writer writer{{json}};
  write(writer, {{.text = "a\nb"}, {.text = "2"}});
  std::ifstream in{folder / "log"};
  std::vector<std::string> texts;
  for (std::string line; std::getline(in, line);) texts.push_back(nlohmann::json::parse(line)["text"]);
  EXPECT_EQ(texts, (std::vector<std::string>{"a\nb", "2"}));
}

TEST(FullDisk, loses_whole_lines_counts_them_and_says_so_when_it_can_write_again) {
  const Folder folder;
  Writer writer{{file(folder / "log")}};
  write(writer, {{.text = "first"}});
  {
    const SmallDisk full{fs::file_size(folder / "log") + 20};
    write(writer, {{.text = "lost 1"}, {.text = "lost 2"}});
    write(writer, {{.text = "lost 3"}});
    EXPECT_EQ(texts_in(folder / "log"), "first") << "nothing torn is left behind";
  }
  write(writer, {{.text = "last"}});
  EXPECT_EQ(texts_in(folder / "log"),
            "first|lines were lost here: they could not be written  lines=3 error=\"File too large\"|last");
}

TEST(FullDisk, is_told_by_the_other_sinks_once) {
  const Folder folder;
  Writer writer{{file("/dev/full"), file(folder / "other")}};
  write(writer, {{.text = "1"}});
  write(writer, {{.text = "2"}});
  EXPECT_EQ(texts_in(folder / "other"),
            "1|the log cannot be written; make room, or mend what the error says  sink=/dev/full error=\"No "
            "space left on device\"|2");
}

TEST(FullDisk, that_is_over_is_told_by_all_and_only_the_brokers_lines_are_counted) {
  const Folder folder;
  Writer writer{{file(folder / "log"), file(folder / "other")}};
  {
    const SmallDisk full{0};
    write(writer, {{.text = "1"}});
  }
  write(writer, {{.text = "2"}});
  EXPECT_EQ(texts_in(folder / "other"),
            "lines were lost here: they could not be written  lines=1 "
            "error=\"File too large\"|2|the log can be written again  sink=" +
                (folder / "log") + " lines=1");
}

TEST(FullDisk, is_told_once_on_standard_error_where_there_is_no_console) {
  const Folder folder;
  const int file_end = ::open((folder / "stderr").c_str(), O_WRONLY | O_CREAT, 0600);
  {
    const Stderr replaced{file_end};
    Writer writer{{file("/dev/full")}};
    for (int i = 0; i < 3; ++i) write(writer, {{.text = "1"}});
  }
  ::close(file_end);
  EXPECT_EQ(content_of(folder / "stderr").substr(12),
            " error   log      the log cannot be written; make room, or mend what the error says  "
            "sink=/dev/full error=\"No space left on device\"\n");
}

TEST(FullDisk, is_told_on_standard_error_once_where_there_is_a_console) {
  const Folder folder;
  const int file_end = ::open((folder / "stderr").c_str(), O_WRONLY | O_CREAT, 0600);
  {
    const Stderr replaced{file_end};
    Writer writer{{file("/dev/full"), {.kind = SinkSettings::Kind::console, .levels = {MORTISE_ERROR, {}}}}};
    for (int i = 0; i < 3; ++i) write(writer, {{.text = "1"}});
  }
  ::close(file_end);
  const std::string said = content_of(folder / "stderr");
  EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
}

TEST(FullDisk, is_remembered_across_a_reload) {
  const Folder folder;
  Writer before{{file(folder / "log")}};
  {
    const SmallDisk full{0};
    write(before, {{.text = "1"}});
  }
  Writer after{{file(folder / "log")}};
  after.follow(before);
  write(after, {{.text = "2"}});
  EXPECT_EQ(texts_in(folder / "log"),
            "lines were lost here: they could not be written  lines=1 error=\"File too large\"|2");
}

TEST(DescriptorSink, ends_a_torn_line_where_it_cannot_be_taken_back) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  ASSERT_EQ(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
  const auto read_all = [&] {
    std::string out(8192, '\0');
    const ssize_t count = ::read(ends[0], out.data(), out.size());
    out.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return out;
  };
  DescriptorSink sink{ends[1], true, std::make_unique<LineFormatter>(0)};
  const std::string whole(4000, 'a'), torn(5000, 'b');
  for (const std::string& line : {whole, torn}) sink.log({{}, {}, spdlog::level::info, line});
  sink.flush();
  EXPECT_EQ(sink.take_lost().lines, 1u);
  EXPECT_EQ(read_all(), whole + "\n" + std::string(95, 'b'));
  sink.log({{}, {}, spdlog::level::info, "next"});
  sink.flush();
  EXPECT_EQ(read_all(), "\nnext\n");
  EXPECT_EQ(sink.take_lost().lines, 0u);
  ::close(ends[0]);
}

const SinkSettings console{SinkSettings::Kind::console, Format::text, {}, {}, "/sinks/0"};

TEST(Console, has_no_colour_when_it_is_a_file) {
  const Folder folder;
  const int file_end = ::open((folder / "out").c_str(), O_WRONLY | O_CREAT, 0600);
  {
    const Stderr replaced{file_end};
    Writer writer{{console}};
    write(writer, {{.level = MORTISE_ERROR}});
  }
  ::close(file_end);
  EXPECT_EQ(content_of(folder / "out").substr(12), " error   clients  connected\n");
}

TEST(Console, colours_the_level_on_a_terminal) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
  ASSERT_GE(master, 0);
  ASSERT_EQ(grantpt(master), 0);
  ASSERT_EQ(unlockpt(master), 0);
  const int slave = ::open(ptsname(master), O_RDWR | O_NOCTTY);
  ASSERT_GE(slave, 0);
  setenv("COLORTERM", "1", 1);
  {
    const Stderr replaced{slave};
    Writer writer{{console}};
    write(writer, {{.level = MORTISE_ERROR}});
  }
  // A terminal hands on what was written in pieces, when it gets to it.
  std::string shown;
  pollfd readable{.fd = master, .events = POLLIN, .revents = 0};
  while (!shown.ends_with('\n') && ::poll(&readable, 1, 10'000) == 1) {
    char piece[512];
    const ssize_t count = ::read(master, piece, sizeof piece);
    ASSERT_GT(count, 0);
    shown.append(piece, static_cast<std::size_t>(count));
  }
  EXPECT_NE(shown.find(" \x1b[31m\x1b[1merror\x1b[m   clients  connected"), std::string::npos) << shown;
  ::close(slave);
  ::close(master);
}

}  // namespace
}  // namespace mortise::log
