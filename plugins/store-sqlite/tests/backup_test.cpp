// Backups of a store in use: whole, of one moment, under a free name, or not at all. And how it says it is.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "database.hpp"
#include "forgetful_vfs.hpp"
#include "running.hpp"

namespace mortise::store_sqlite::test {
namespace {

using mortise::test::Json;

Offer& message(Offer& offer, std::uint64_t number, std::size_t bytes = 1000) {
  return offer.message(number, 1, {.payload = std::string(bytes, 'x')})
      .deliver(number + 1, number, 1, number);
}

// A session, and so many messages of 50 KB for it. What the store has then.
Facts fill(Running& store, std::uint64_t messages) {
  Facts model;
  Offer first{1};
  store.keep(first.session(1, "a").retain("state", 1, 5, {.payload = "on"}));
  model.apply(*first.batch());
  for (std::uint64_t sequence = 2; sequence < messages + 2; ++sequence) {
    Offer offer{sequence};
    store.keep(message(offer, sequence * 10, 50'000));
    model.apply(*offer.batch());
  }
  return model;
}

Json to(const std::string& file) { return Json{{"file", file}}; }

// What a store that starts on that file has.
std::map<std::string, std::string> content_of(const std::string& copy) {
  const Folder folder;
  std::filesystem::copy_file(copy, folder.file("mortise.db"));
  Running store{folder.path()};
  EXPECT_TRUE(store.started());
  EXPECT_TRUE(store.host.aside.empty());
  return store.read();
}

bool is_left(const Folder& folder) {
  for (const auto& entry : std::filesystem::directory_iterator{folder.path()})
    if (entry.path().filename().string().starts_with("copy")) return true;
  return false;
}

TEST(Backup, has_all_there_was_at_its_moment) {
  const Folder folder;
  Running store{folder.path()};
  const Facts model = fill(store, 20);
  const std::string copy = folder.file("copy.db");
  const Json told = Json::parse(store.ask("backup", to(copy)));
  EXPECT_EQ(told["file"], copy);
  EXPECT_EQ(told["bytes"], std::filesystem::file_size(copy));
  EXPECT_GT(told["commits"], 20);
  EXPECT_TRUE(store.host.logged("store.backed_up"));
  EXPECT_FALSE(std::filesystem::exists(copy + ".part"));
  EXPECT_EQ(content_of(copy), model.as_text());
}

TEST(Backup, is_of_one_moment_while_commits_go_on) {
  const Folder folder;
  Running store{folder.path()};
  Facts model = fill(store, 200);
  const std::string copy = folder.file("copy.db");
  const std::uint64_t token = store.begin("backup", to(copy));
  ASSERT_NE(token, 0u);
  // Each batch is a message more and the one before it less, so a copy of two moments would have a gap.
  std::vector<std::map<std::string, std::string>> moments{model.as_text()};
  for (std::uint64_t sequence = 1000; sequence < 1100; ++sequence) {
    Offer offer{sequence, MORTISE_WRITTEN};
    message(offer, sequence * 10);
    if (sequence > 1000) offer.erase_message(sequence * 10 - 10).erase_delivery(sequence * 10 - 9);
    ASSERT_EQ(store.commit({&offer}), MORTISE_OK);
    model.apply(*offer.batch());
    moments.push_back(model.as_text());
  }
  EXPECT_EQ(store.host.wait_for_answer(token).answer, MORTISE_ALLOW);
  EXPECT_EQ(store.health().state, static_cast<std::uint32_t>(MORTISE_STORE_GOOD)) << store.health().text;
  const auto content = content_of(copy);
  EXPECT_NE(std::ranges::find(moments, content), moments.end());
}

TEST(Backup, is_one_at_a_time) {
  const Folder folder;
  Running store{folder.path()};
  fill(store, 200);
  const std::uint64_t first = store.begin("backup", to(folder.file("copy-1.db")));
  ASSERT_NE(first, 0u);
  EXPECT_EQ(store.ask("backup", to(folder.file("copy-2.db"))),
            "a backup or a check is under way | ask again when it is over; the log says when");
  EXPECT_EQ(store.host.wait_for_answer(first).answer, MORTISE_ALLOW);
  EXPECT_FALSE(std::filesystem::exists(folder.file("copy-2.db")));
  EXPECT_NE(store.ask("backup", to(folder.file("copy-2.db"))).find("took_ms"), std::string::npos)
      << "whoever has his answer may ask again";
}

TEST(Backup, takes_no_name_that_somebody_has) {
  const Folder folder;
  Running store{folder.path()};
  fill(store, 1);
  const std::string copy = folder.file("copy.db");
  std::ofstream{copy} << "mine";
  EXPECT_NE(store.ask("backup", to(copy)).find("is there already"), std::string::npos);
  std::filesystem::rename(copy, copy + ".part");
  EXPECT_NE(store.ask("backup", to(copy)).find(".part is there"), std::string::npos);
  std::string text;
  std::getline(std::ifstream{copy + ".part"}, text);
  EXPECT_EQ(text, "mine");
  for (const char* const own : {"mortise.db", "mortise.db-wal", "mortise.db.new", "./mortise.db"})
    EXPECT_NE(store.ask("backup", to(folder.path() + "/" + own)).find("is a file of the store itself"),
              std::string::npos)
        << own;
}

TEST(Backup, leaves_a_name_alone_that_somebody_takes_meanwhile) {
  const Folder folder;
  Running store{folder.path()};
  fill(store, 200);
  const std::string copy = folder.file("copy.db");
  const std::uint64_t token = store.begin("backup", to(copy));
  std::ofstream{copy} << "mine";
  const auto said = store.host.wait_for_answer(token);
  EXPECT_EQ(said.answer, MORTISE_DENY);
  EXPECT_NE(said.reason_string.find("made by somebody else meanwhile"), std::string::npos)
      << said.reason_string;
  EXPECT_EQ(std::filesystem::file_size(copy), 4u);
  EXPECT_FALSE(std::filesystem::exists(copy + ".part"));
}

TEST(Backup, to_a_full_device_leaves_nothing_behind_and_the_store_as_it_was) {
  const Folder folder;
  ForgetfulDevice device;
  Running store{folder.path()};
  const Facts model = fill(store, 20);
  device.set_full(true);
  const std::string said = store.ask("backup", to(folder.file("copy.db")));
  EXPECT_NE(said.find("full | make room there, or choose another device"), std::string::npos) << said;
  EXPECT_FALSE(is_left(folder));
  EXPECT_TRUE(store.host.logged("store.not_backed_up"));
  EXPECT_EQ(store.health().state, static_cast<std::uint32_t>(MORTISE_STORE_GOOD));
  device.set_full(false);
  EXPECT_NE(store.ask("backup", to(folder.file("copy.db"))).find("took_ms"), std::string::npos);
  EXPECT_EQ(content_of(folder.file("copy.db")), model.as_text());
}

TEST(Backup, ends_with_the_store_and_leaves_nothing_behind) {
  const Folder folder;
  {
    Running store{folder.path()};
    fill(store, 400);
    const std::uint64_t token = store.begin("backup", to(folder.file("copy.db")));
    ASSERT_NE(token, 0u);
    store.stop();
    const auto said = store.host.wait_for_answer(token);
    if (said.answer == MORTISE_ALLOW) return;  // it was quicker, and is whole
    EXPECT_NE(said.reason_string.find("is being closed"), std::string::npos) << said.reason_string;
  }
  EXPECT_FALSE(is_left(folder));
}

TEST(Backup, costs_a_longer_wal_and_no_complaint) {
  const Folder folder;
  Running store{folder.path()};
  fill(store, 400);
  const std::uint64_t token = store.begin("backup", to(folder.file("copy.db")));
  // Twice the limit of the WAL.
  for (std::uint64_t sequence = 1000; sequence < 1040; ++sequence) {
    Offer offer{sequence, MORTISE_WRITTEN};
    ASSERT_EQ(store.commit({&message(offer, sequence * 10, 50'000)}), MORTISE_OK);
  }
  store.host.wait_for_answer(token);
  EXPECT_FALSE(store.host.logged("store.slow"));
  for (std::uint64_t sequence = 1040; sequence < 1100; ++sequence) {
    Offer offer{sequence};
    store.keep(message(offer, sequence * 10, 50'000));
  }
  EXPECT_LT(Json::parse(store.ask("health"))["wal_used_bytes"], 2 * 1024 * 1024) << "it began anew";
}

TEST(Health, tells_state_sizes_and_the_last_problem) {
  const Folder folder;
  Running store{folder.path()};
  fill(store, 3);
  Json told = Json::parse(store.ask("health"));
  EXPECT_EQ(told["state"], "good");
  EXPECT_EQ(told["file"], folder.file("mortise.db"));
  EXPECT_EQ(told["wal_bytes"], std::filesystem::file_size(folder.file("mortise.db-wal")));
  EXPECT_GT(told["pages"], 100);
  EXPECT_FALSE(told.contains("last_problem"));
  EXPECT_FALSE(told.contains("check"));
  std::filesystem::rename(folder.file("mortise.db"), folder.file("elsewhere"));
  std::filesystem::create_directory(folder.file("mortise.db"));
  store.tick();
  store.host.monotonic_ns += 5'000'000'000;
  told = Json::parse(store.ask("health"));
  EXPECT_EQ(told["state"], "broken");
  EXPECT_NE(told["last_problem"].get<std::string>().find("mortise.db"), std::string::npos);
  EXPECT_EQ(told["last_problem_s_ago"], 5);
}

TEST(Health, looks_at_the_structure_if_asked_to) {
  const Folder folder;
  Running store{folder.path()};
  fill(store, 20);
  EXPECT_EQ(Json::parse(store.ask("health", {{"check", true}}))["check"], "ok");
}

}  // namespace
}  // namespace mortise::store_sqlite::test
