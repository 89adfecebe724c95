// Each file of a store is cut, wiped, flipped and removed: the broker starts, says what it put aside, and
// what it reads was once true.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>

#include "running.hpp"
#include "workload.hpp"

namespace mortise::store_sqlite::test {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}
void write(const std::string& path, const std::string& content) {
  std::ofstream{path, std::ios::binary | std::ios::trunc} << content;
}

// The files of a store as a crash, or an orderly stop, left them, with everything synced.
struct Store {
  explicit Store(bool crashed, const std::string& wal_limit = "1MiB") {
    Running store{folder.path(), R"({"path": "mortise.db", "wal_limit": ")" + wal_limit + R"("})"};
    for (int i = 0; i < 300; ++i) {
      store.commit({&work.next()});
      if (i % 50 == 49) sync(store);
    }
    sync(store);
    if (!crashed) store.stop();
    for (const char* name : {"mortise.db", "mortise.db-wal", "mortise.db-witness"})
      std::filesystem::copy_file(folder.file(name), files.file(name));
  }
  void sync(Running& store) {
    for (int i = 0; i < 3; ++i) store.tick();
    store.flush(++flushes);
    store.host.wait_for_done(flushes);
  }

  const Folder folder;
  const Folder files;
  Workload work{7};
  std::uint64_t flushes = 0;
};

const Store& store_after(bool crash) {
  static const Store crashed{true};
  static const Store stopped{false};
  return crash ? crashed : stopped;
}

enum class Harm { cut, empty, wipe, flip, remove };

// What was done, for a test that fails: the files' layout is not the same each time.
std::string harm(const std::string& path, Harm how, std::mt19937_64& chance) {
  if (how == Harm::remove) {
    std::filesystem::remove(path);
    return path;
  }
  std::string bytes = content_of(path);
  if (bytes.empty()) return path;
  const std::size_t at = chance() % bytes.size();
  if (how == Harm::cut) bytes.resize(at);
  if (how == Harm::empty) bytes.clear();
  if (how == Harm::wipe) {
    const std::size_t sector = at / 512 * 512;
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(sector),
              bytes.begin() + static_cast<std::ptrdiff_t>(std::min(sector + 512, bytes.size())), '\0');
  }
  const char before = bytes.size() > at ? bytes[at] : '\0';
  if (how == Harm::flip) bytes[at] = static_cast<char>(bytes[at] ^ (1 << chance() % 8));
  write(path, bytes);
  const auto number = [](char byte) { return std::to_string(static_cast<unsigned char>(byte)); };
  return path + " at " + std::to_string(at) + ": " + number(before) + ", now " +
         (bytes.size() > at ? number(bytes[at]) : "cut");
}

using Texts = std::map<std::string, std::string>;
std::string difference(const Texts& found, const Texts& expected) {
  for (const auto& [key, text] : expected)
    if (const auto same = found.find(key); same == found.end())
      return "without " + key;
    else if (same->second != text)
      return key + " is " + same->second + ", not " + text;
  for (const auto& [key, text] : found)
    if (!expected.contains(key)) return "has " + key;
  return "none";
}

struct Row {
  const char* name;
  const char* file;
  Harm how;
  bool crash;
  int rounds;
};
class Damage : public testing::TestWithParam<Row> {};

void start_and_judge(const Store& original, const Folder& folder, std::uint64_t round) {
  Running store{folder.path()};
  ASSERT_TRUE(store.started()) << "round " << round << ": " << store.host.findings.at(0);
  const auto found = store.read();
  const bool told = !store.host.aside.empty() || store.host.logged("store.lost");
  const auto expected = original.work.after(original.work.last());
  EXPECT_TRUE(told || found == expected)
      << "round " << round << ": untold loss: " << difference(found, expected);
  for (const auto& [key, text] : found)
    EXPECT_TRUE(original.work.ever(key, text)) << "round " << round << ": " << key << " -> " << text;
  for (const SetAside& aside : store.host.aside) {
    EXPECT_EQ(aside.path.find(folder.path()), 0u);
    const std::string kept = aside.kept_as.substr(0, aside.kept_as.find(", table"));
    EXPECT_TRUE(std::filesystem::exists(kept)) << kept << ": " << aside.reason;
  }
  Offer more{1};
  store.keep(more.message(900'000'000, 0));
  store.stop();
  Running again{folder.path()};
  ASSERT_TRUE(again.started());
  EXPECT_TRUE(again.host.aside.empty())
      << "round " << round << ", told twice: " << again.host.aside[0].reason;
  EXPECT_TRUE(again.read().contains("message 900000000"));
}

TEST_P(Damage, is_told_and_what_is_read_was_once_true) {
  const Row& row = GetParam();
  const Store& original = store_after(row.crash);
  for (int round = 1; round <= row.rounds; ++round) {
    const Folder folder;
    for (const auto& file : std::filesystem::directory_iterator{original.files.path()})
      std::filesystem::copy_file(file.path(), folder.file(file.path().filename().string()));
    std::mt19937_64 chance{static_cast<std::uint64_t>(round)};
    SCOPED_TRACE(harm(folder.file(row.file), row.how, chance));
    start_and_judge(original, folder, static_cast<std::uint64_t>(round));
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Store, Damage,
    testing::ValuesIn<Row>({
        {"the_wal_is_cut", "mortise.db-wal", Harm::cut, true, 15},
        {"the_wal_is_cut_to_nothing", "mortise.db-wal", Harm::empty, true, 1},
        {"the_wal_is_wiped_somewhere", "mortise.db-wal", Harm::wipe, true, 15},
        {"a_bit_of_the_wal_flips", "mortise.db-wal", Harm::flip, true, 15},
        {"the_wal_is_gone", "mortise.db-wal", Harm::remove, true, 1},
        {"the_main_file_is_cut", "mortise.db", Harm::cut, true, 15},
        {"the_main_file_is_cut_to_nothing", "mortise.db", Harm::empty, true, 1},
        {"the_main_file_is_wiped_somewhere", "mortise.db", Harm::wipe, true, 15},
        {"a_bit_of_the_main_file_flips", "mortise.db", Harm::flip, true, 15},
        {"the_main_file_is_gone", "mortise.db", Harm::remove, true, 1},
        {"the_witness_is_cut", "mortise.db-witness", Harm::cut, true, 5},
        {"a_bit_of_the_witness_flips", "mortise.db-witness", Harm::flip, true, 10},
        {"the_witness_is_gone", "mortise.db-witness", Harm::remove, true, 1},
        {"the_main_file_is_cut_after_a_stop", "mortise.db", Harm::cut, false, 15},
        {"the_main_file_is_cut_to_nothing_after_a_stop", "mortise.db", Harm::empty, false, 1},
        {"the_main_file_is_wiped_after_a_stop", "mortise.db", Harm::wipe, false, 25},
        {"a_bit_of_the_main_file_flips_after_a_stop", "mortise.db", Harm::flip, false, 40},
        {"the_main_file_is_gone_after_a_stop", "mortise.db", Harm::remove, false, 1},
        {"the_wal_is_gone_after_a_stop", "mortise.db-wal", Harm::remove, false, 1},
    }),
    [](const auto& tested) { return tested.param.name; });

TEST(DamageIsNamed, a_cut_wal_is_copied_aside_and_what_it_still_holds_is_used) {
  const Store original{true, "16MiB"};  // long enough never to be checkpointed
  const Folder folder;
  std::filesystem::copy(original.files.path(), folder.path(), std::filesystem::copy_options::recursive);
  const std::string wal = folder.file("mortise.db-wal");
  const std::string half = content_of(wal).substr(0, content_of(wal).size() / 2);
  write(wal, half);
  Running store{folder.path()};
  ASSERT_EQ(store.host.aside.size(), 1u);
  EXPECT_EQ(store.host.aside[0].path, wal);
  EXPECT_FALSE(store.host.aside[0].replaced);
  EXPECT_EQ(content_of(store.host.aside[0].kept_as), half);
  EXPECT_FALSE(store.read().empty());
}

TEST(DamageIsNamed, an_empty_main_file_saves_the_wal_from_sqlite) {
  const Store& original = store_after(true);
  const Folder folder;
  std::filesystem::copy(original.files.path(), folder.path(), std::filesystem::copy_options::recursive);
  const std::string wal = content_of(folder.file("mortise.db-wal"));
  write(folder.file("mortise.db"), "");
  Running store{folder.path()};
  ASSERT_EQ(store.host.aside.size(), 1u);
  EXPECT_TRUE(store.host.aside[0].replaced);
  EXPECT_EQ(content_of(store.host.aside[0].kept_as), wal);
}

TEST(DamageIsNamed, a_wiped_page_costs_its_rows_and_no_others) {
  const Store& original = store_after(false);
  const Folder folder;
  std::filesystem::copy(original.files.path(), folder.path(), std::filesystem::copy_options::recursive);
  std::string bytes = content_of(folder.file("mortise.db"));
  // The last page is a leaf or an overflow of one.
  std::fill(bytes.end() - 1024, bytes.end(), '\0');
  write(folder.file("mortise.db"), bytes);
  Running store{folder.path()};
  ASSERT_EQ(store.host.aside.size(), 1u);
  EXPECT_FALSE(store.host.aside[0].replaced);
  EXPECT_GT(store.read().size(), original.work.after(original.work.last()).size() / 2);
}

}  // namespace
}  // namespace mortise::store_sqlite::test
