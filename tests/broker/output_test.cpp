#include "broker/output.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace mortise::broker {
namespace {

class OutputOf : public testing::Test {
 protected:
  void say(std::string_view text) {
    mqtt::Buffer& bytes = output.bytes(pool);
    bytes.insert(bytes.end(), text.begin(), text.end());
    expected += text;
  }
  void say_payload(std::string_view text) {
    MessageParts parts;
    parts.topic = "t";
    parts.payload = {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
    output.add_payload(Message::make(parts, accounts));
    expected += text;
  }
  // What is gathered when at most `pieces` at a time can be.
  std::string gathered(std::size_t pieces) const {
    std::array<std::span<const std::uint8_t>, 8> parts;
    const std::size_t count = output.gather(std::span{parts}.first(pieces));
    EXPECT_LE(count, pieces);
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_FALSE(parts[i].empty());
      text.append(parts[i].begin(), parts[i].end());
    }
    return text;
  }
  // Writes everything in pieces of this size.
  std::string written(std::size_t size) {
    std::string all;
    while (!output.empty()) {
      const std::string next = gathered(2);
      EXPECT_FALSE(next.empty());
      const std::size_t part = std::min(size, next.size());
      all += next.substr(0, part);
      output.consume(part, pool);
      EXPECT_EQ(output.size(), expected.size() - all.size());
    }
    return all;
  }
  void say_something_of_everything() {
    say("head");
    say_payload("a large payload");
    say("x");
    say_payload("another");
    say_payload("and one right behind");
    say("the tail");
  }

  Accounts accounts;
  BufferPool pool;
  Output output;
  std::string expected;
};

TEST_F(OutputOf, bytes_and_payloads_leave_in_their_order_at_every_split) {
  for (std::size_t size = 1; size <= 64; ++size) {
    expected.clear();
    say_something_of_everything();
    EXPECT_EQ(written(size), expected) << "in pieces of " << size;
    EXPECT_EQ(accounts.charged(Account::message), 0) << "a payload is let go of when it is written";
  }
}

TEST_F(OutputOf, a_first_write_may_end_anywhere) {
  say_something_of_everything();
  const std::size_t whole = expected.size();
  output.consume(whole, pool);
  for (std::size_t first = 0; first <= whole; ++first) {
    expected.clear();
    say_something_of_everything();
    output.consume(first, pool);
    EXPECT_EQ(gathered(8), expected.substr(first)) << "after " << first;
    output.consume(whole - first, pool);
    EXPECT_TRUE(output.empty());
  }
}

TEST_F(OutputOf, more_can_be_said_while_some_is_unwritten) {
  say("one");
  say_payload("two");
  output.consume(4, pool);
  say("three");
  say_payload("four");
  EXPECT_EQ(gathered(8), "wothreefour");
  output.consume(2, pool);
  EXPECT_EQ(gathered(8), "threefour");
}

TEST_F(OutputOf, fewer_pieces_are_a_shorter_beginning) {
  say_something_of_everything();
  for (std::size_t pieces = 1; pieces <= 8; ++pieces)
    EXPECT_TRUE(expected.starts_with(gathered(pieces))) << pieces;
  EXPECT_EQ(gathered(8), expected);
}

TEST_F(OutputOf, an_idle_one_owns_nothing) {
  say("hello");
  output.consume(5, pool);
  EXPECT_TRUE(output.empty());
  EXPECT_EQ(gathered(8), "");
  EXPECT_GT(pool.take().capacity(), 0U) << "its buffer is back in the pool";
}

}  // namespace
}  // namespace mortise::broker
