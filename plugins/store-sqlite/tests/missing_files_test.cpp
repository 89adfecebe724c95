// Files of the store that somebody deletes, moves or replaces while the broker runs: nothing is lost.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "running.hpp"

namespace mortise::store_sqlite::test {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> all_files{"mortise.db", "mortise.db-wal", "mortise.db-shm",
                                         "mortise.db-witness", "mortise.db-reserve"};

// A store with a message in it, and batches to follow.
class Life {
 public:
  explicit Life(const Folder& folder) : store{folder.path()} {
    Offer& first = next();
    store.keep(first.session(1, "a").message(10, 1).deliver(11, 10, 1, 1));
    model.apply(*first.batch());
  }

  mortise_status_t another() {
    Offer& offer = next();
    const std::uint64_t number = offer.batch()->sequence * 10;
    const mortise_status_t status =
        store.commit({&offer.message(number, 1).deliver(number + 1, number, 1, number)});
    if (status == MORTISE_OK) model.apply(*offer.batch());
    return status;
  }
  mortise_status_t again() {
    const mortise_status_t status = store.commit({&offers.back()});
    if (status == MORTISE_OK) model.apply(*offers.back().batch());
    return status;
  }
  bool is(std::uint32_t state) const { return store.health().state == state; }
  std::string says() const { return store.health().text; }

  Running store;
  Facts model;

 private:
  Offer& next() { return offers.emplace_back(offers.size() + 1); }
  std::deque<Offer> offers;
};

void expect_whole_after_restart(const Folder& folder, const Facts& model) {
  Running again{folder.path()};
  ASSERT_TRUE(again.started());
  EXPECT_TRUE(again.host.aside.empty()) << again.host.aside[0].reason;
  EXPECT_FALSE(again.host.logged("store.lost"));
  EXPECT_EQ(again.read(), model.as_text());
}

struct Row {
  const char* name;
  std::vector<std::string> files;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class Deleted : public testing::TestWithParam<Row> {};

TEST_P(Deleted, while_running_they_are_written_again_with_everything) {
  const Folder folder;
  Facts model;
  {
    Life life{folder};
    for (const std::string& name : GetParam().files) ASSERT_TRUE(fs::remove(folder.file(name))) << name;
    EXPECT_EQ(life.another(), MORTISE_OK) << "nobody has looked yet";
    for (int tick = 0; tick < 3; ++tick) life.store.tick();
    EXPECT_TRUE(life.is(MORTISE_STORE_GOOD)) << life.says();
    for (const std::string& name : all_files) EXPECT_TRUE(fs::exists(folder.file(name))) << name;
    EXPECT_EQ(life.store.read(), life.model.as_text());
    EXPECT_EQ(life.another(), MORTISE_OK);
    life.store.host.wait_for(3, MORTISE_SYNCED);
    EXPECT_EQ(life.store.read(), life.model.as_text());
    model = life.model;
  }
  expect_whole_after_restart(folder, model);
}

INSTANTIATE_TEST_SUITE_P(MissingFiles, Deleted,
                         testing::ValuesIn<Row>({{"all", all_files},
                                                 {"the_main_file", {"mortise.db"}},
                                                 {"the_wal", {"mortise.db-wal"}},
                                                 {"the_index", {"mortise.db-shm"}},
                                                 {"the_witness", {"mortise.db-witness"}},
                                                 {"the_reserve", {"mortise.db-reserve"}}}),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(MissingFiles, are_noticed_at_an_orderly_stop_too) {
  const Folder folder;
  Facts model;
  {
    Life life{folder};
    for (const std::string& name : all_files) fs::remove(folder.file(name));
    EXPECT_EQ(life.another(), MORTISE_OK);
    model = life.model;
  }
  expect_whole_after_restart(folder, model);
}

TEST(MissingFiles, whose_folder_is_gone_break_the_store_until_it_is_back) {
  const Folder folder;
  const std::string elsewhere = folder.path() + "-away";
  Facts model;
  {
    Life life{folder};
    fs::rename(folder.path(), elsewhere);
    life.store.tick();
    EXPECT_TRUE(life.is(MORTISE_STORE_BROKEN));
    EXPECT_NE(life.says().find(folder.path()), std::string::npos) << life.says();
    EXPECT_TRUE(life.store.host.logged("store.broken"));
    EXPECT_EQ(life.another(), MORTISE_E_IO) << "what cannot be kept is not acknowledged";
    life.store.tick();
    EXPECT_EQ(life.again(), MORTISE_E_IO);
    fs::rename(elsewhere, folder.path());
    life.store.tick();
    EXPECT_TRUE(life.is(MORTISE_STORE_GOOD)) << life.says();
    EXPECT_EQ(life.again(), MORTISE_OK);
    life.store.host.wait_for(2, MORTISE_SYNCED);
    model = life.model;
  }
  expect_whole_after_restart(folder, model);
}

TEST(MissingFiles, are_written_into_a_folder_that_was_made_again) {
  const Folder folder;
  Facts model;
  {
    Life life{folder};
    fs::remove_all(folder.path());
    life.store.tick();
    EXPECT_NE(life.says().find(folder.path() + ": the folder is gone; make it again"), std::string::npos)
        << life.says();
    fs::create_directory(folder.path());
    life.store.tick();
    EXPECT_TRUE(life.is(MORTISE_STORE_GOOD)) << life.says();
    EXPECT_EQ(life.another(), MORTISE_OK);
    life.store.host.wait_for(2, MORTISE_SYNCED);
    model = life.model;
  }
  expect_whole_after_restart(folder, model);
}

TEST(MissingFiles, that_were_replaced_are_left_alone_and_what_was_kept_is_beside_them) {
  const Folder folder;
  Facts model;
  {
    Life life{folder};
    fs::remove(folder.file("mortise.db"));
    std::ofstream{folder.file("mortise.db")} << "from a backup";
    life.store.tick();
    EXPECT_TRUE(life.is(MORTISE_STORE_BROKEN));
    EXPECT_TRUE(life.store.host.logged("store.replaced"));
    EXPECT_EQ(life.another(), MORTISE_E_DAMAGED);
    life.store.tick();
    EXPECT_TRUE(life.is(MORTISE_STORE_BROKEN));
    model = life.model;
  }
  std::ifstream theirs{folder.file("mortise.db")};
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>{theirs}, {}), "from a backup");
  fs::remove(folder.file("mortise.db-wal"));
  fs::rename(folder.file("mortise.db.rescued-1"), folder.file("mortise.db"));
  expect_whole_after_restart(folder, model);
}

}  // namespace
}  // namespace mortise::store_sqlite::test
