// A session's end is one mark; what it leaves is swept later, and nobody sees it meanwhile.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

#include "database.hpp"
#include "running.hpp"

namespace mortise::store_sqlite::test {
namespace {

constexpr std::uint64_t backlog = 10'000;

// Two sessions with a long queue each, and the end of the first.
void fill(Running& store, Facts& model) {
  Offer put{1};
  put.session(1, "leaves")
      .session(2, "stays")
      .subscribe(1, "#")
      .subscribe(2, "#")
      .inbound(1, 4)
      .will(1, "leaves");
  std::uint64_t number = 100;
  for (std::uint64_t position = 0; position < backlog; ++position) {
    put.message(number, 1).deliver(number + 1, number, 1 + position % 2, position);
    number += 2;
  }
  store.keep(put);
  model.apply(*put.batch());
  Offer end{2};
  end.end_session(1);
  // What the kernel knows to be without receivers it erases by name: here half of it, still inside its rows.
  for (std::uint64_t message = 100; message < number; message += 8) end.erase_message(message);
  store.keep(end);
  model.apply(*end.batch());
}

std::int64_t rows(const Folder& folder, const char* sql) {
  return Connection{folder.file("mortise.db"), SQLITE_OPEN_READWRITE}.number(sql);
}

constexpr const char* left_of_session_1 =
    "SELECT (SELECT count(*) FROM delivery WHERE session = 1) + (SELECT count(*) FROM subscription WHERE "
    "session = 1) "
    "+ (SELECT count(*) FROM ended) + (SELECT count(*) FROM gone)";

// Ticks until nothing is left, within a bound that the rows and the step give.
void sweep(Running& store, const Folder& folder) {
  for (std::uint64_t ticks = 0; ticks < 10 && rows(folder, left_of_session_1) > 0; ++ticks) store.tick();
}

TEST(SessionEnd, hides_everything_below_the_session_at_once) {
  const Folder folder;
  Facts model;
  Running store{folder.path()};
  fill(store, model);
  EXPECT_EQ(store.read(), model.as_text());
}

TEST(SessionEnd, is_swept_in_steps_and_leaves_messages_that_were_not_erased) {
  const Folder folder;
  Facts model;
  Running store{folder.path()};
  fill(store, model);
  const auto before = rows(folder, left_of_session_1);
  store.tick();
  const auto after_one = rows(folder, left_of_session_1);
  EXPECT_GT(after_one, 0);
  EXPECT_LT(after_one, before);
  sweep(store, folder);
  EXPECT_EQ(rows(folder, left_of_session_1), 0);
  EXPECT_EQ(store.read(), model.as_text());
}

TEST(SessionEnd, is_swept_on_after_a_restart) {
  const Folder folder;
  Facts model;
  {
    Running store{folder.path()};
    fill(store, model);
    store.tick();
  }
  Running store{folder.path()};
  EXPECT_GT(rows(folder, left_of_session_1), 0);
  EXPECT_EQ(store.read(), model.as_text());
  sweep(store, folder);
  EXPECT_EQ(rows(folder, left_of_session_1), 0);
  EXPECT_EQ(store.read(), model.as_text());
}

TEST(SessionEnd, is_not_swept_before_it_is_synced) {
  const Folder folder;
  Running store{folder.path()};
  Offer put{1};
  store.keep(put.session(1, "a").message(10, 1).deliver(11, 10, 1, 1));
  Offer end{2, MORTISE_MEMORY};
  EXPECT_EQ(store.commit({&end.end_session(1)}), MORTISE_OK);
  store.tick();
  EXPECT_EQ(rows(folder, "SELECT count(*) FROM delivery"), 1);
  EXPECT_EQ(store.flush(9), MORTISE_OK);
  store.host.wait_for_done(9);
  store.tick();
  store.tick();
  EXPECT_EQ(rows(folder, left_of_session_1), 0);
}

}  // namespace
}  // namespace mortise::store_sqlite::test
