// What is charged against what the allocator says is in use, with messages that wait.
#include <gtest/gtest.h>
#include <malloc.h>

#include "client_packet.hpp"
#include "core_world.hpp"

namespace mortise::broker {
namespace {

using conformance::CoreWorld;

constexpr int messages = 10'000;

struct Load {
  const char* name;
  std::size_t payload;
  int readers;
};
void PrintTo(const Load& row, std::ostream* out) { *out << row.name; }

class Charges : public testing::TestWithParam<Load> {
 protected:
  CoreWorld::Connection connect(const std::string& client_id) {
    conformance::Connect step;
    step.keep_session = true;
    const auto connection = world.open();
    say(connection, packet_of(step, mqtt::Version::v5_0, client_id));
    return connection;
  }
  // Answers are read and forgotten, so that they take no memory.
  void say(CoreWorld::Connection connection, const conformance::Bytes& packet) {
    world.send(connection, packet);
    world.receive(connection, answers_, CoreWorld::Hope::expected);
    answers_.clear();
  }
  void publish(CoreWorld::Connection writer, std::size_t size) {
    conformance::Publish step;
    step.topic = "plant/7/temperature";
    step.payload.assign(size, 'x');
    step.qos = 1;
    say(writer, packet_of(step, mqtt::Version::v5_0, 1));
  }

  CoreWorld world{{}, 1, conformance::Storage::none};

 private:
  std::vector<std::uint8_t> answers_;
};

TEST_P(Charges, are_within_a_fifth_of_the_heaps_growth) {
  const auto writer = connect("writer");
  for (int i = 0; i < GetParam().readers; ++i) {
    const auto reader = connect("reader-" + std::to_string(i));
    conformance::Subscribe step;
    step.filters.push_back({"plant/#", 1, false, false, 0});
    say(reader, packet_of(step, mqtt::Version::v5_0, 1));
    world.drop(reader);
  }
  publish(writer, GetParam().payload);
  const std::size_t heap_before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
  const std::int64_t charged_before = world.charged();
  for (int i = 0; i < messages; ++i) publish(writer, GetParam().payload);
  const auto heap = static_cast<double>(::mallinfo2().uordblks + ::mallinfo2().hblkhd - heap_before);
  const auto charged = static_cast<double>(world.charged() - charged_before);
  EXPECT_GT(charged, 0.8 * heap) << "charged " << charged << " of " << heap;
  EXPECT_LT(charged, 1.2 * heap) << "charged " << charged << " of " << heap;
  world.end();  // checks that nothing is charged when all sessions have ended
  EXPECT_EQ(world.charged(), 0);
}

INSTANTIATE_TEST_SUITE_P(Ledger, Charges,
                         testing::Values(Load{"small_messages_for_one", 10, 1},
                                         Load{"readings_for_one", 100, 1},
                                         Load{"large_messages_for_one", 5000, 1},
                                         Load{"small_messages_for_ten", 10, 10}),
                         [](const testing::TestParamInfo<Load>& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace mortise::broker
