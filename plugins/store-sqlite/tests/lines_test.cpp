// What the store says about its lines, and when it refuses.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "database.hpp"
#include "forgetful_vfs.hpp"
#include "running.hpp"

namespace mortise::store_sqlite::test {
namespace {

Offer& some(Offer& offer) { return offer.message(offer.batch()->sequence + 100, 0); }

TEST(Lines, written_comes_first_and_both_only_rise) {
  const Folder folder;
  Running store{folder.path()};
  for (std::uint64_t sequence = 1; sequence <= 200; sequence += 2) {
    Offer one{sequence};
    Offer two{sequence + 1};
    ASSERT_EQ(store.commit({&some(one), &some(two)}), MORTISE_OK);
  }
  store.host.wait_for(200, MORTISE_SYNCED);
  std::uint64_t written = 0;
  std::uint64_t synced = 0;
  for (const Told& told : store.host.told()) {
    EXPECT_EQ(told.status, MORTISE_OK);
    std::uint64_t& line = told.level == MORTISE_SYNCED ? synced : written;
    EXPECT_GT(told.sequence, line);
    line = told.sequence;
    EXPECT_GE(written, synced);
  }
  EXPECT_EQ(written, 200u);
}

struct Row {
  const char* name;
  std::uint32_t level;
};
class EachLevel : public testing::TestWithParam<Row> {};

TEST_P(EachLevel, is_written_at_once_and_synced_by_itself) {
  const Folder folder;
  Running store{folder.path()};
  Offer offer{1, GetParam().level};
  ASSERT_EQ(store.commit({&some(offer)}), MORTISE_OK);
  EXPECT_EQ(store.host.line(MORTISE_WRITTEN), 1u);
  for (int tick = 0; tick < 5; ++tick) store.tick();  // a second
  store.host.wait_for(1, MORTISE_SYNCED);
  EXPECT_EQ(store.host.line(MORTISE_SYNCED), 1u);
}

INSTANTIATE_TEST_SUITE_P(Lines, EachLevel,
                         testing::ValuesIn<Row>({{"memory", MORTISE_MEMORY},
                                                 {"written", MORTISE_WRITTEN},
                                                 {"synced", MORTISE_SYNCED}}),
                         [](const auto& tested) { return tested.param.name; });

TEST(Lines, a_batch_that_nobody_waits_for_costs_no_sync) {
  ForgetfulDevice device;
  const Folder folder;
  Running store{folder.path()};
  const auto before = device.syncs();
  for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) {
    Offer offer{sequence, MORTISE_WRITTEN};
    ASSERT_EQ(store.commit({&some(offer)}), MORTISE_OK);
  }
  EXPECT_EQ(device.syncs(), before);
}

TEST(Flush, is_done_when_everything_is_synced) {
  const Folder folder;
  Running store{folder.path()};
  Offer offer{1, MORTISE_MEMORY};
  ASSERT_EQ(store.commit({&some(offer)}), MORTISE_OK);
  EXPECT_EQ(store.flush(5), MORTISE_OK);
  store.host.wait_for_done(5);
  EXPECT_EQ(store.host.done(5), MORTISE_OK);
  EXPECT_EQ(store.host.line(MORTISE_SYNCED), 1u);
  EXPECT_EQ(store.flush(6), MORTISE_OK);
  EXPECT_EQ(store.host.done(6), MORTISE_OK) << "nothing to wait for";
}

TEST(AFailedSync, is_final_and_everything_unsynced_is_offered_again) {
  ForgetfulDevice device;
  const Folder folder;
  Facts model;
  Running store{folder.path()};
  Offer first{1};
  store.keep(some(first));
  device.fail_next_wal_sync();
  Offer second{2, MORTISE_WRITTEN};
  Offer third{3, MORTISE_SYNCED};
  ASSERT_EQ(store.commit({&some(second)}), MORTISE_OK);
  ASSERT_EQ(store.commit({&some(third)}), MORTISE_OK);
  EXPECT_EQ(store.flush(8), MORTISE_OK);
  const auto refused = Told{2, MORTISE_SYNCED, MORTISE_E_IO};
  for (int tick = 0; tick < 2000 && store.host.told().back() != refused; ++tick) {
    store.tick();
    sqlite3_sleep(1);
  }
  EXPECT_EQ(store.host.told().back(), refused);
  store.host.wait_for_done(8);
  EXPECT_NE(store.host.done(8), MORTISE_OK);
  Offer fourth{4};
  EXPECT_EQ(store.commit({&some(fourth)}), MORTISE_E_STATE);
  EXPECT_TRUE(store.host.logged("store.broken"));

  ASSERT_EQ(store.commit({&second, &third}), MORTISE_OK);
  for (int tick = 0; tick < 2000 && store.host.line(MORTISE_SYNCED) < 3; ++tick) sqlite3_sleep(1);
  EXPECT_EQ(store.host.line(MORTISE_SYNCED), 3u);
  EXPECT_EQ(store.health().state, static_cast<std::uint32_t>(MORTISE_STORE_GOOD));

  device.cut();
  store.stop();
  device.restore(1);
  for (Offer* offer : {&first, &second, &third}) model.apply(*offer->batch());
  Running again{folder.path()};
  EXPECT_TRUE(again.host.aside.empty());
  EXPECT_EQ(again.read(), model.as_text()) << "what followed the failed sync was appended to lost pages";
}

TEST(AnotherProcess, that_holds_the_write_lock_makes_the_store_slow_and_nothing_is_taken) {
  const Folder folder;
  Running store{folder.path()};
  Offer first{1};
  Offer second{2};
  store.keep(some(first));
  {
    Connection shell{folder.file("mortise.db"), SQLITE_OPEN_READWRITE};
    shell.run("BEGIN IMMEDIATE");
    EXPECT_EQ(store.commit({&some(second)}), MORTISE_E_BUSY);
    const auto health = store.health();
    EXPECT_EQ(health.state, static_cast<std::uint32_t>(MORTISE_STORE_SLOW));
    EXPECT_NE(std::string{health.text}.find(folder.file("mortise.db")), std::string::npos) << health.text;
    Offer third{3};
    EXPECT_EQ(store.commit({&some(third)}), MORTISE_E_STATE);
  }
  store.keep(second);
  EXPECT_EQ(store.health().state, static_cast<std::uint32_t>(MORTISE_STORE_GOOD));
}

// About 100 KiB a batch.
Offer& large(Offer& offer) {
  return offer.message(offer.batch()->sequence, 0, {.payload = std::string(100'000, 'x')});
}

TEST(TheWal, stays_within_its_limit) {
  const Folder folder;
  Running store{folder.path()};
  std::uintmax_t longest = 0;
  for (std::uint64_t sequence = 1; sequence <= 60; ++sequence) {
    Offer offer{sequence};
    store.keep(large(offer));
    longest = std::max(longest, std::filesystem::file_size(folder.file("mortise.db-wal")));
  }
  EXPECT_LT(longest, 1280u * 1024) << "6 MB were written";
  EXPECT_GT(store.health().bytes_written, 6'000'000u);
}

TEST(TheWal, grows_under_a_reader_and_the_store_says_so_until_it_ends) {
  const Folder folder;
  Running store{folder.path()};
  std::uint64_t sequence = 0;
  {
    Connection shell{folder.file("mortise.db"), SQLITE_OPEN_READWRITE};
    shell.run("BEGIN");
    shell.number("SELECT count(*) FROM session");
    while (sequence < 30) {
      Offer offer{++sequence};
      store.keep(large(offer));
    }
    EXPECT_EQ(store.health().state, static_cast<std::uint32_t>(MORTISE_STORE_SLOW));
  }
  while (sequence < 60) {
    Offer offer{++sequence};
    store.keep(large(offer));
  }
  EXPECT_EQ(store.health().state, static_cast<std::uint32_t>(MORTISE_STORE_GOOD)) << store.health().text;
  EXPECT_LT(std::filesystem::file_size(folder.file("mortise.db-wal")), 1280u * 1024);
}

TEST(AnOrderlyStop, leaves_everything_in_the_main_file) {
  const Folder folder;
  Running store{folder.path()};
  Offer offer{1};
  store.keep(some(offer));
  store.stop();
  EXPECT_EQ(std::filesystem::file_size(folder.file("mortise.db-wal")), 0u);
}

}  // namespace
}  // namespace mortise::store_sqlite::test
