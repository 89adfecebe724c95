// Messages that the kernel let go of come back, from wherever they lie, and only when that is sure.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <string>

#include "database.hpp"
#include "running.hpp"

namespace mortise::store_sqlite::test {
namespace {

using Read = std::map<std::string, std::string>;

mortise_delivery_record_t wanted(std::uint64_t number, std::uint64_t message) {
  mortise_delivery_record_t out{};
  out.number = number;
  out.message = message;
  return out;
}

// Message 10 in the row of its delivery, 20 in a row of its own for two.
void fill(Running& store) {
  Offer put{1};
  put.session(1, "a").session(2, "b");
  put.message(10, 1, {.payload = "alone"}).deliver(11, 10, 1, 0);
  put.message(20, 2, {.payload = "shared"}).deliver(21, 20, 1, 1).deliver(22, 20, 2, 0);
  store.keep(put);
}

// What READ_ALL gives of these messages: a page has to say the same.
Read as_stored(Running& store, std::initializer_list<const char*> messages) {
  const Read all = store.read();
  Read out;
  for (const char* message : messages) out[message] = all.at(message);
  return out;
}

TEST(Pages, give_back_what_lies_in_a_delivery_and_what_has_a_row_of_its_own) {
  const Folder folder;
  Running store{folder.path()};
  fill(store);
  const Read expected = as_stored(store, {"message 10", "message 20"});
  EXPECT_NE(expected.at("message 10").find("alone"), std::string::npos);
  EXPECT_EQ(store.read_messages({wanted(11, 10), wanted(21, 20), wanted(22, 20)}), expected);
  EXPECT_EQ(store.last_read(), MORTISE_OK);
}

TEST(Pages, find_a_message_whose_first_delivery_is_over) {
  const Folder folder;
  Running store{folder.path()};
  fill(store);
  Offer later{2};
  later.message(10, 1, {.payload = "alone"}).deliver(12, 10, 2, 1).erase_delivery(11);
  store.keep(later);
  EXPECT_EQ(store.read_messages({wanted(12, 10)}), as_stored(store, {"message 10"}));
}

TEST(Pages, find_a_message_that_was_put_twice_in_one_batch) {
  const Folder folder;
  Running store{folder.path()};
  Offer put{1};
  put.session(1, "a").session(2, "b").session(3, "c");
  for (std::uint64_t session = 1; session <= 3; ++session)
    put.message(10, 1).deliver(10 + session, 10, session, 0);
  store.keep(put);
  for (std::uint64_t delivery = 11; delivery <= 13; ++delivery)
    EXPECT_EQ(store.read_messages({wanted(delivery, 10)}).size(), 1U) << delivery;
}

TEST(Pages, are_given_from_files_that_were_deleted_and_do_not_hinder_their_rescue) {
  const Folder folder;
  Running store{folder.path()};
  fill(store);
  for (const char* name : {"mortise.db", "mortise.db-wal", "mortise.db-shm"})
    std::filesystem::remove(folder.file(name));
  EXPECT_EQ(store.read_messages({wanted(11, 10)}).size(), 1U);
  store.tick();
  EXPECT_TRUE(store.host.logged("store.rescued"));
  EXPECT_EQ(store.read_messages({wanted(11, 10), wanted(21, 20)}).size(), 2U);
}

TEST(Pages, leave_out_what_is_not_there) {
  const Folder folder;
  Running store{folder.path()};
  fill(store);
  Offer later{2};
  later.erase_delivery(11).erase_message(10);
  store.keep(later);
  EXPECT_EQ(store.read_messages({wanted(11, 10), wanted(77, 78)}), Read{});
  EXPECT_EQ(store.last_read(), MORTISE_OK);
}

TEST(Pages, see_what_was_written_after_the_first_page) {
  const Folder folder;
  Running store{folder.path()};
  fill(store);
  EXPECT_EQ(store.read_messages({wanted(11, 10)}).size(), 1U);
  Offer later{2, MORTISE_WRITTEN};
  later.message(30, 1).deliver(31, 30, 1, 2);
  store.keep(later);
  EXPECT_EQ(store.read_messages({wanted(31, 30)}).size(), 1U);
}

TEST(Pages, a_row_that_is_not_what_was_written_is_left_out_and_named) {
  const Folder folder;
  Running store{folder.path()};
  fill(store);
  Connection{folder.file("mortise.db"), SQLITE_OPEN_READWRITE}.run(
      "UPDATE delivery SET payload = 'forged' WHERE number = 11");
  EXPECT_EQ(store.read_messages({wanted(11, 10), wanted(21, 20)}), as_stored(store, {"message 20"}));
  EXPECT_TRUE(store.host.logged("store.damaged_row"));
}

TEST(Pages, are_given_while_a_batch_is_refused_that_takes_nothing_back) {
  const Folder folder;
  Running store{folder.path()};
  fill(store);
  Offer put{2};
  put.message(30, 1).deliver(31, 30, 1, 2);
  {
    Connection shell{folder.file("mortise.db"), SQLITE_OPEN_READWRITE};
    shell.run("BEGIN IMMEDIATE");  // a forgotten shell: the writer gives up after its patience
    EXPECT_NE(store.commit({&put}), MORTISE_OK);
    EXPECT_EQ(store.read_messages({wanted(11, 10)}).size(), 1U);
    shell.run("ROLLBACK");
  }
  store.keep(put);
  EXPECT_EQ(store.read_messages({wanted(11, 10), wanted(31, 30)}).size(), 2U);
  EXPECT_EQ(store.last_read(), MORTISE_OK);
}

}  // namespace
}  // namespace mortise::store_sqlite::test
