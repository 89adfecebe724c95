#include "broker/outbox.hpp"

#include <gtest/gtest.h>

#include <set>

namespace mortise::broker {
namespace {

Waiting at(Position position) {
  Waiting waiting;
  waiting.qos = mqtt::Qos::at_least_once;
  waiting.state = Waiting::State::sent;
  waiting.position_low = static_cast<std::uint32_t>(position);
  return waiting;
}

TEST(Outbox, packet_identifiers_go_round_and_are_never_zero) {
  EXPECT_EQ(packet_id_of(0), 1);
  EXPECT_EQ(packet_id_of(65534), 65535);
  EXPECT_EQ(packet_id_of(65535), 1);
  std::set<mqtt::PacketId> ids;
  for (Position position = 1'000'000; position < 1'065'535; ++position) ids.insert(packet_id_of(position));
  EXPECT_EQ(ids.size(), 65535U);
  EXPECT_FALSE(ids.contains(0));
}

// Where the low half of a position wraps, where the identifier wraps, and somewhere else.
class OutboxFrom : public testing::TestWithParam<Position> {};
INSTANTIATE_TEST_SUITE_P(Outbox, OutboxFrom,
                         testing::Values(Position{0}, Position{65530}, Position{0xFFFFFFF0},
                                         Position{0x123456789A}));

TEST_P(OutboxFrom, finds_each_delivery_in_flight_and_no_other) {
  const Position first = GetParam();
  Outbox outbox;
  std::set<Position> in_flight;
  for (Position position = first; position < first + 300; ++position) {
    if (position % 3 == 1) continue;  // positions of messages that were refused or restored leave gaps
    outbox.in_flight.push(at(position));
    in_flight.insert(position);
  }
  outbox.next_position = first + 300;
  std::size_t found = 0;
  for (unsigned id = 0; id <= 65535; ++id) {
    const Waiting* waiting = outbox.find(static_cast<mqtt::PacketId>(id));
    if (!waiting) continue;
    ++found;
    EXPECT_EQ(packet_id_of(outbox.position_of(*waiting)), id);
    EXPECT_TRUE(in_flight.contains(outbox.position_of(*waiting)));
  }
  EXPECT_EQ(found, in_flight.size());
}

TEST(Outbox, what_is_done_is_not_found) {
  Outbox outbox;
  for (Position position = 0; position < 3; ++position) outbox.in_flight.push(at(position));
  outbox.next_position = 3;
  outbox.find(packet_id_of(1))->state = Waiting::State::done;
  EXPECT_EQ(outbox.find(packet_id_of(1)), nullptr);
  EXPECT_NE(outbox.find(packet_id_of(2)), nullptr);
}

TEST(Outbox, an_empty_one_finds_nothing_and_owns_nothing) {
  Outbox outbox;
  EXPECT_EQ(outbox.find(1), nullptr);
  EXPECT_EQ(outbox.memory(), 0U);
  EXPECT_EQ(outbox.size(), 0U);
}

}  // namespace
}  // namespace mortise::broker
