// The bytes a connection keeps: in order, charged exactly, and not more than has come.
#include "net/unread.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace mortise::net {
namespace {

TEST(UnreadBytes, come_out_in_the_order_they_went_in_however_they_are_cut) {
  broker::Accounts accounts;
  Unread unread;
  std::uint8_t next_in = 0, next_out = 0;
  for (std::size_t step = 1; step < 400; ++step) {
    std::vector<std::uint8_t> piece(step % 37 + 1);
    for (std::uint8_t& byte : piece) byte = next_in++;
    if (step % 2 == 0) {
      const auto room = unread.room(piece.size(), accounts);
      ASSERT_EQ(room.size(), piece.size());
      std::copy(piece.begin(), piece.end(), room.begin());
      unread.fill(piece.size());
    } else {
      unread.append(piece, accounts);
    }
    const std::size_t goes = std::min<std::size_t>(unread.size(), step % 41);
    for (std::size_t i = 0; i < goes; ++i) ASSERT_EQ(unread.bytes()[i], next_out++);
    unread.drop(goes, accounts);
    ASSERT_EQ(accounts.charged(broker::Account::connection), static_cast<std::int64_t>(unread.memory()));
  }
  unread.clear(accounts);
  EXPECT_EQ(unread.memory(), 0U);
  EXPECT_EQ(accounts.charged(broker::Account::connection), 0);
}

TEST(UnreadBytes, a_header_that_promises_much_gets_little_room_at_first) {
  broker::Accounts accounts;
  Unread unread;
  EXPECT_EQ(unread.room(200 * 1024 * 1024, accounts).size(), 64U * 1024);
  EXPECT_EQ(unread.memory(), 64U * 1024);
  unread.fill(64 * 1024);
  unread.clear(accounts);
}

}  // namespace
}  // namespace mortise::net
