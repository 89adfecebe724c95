// A full device: nothing that was promised is lost, the reserve lets consumers drain, and room cures it.
//
// On a small tmpfs of its own where the system permits one, else with a VFS that has no room left.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "forgetful_vfs.hpp"
#include "running.hpp"

namespace mortise::store_sqlite::test {
namespace {

// Runs `body` in a thread that alone sees a tmpfs of 12 MiB at `folder`. False: not permitted here.
bool on_small_device(const std::string& folder, const std::function<void()>& body) {
  bool mounted = false;
  std::thread apart{[&] {
    if (::unshare(CLONE_NEWNS) != 0) return;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
    if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=12m") != 0) return;
    mounted = true;
    body();
    ::umount2(folder.c_str(), MNT_DETACH);
  }};
  apart.join();
  return mounted;
}

Offer& message(Offer& offer, std::uint64_t number) {
  return offer.message(number, 1, {.payload = std::string(60'000, 'x')})
      .deliver(number + 1, number, 1, number);
}

// Publishes until the store says full; the batch that was refused is the last one.
void fill(Running& store, std::deque<Offer>& offers, Facts& model) {
  Offer& first = offers.emplace_back(1);
  store.keep(first.session(1, "a"));
  model.apply(*first.batch());
  for (std::uint64_t sequence = 2; sequence < 2000; ++sequence) {
    Offer& offer = message(offers.emplace_back(sequence), sequence * 10);
    const mortise_status_t status = store.commit({&offer});
    if (status != MORTISE_OK) {
      ASSERT_EQ(status, MORTISE_E_FULL);
      return;
    }
    model.apply(*offer.batch());
  }
  FAIL() << "the device never was full";
}

void drain(const std::string& folder) {
  std::deque<Offer> offers;
  Facts model;
  {
    // What another program has on the device.
    std::ofstream{folder + "/filler"} << std::string(4'000'000, 'f');
    Running store{folder};
    ASSERT_TRUE(store.started());
    EXPECT_TRUE(std::filesystem::exists(folder + "/mortise.db-reserve"));
    fill(store, offers, model);
    if (testing::Test::HasFatalFailure()) return;
    EXPECT_EQ(store.health().state, static_cast<std::uint32_t>(MORTISE_STORE_FULL));
    EXPECT_NE(std::string{store.health().text}.find(folder), std::string::npos) << store.health().text;
    EXPECT_FALSE(std::filesystem::exists(folder + "/mortise.db-reserve"));

    const std::uint64_t refused = offers.size();
    Offer& early = offers.emplace_back(refused + 1);
    EXPECT_EQ(store.commit({&early}), MORTISE_E_STATE);
    ASSERT_EQ(store.commit({&offers[refused - 1]}), MORTISE_OK) << "the reserve was to make room for it";
    model.apply(*offers[refused - 1].batch());
    early.erase_message(20).erase_delivery(21);
    ASSERT_EQ(store.commit({&early}), MORTISE_OK) << "a deletion needs room, too";
    model.apply(*early.batch());
    for (std::uint64_t sequence = 3; sequence < refused; ++sequence) {
      Offer& erase = offers.emplace_back(offers.size() + 1);
      ASSERT_EQ(store.commit({&erase.erase_message(sequence * 10).erase_delivery(sequence * 10 + 1)}),
                MORTISE_OK);
      model.apply(*erase.batch());
    }
    EXPECT_EQ(store.health().state, static_cast<std::uint32_t>(MORTISE_STORE_FULL))
        << "the reserve is not back yet";
    std::filesystem::remove(folder + "/filler");
    for (int tick = 0; tick < 3; ++tick) store.tick();
    EXPECT_EQ(store.health().state, static_cast<std::uint32_t>(MORTISE_STORE_GOOD)) << store.health().text;
    EXPECT_TRUE(std::filesystem::exists(folder + "/mortise.db-reserve"));
    EXPECT_EQ(store.flush(1), MORTISE_OK);
    store.host.wait_for_done(1);
    for (const Told& told : store.host.told()) EXPECT_EQ(told.status, MORTISE_OK);
    EXPECT_EQ(store.read(), model.as_text());
  }
  Running again{folder};
  EXPECT_TRUE(again.host.aside.empty());
  EXPECT_EQ(again.read(), model.as_text());
}

// Without a reserve that helps: the room comes back by itself.
void wait_for_room(const std::string& folder) {
  ForgetfulDevice device;
  std::deque<Offer> offers;
  Facts model;
  Running store{folder};
  Offer& first = offers.emplace_back(1);
  store.keep(first.session(1, "a"));
  model.apply(*first.batch());
  device.set_full(true);
  Offer& second = message(offers.emplace_back(2), 20);
  Offer& third = message(offers.emplace_back(3), 30);
  for (int attempt = 0; attempt < 3; ++attempt) {
    EXPECT_EQ(store.commit({&second}), MORTISE_E_FULL);
    EXPECT_EQ(store.commit({&third}), MORTISE_E_STATE);
    EXPECT_EQ(store.health().state, static_cast<std::uint32_t>(MORTISE_STORE_FULL));
    EXPECT_EQ(store.read(), model.as_text());
  }
  device.set_full(false);
  ASSERT_EQ(store.commit({&second, &third}), MORTISE_OK);
  store.host.wait_for(3, MORTISE_SYNCED);
  for (Offer* offer : {&second, &third}) model.apply(*offer->batch());
  for (int tick = 0; tick < 3; ++tick) store.tick();
  EXPECT_EQ(store.health().state, static_cast<std::uint32_t>(MORTISE_STORE_GOOD));
  device.cut();
  store.stop();
  device.restore(3);
  Running again{folder};
  EXPECT_EQ(again.read(), model.as_text());
}

TEST(FullDevice, refuses_and_takes_the_same_batches_when_there_is_room) {
  const Folder folder;
  wait_for_room(folder.path());
}

TEST(FullDevice, lets_consumers_drain_and_recovers_by_itself) {
  const Folder folder;
  if (on_small_device(folder.path(), [&] { drain(folder.path()); })) return;
  std::puts("no tmpfs may be mounted here: on a VFS without room instead");
  wait_for_room(folder.path());
}

}  // namespace
}  // namespace mortise::store_sqlite::test
