// limits.memory, for what the network's room holds: packets that never end.
#include <gtest/gtest.h>

#include "served.hpp"

namespace mortise::net {
namespace {

constexpr std::size_t promised = 1'900'000;  // bytes of a packet

// All of a PUBLISH but its end.
mqtt::Buffer unfinished(const SocketClient& client) {
  const mqtt::Buffer payload(promised, 'x');
  mqtt::Publish packet;
  packet.topic = "a";
  packet.payload = payload;
  mqtt::Buffer bytes = client.encoded(packet);
  bytes.resize(bytes.size() - 1000);
  return bytes;
}

class Memory : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(Memory, that_unfinished_packets_hold_is_had_back) {
  broker::Options options;
  options.memory_max = 8 * 1024 * 1024;
  Served served{GetParam(), options};
  served.start();
  SocketClient honest = served.connected("honest");
  std::vector<SocketClient> hogs;
  for (int i = 0; i < 8; ++i) hogs.push_back(served.connected("hog-" + std::to_string(i)));
  for (SocketClient& hog : hogs) hog.send_bytes(unfinished(hog));
  ASSERT_TRUE(eventually([&] { return served.loops().connections() < 9; }));
  ASSERT_TRUE(eventually([&] { return served.shared.pressure.load() < broker::Pressure::full; }));
  EXPECT_FALSE(served.log.of("client.disconnected").empty());
  mqtt::Publish packet;
  packet.topic = "a";
  packet.qos = mqtt::Qos::at_least_once;
  packet.packet_id = 1;
  // The last of what they sent may still be on its way.
  EXPECT_TRUE(eventually([&] {
    honest.send(packet);
    const auto* answer = honest.receive_as<mqtt::Puback>();
    return answer && !mqtt::is_error(answer->reason);
  }));
}

INSTANTIATE_TEST_SUITE_P(Loops, Memory, ::testing::Values(1U, 3U), [](const auto& row) {
  return row.param == 1 ? std::string{"one_loop"} : std::string{"three_loops"};
});

}  // namespace
}  // namespace mortise::net
