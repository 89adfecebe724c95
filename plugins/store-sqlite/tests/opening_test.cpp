// What is refused at the start, in which words, and what people can read while the broker runs.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "database.hpp"
#include "running.hpp"

namespace mortise::store_sqlite::test {
namespace {

// What sqlite3 prints for `sql`.
std::string shell(const std::string& file, const std::string& sql) {
  const std::string command = std::string{SQLITE3_SHELL} + " '" + file + "' \"" + sql + "\" 2>&1";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe{::popen(command.c_str(), "r"), &::pclose};
  std::string out;
  std::array<char, 4096> part{};
  while (const std::size_t got = std::fread(part.data(), 1, part.size(), pipe.get()))
    out.append(part.data(), got);
  return out;
}

struct Row {
  const char* name;
  std::function<void(const Folder&)> prepare;
  const char* finding;  // %s is the path of the store
};
class Refused : public testing::TestWithParam<Row> {};

void set_version(const Folder& folder, int version) {
  { Running store{folder.path()}; }
  std::filesystem::remove(folder.file("mortise.db-witness"));
  Connection{folder.file("mortise.db"), SQLITE_OPEN_READWRITE}.run(
      "PRAGMA journal_mode = DELETE; PRAGMA user_version = " + std::to_string(version));
}

TEST_P(Refused, with_a_sentence_that_names_the_file_and_leaves_it_alone) {
  const Folder folder;
  GetParam().prepare(folder);
  const std::string path = folder.file("mortise.db");
  const auto size = std::filesystem::exists(path) ? std::filesystem::file_size(path) : 0;
  Running store{folder.path()};
  EXPECT_FALSE(store.started());
  ASSERT_EQ(store.host.findings.size(), 1u);
  std::array<char, 1000> wanted{};
  std::snprintf(wanted.data(), wanted.size(), GetParam().finding, path.c_str());
  EXPECT_EQ(store.host.findings[0].substr(0, std::string{wanted.data()}.size()), wanted.data());
  EXPECT_EQ(std::filesystem::exists(path) ? std::filesystem::file_size(path) : 0, size);
}

INSTANTIATE_TEST_SUITE_P(
    Store, Refused,
    testing::ValuesIn<Row>({
        {"a_newer_schema", [](const Folder& f) { set_version(f, 2); },
         "/path|%s was written by a newer broker: it has schema 2, this one knows schema 1|run the newer "
         "broker"},
        {"an_older_schema", [](const Folder& f) { set_version(f, 0); },
         "/path|%s was written by an older broker: it has schema 0, this one knows schema 1|"},
        {"a_file_that_is_no_database",
         [](const Folder& f) { std::ofstream{f.file("mortise.db")} << "listeners:\n"; },
         "/path|%s is not a store of Mortise|"},
        {"a_database_of_someone_else",
         [](const Folder& f) {
           Connection{f.file("mortise.db"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE}.run(
               "CREATE TABLE t(a)");
         },
         "/path|%s is not a store of Mortise|"},
        {"a_folder_that_is_not_there", [](const Folder& f) { std::filesystem::remove(f.path()); },
         "/path|%s-witness: cannot be opened: No such file or directory|"},
    }),
    [](const auto& tested) { return tested.param.name; });

TEST(Opening, a_folder_where_a_file_belongs_is_named) {
  for (const char* name : {"mortise.db", "mortise.db-wal", "mortise.db-shm", "mortise.db-witness",
                           "mortise.db-reserve", "mortise.db.new", "mortise.db.ready"}) {
    const Folder folder;
    std::filesystem::create_directory(folder.file(name));
    Running store{folder.path()};
    EXPECT_FALSE(store.started()) << name;
    ASSERT_EQ(store.host.findings.size(), 1u);
    EXPECT_EQ(store.host.findings[0].find("/path|" + folder.file(name) + " is a folder, where the store"), 0u)
        << store.host.findings[0];
  }
}

TEST(Opening, nobody_else_may_read_what_is_stored) {
  const Folder folder;
  const Running store{folder.path()};
  for (const char* name : {"mortise.db", "mortise.db-wal", "mortise.db-shm", "mortise.db-witness"}) {
    const auto mode = std::filesystem::status(folder.file(name)).permissions();
    EXPECT_EQ(std::filesystem::perms::none, mode & std::filesystem::perms::others_all) << name;
  }
}

TEST(Opening, a_second_broker_on_the_same_store_is_refused) {
  const Folder folder;
  Running first{folder.path()};
  Running second{folder.path()};
  EXPECT_TRUE(first.started());
  EXPECT_FALSE(second.started());
  ASSERT_EQ(second.host.findings.size(), 1u);
  EXPECT_NE(second.host.findings[0].find("another broker uses this store"), std::string::npos);
}

TEST(Opening, the_settings_are_checked) {
  const Folder folder;
  Running small{folder.path(), R"({"wal_limit": "100KiB"})"};
  ASSERT_EQ(small.host.findings.size(), 1u);
  EXPECT_EQ(small.host.findings[0], "/wal_limit|is not between 1MiB and 1GiB||");
}

TEST(Opening, the_path_has_a_default_below_the_state_folder) {
  const Folder folder;
  Running store{folder.path(), "{}"};
  EXPECT_TRUE(store.started());
  EXPECT_TRUE(std::filesystem::exists(folder.file("mortise.db")));
}

TEST(Opening, a_replacement_that_was_cut_short_is_finished) {
  const Folder folder;
  Facts model;
  {
    Running store{folder.path()};
    Offer put{1};
    store.keep(put.session(1, "a"));
    model.apply(*put.batch());
  }
  // The damaged main file was renamed, its WAL and the new one were not yet.
  std::filesystem::rename(folder.file("mortise.db"), folder.file("mortise.db.ready"));
  std::ofstream{folder.file("mortise.db-wal")} << "of the damaged one";
  Running store{folder.path()};
  EXPECT_TRUE(store.started());
  EXPECT_EQ(store.read(), model.as_text());
  EXPECT_TRUE(std::filesystem::exists(folder.file("mortise.db-wal.damaged-1")));
}

TEST(People, read_the_running_store_with_sqlite3) {
  const Folder folder;
  Running store{folder.path()};
  Offer put{1};
  put.session(7, "pump-7", 12)
      .session(9, "panel-9")
      .subscribe(7, "plant/#")
      .subscribe(9, "plant/+/alarm", "group");
  put.retain("plant/state", 5, 30, {.payload = "on"}).will(7, "pump-7").inbound(7, 11);
  put.message(20, 1, {.topic = "plant/1", .payload = "one"}).deliver(21, 20, 7, 1);
  put.message(22, 2, {.topic = "plant/2", .payload = "two"}).deliver(23, 22, 7, 2).deliver(24, 22, 9, 1);
  put.deliver(25, 30, 9, 2);
  store.keep(put);
  const std::string file = folder.file("mortise.db");
  EXPECT_EQ(shell(file, "select topic, payload from retained"), "plant/state|on\n");
  EXPECT_EQ(shell(file, "select client_id, expiry_s, sent_to from sessions"),
            "pump-7|never|12\npanel-9|never|0\n");
  EXPECT_EQ(shell(file, "select client_id, share, filter, qos from subscriptions"),
            "pump-7||plant/#|2\npanel-9|group|plant/+/alarm|2\n");
  EXPECT_EQ(shell(file, "select client_id, position, topic, payload from queue"),
            "pump-7|1|plant/1|one\npump-7|2|plant/2|two\npanel-9|1|plant/2|two\npanel-9|2|plant/state|on\n");
  EXPECT_EQ(shell(file, "select client_id, topic, payload, due from wills"),
            "pump-7|wills/pump-7|gone|connected\n");
  EXPECT_EQ(shell(file, "select * from unreleased"), "pump-7|11\n");
  EXPECT_EQ(shell(file, "select received from queue limit 1"), "2025-11-24 16:00:00\n");
}

}  // namespace
}  // namespace mortise::store_sqlite::test
