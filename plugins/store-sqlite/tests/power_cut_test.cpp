// The power goes at every sync and at many a write: what was reported synced is there, and batches are whole.
#include <gtest/gtest.h>

#include <string>

#include "forgetful_vfs.hpp"
#include "running.hpp"
#include "workload.hpp"

namespace mortise::store_sqlite::test {
namespace {

constexpr int batches_a_run = 120;

// Offers a life until the power goes.
void live(Running& store, Workload& work, const ForgetfulDevice& device) {
  if (!store.started()) return;
  for (int i = 0; i < batches_a_run && !device.is_cut(); ++i) {
    std::vector<Offer*> together{&work.next()};
    while (work.any(3) == 0) together.push_back(&work.next());
    const std::uint64_t last = work.last();
    if (store.commit(together) != MORTISE_OK) break;
    if (work.any(4) == 0) store.host.wait_for(last, MORTISE_WRITTEN);
    if (work.any(6) == 0) {
      const auto request = static_cast<std::uint64_t>(i);
      store.flush(request);
      // A flush that fails is answered by the tick that finds the failure.
      for (int tick = 0; tick < 20'000 && store.host.done(request) == MORTISE_E_UNKNOWN; ++tick) {
        sqlite3_sleep(1);
        store.tick();
      }
      EXPECT_NE(store.host.done(request), MORTISE_E_UNKNOWN);
    }
    store.tick();
  }
}

// One life with one cut. False: it ended before the cut came.
template <class Arm>
bool survives(std::uint64_t seed, Arm arm) {
  ForgetfulDevice device;
  const Folder folder;
  Workload work{seed};
  std::uint64_t synced = 0;
  arm(device);
  {
    Running store{folder.path()};
    live(store, work, device);
    const bool came = device.is_cut();
    device.cut();
    store.stop();
    synced = store.host.line(MORTISE_SYNCED);
    if (!came) return false;
  }
  device.restore(seed);
  Running store{folder.path()};
  EXPECT_TRUE(store.started()) << (store.host.findings.empty() ? "" : store.host.findings[0]);
  EXPECT_TRUE(store.host.aside.empty()) << "set aside: " << store.host.aside[0].reason;
  const auto found = store.read();
  for (std::uint64_t sequence = synced; sequence <= work.last(); ++sequence)
    if (work.after(sequence) == found) return true;
  ADD_FAILURE() << "seed " << seed << ": what is there is no prefix of " << work.last() << " batches, "
                << synced << " of them synced";
  return true;
}

TEST(PowerCut, at_every_sync_loses_nothing_that_was_synced) {
  std::uint64_t sync = 1;
  while (sync < 400 && survives(sync % 5, [&](ForgetfulDevice& device) { device.cut_at_sync(sync); })) ++sync;
  EXPECT_GT(sync, 20u);
  EXPECT_LT(sync, 400u);
}

// What is not yet the store needs no sync for each of its steps: on flash each is felt at a first start.
TEST(PowerCut, a_new_store_takes_few_syncs_and_is_whole_right_after_its_start) {
  ForgetfulDevice device;
  const Folder folder;
  {
    Running store{folder.path()};
    ASSERT_TRUE(store.started());
    EXPECT_LE(device.syncs(), 3u) << "the new file, its WAL's header, its first commits";
    device.cut();
  }
  device.restore(1);
  Running store{folder.path()};
  EXPECT_TRUE(store.started()) << (store.host.findings.empty() ? "" : store.host.findings[0]);
  EXPECT_TRUE(store.host.aside.empty());
}

TEST(PowerCut, at_any_write_loses_nothing_that_was_synced) {
  int cuts = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed)
    cuts += survives(seed, [&](ForgetfulDevice& device) { device.cut_at_write(1 + seed * 7919 % 700); });
  EXPECT_GT(cuts, 30);
}

}  // namespace
}  // namespace mortise::store_sqlite::test
