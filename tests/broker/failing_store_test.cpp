// What a broker says while its store cannot keep anything: nothing, a refusal, or what the operator chose.
#include <gtest/gtest.h>

#include <optional>

#include "broker/broker.hpp"
#include "broker/kept_batches.hpp"
#include "broker/output.hpp"
#include "broker/quiet.hpp"
#include "broker/restorer.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"

namespace mortise::broker {
namespace {

class FailingStore : public testing::Test {
 protected:
  void start(Options::OnFailure on_failure) {
    Options options;
    options.on_failure = on_failure;
    shared.emplace(std::move(options), 1, &store, hooks, log);
    listener.name = "listener";
    listener.anonymous = true;
    broker.emplace(*shared, 0, now);
    Restorer{*shared}.finish({&*broker}, now);
    turn();
    recover();
    client = broker->on_open(listener, "192.0.2.1:1");
    mqtt::Connect connect;
    connect.version = mqtt::Version::v5_0;
    connect.client_id = "pump-7";
    connect.session_expiry_s = mqtt::session_never_expires;
    say(connect);
    recover();
    ASSERT_TRUE(take<mqtt::Connack>());
  }
  void TearDown() override { store.batches.clear(); }

  template <class Packet>
  void say(const Packet& packet, mqtt::Version version = mqtt::Version::v5_0) {
    mqtt::Buffer bytes;
    mqtt::encode(packet, version, bytes);
    broker->begin_turn(now);
    EXPECT_EQ(bytes.size(), broker->on_input(client, bytes).bytes);
    broker->end_turn();
  }
  // Somebody who is away, so that messages have to be kept.
  void subscribe() {
    const ClientKey publisher = client;
    client = broker->on_open(listener, "192.0.2.1:2");
    mqtt::Connect connect;
    connect.version = mqtt::Version::v5_0;
    connect.client_id = "display";
    connect.session_expiry_s = mqtt::session_never_expires;
    say(connect);
    mqtt::Subscribe packet;
    packet.packet_id = 1;
    packet.entries.push_back({"plant/#", {}});
    packet.entries.back().options.maximum_qos = mqtt::Qos::at_least_once;
    say(packet);
    recover();
    broker->begin_turn(now);
    broker->on_lost(client);
    broker->end_turn();
    recover();
    client = publisher;
  }
  void publish(mqtt::PacketId packet_id) {
    mqtt::Publish packet;
    packet.topic = "plant/7";
    packet.qos = mqtt::Qos::at_least_once;
    packet.packet_id = packet_id;
    say(packet);
  }
  void turn() {
    broker->begin_turn(now);
    broker->on_stored(shared->journal.line(Level::written), shared->journal.line(Level::synced));
    broker->end_turn();
  }
  void recover() {
    shared->journal.set_failing(false);
    if (!store.batches.empty()) shared->journal.durable(store.batches.back().sequence, Level::synced, 0);
    turn();
  }
  // The next packet sent to the client, if it is one of this type.
  template <class Packet>
  std::optional<Packet> take() {
    std::array<std::span<const std::uint8_t>, 16> parts;
    const std::size_t count = broker->output(client)->gather(parts);
    std::size_t written = 0;
    for (std::size_t i = 0; i < count; ++i) {
      sent.insert(sent.end(), parts[i].begin(), parts[i].end());
      written += parts[i].size();
    }
    broker->on_written(client, *broker->output(client), written);
    const auto frame = mqtt::read_frame(sent, SIZE_MAX);
    if (!frame || frame->size == 0) return {};
    const auto packet = mqtt::decode(*frame, mqtt::Version::v5_0);
    const Packet* found = packet ? std::get_if<Packet>(&*packet) : nullptr;
    std::optional<Packet> out;
    if (found) out = *found;
    sent.erase(sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(frame->size));
    return out;
  }

  KeptBatches store;
  QuietHooks hooks;
  QuietLog log;
  Listener listener;
  base::Now now{base::TimePoint{std::chrono::hours{1}}, base::from_unix_ms(1'800'000'000'000)};
  std::optional<Shared> shared;
  std::optional<Broker> broker;
  ClientKey client;
  std::vector<std::uint8_t> sent;
};

TEST_F(FailingStore, is_no_reason_to_acknowledge_what_was_handed_over_before_it_failed) {
  start(Options::OnFailure::refuse);
  subscribe();
  publish(1);
  shared->journal.set_failing(true);
  turn();
  EXPECT_FALSE(take<mqtt::Puback>());
  recover();
  const auto puback = take<mqtt::Puback>();
  ASSERT_TRUE(puback);
  EXPECT_EQ(mqtt::ReasonCode::success, puback->reason);
}

TEST_F(FailingStore, refuses_new_messages) {
  start(Options::OnFailure::refuse);
  subscribe();
  shared->journal.set_failing(true);
  publish(1);
  const auto puback = take<mqtt::Puback>();
  ASSERT_TRUE(puback);
  EXPECT_EQ(mqtt::ReasonCode::quota_exceeded, puback->reason);
}

// Its PINGREQ lies unread behind its PUBLISH.
// proves 3.1.1 MQTT-4.8.0-2
TEST_F(FailingStore, makes_a_3_1_1_publisher_wait_which_is_no_silence_of_its_own) {
  start(Options::OnFailure::refuse);
  subscribe();
  client = broker->on_open(listener, "192.0.2.1:3");
  mqtt::Connect connect;
  connect.version = mqtt::Version::v3_1_1;
  connect.client_id = "old";
  connect.clean_start = true;
  connect.keep_alive_s = 10;
  say(connect, mqtt::Version::v3_1_1);
  shared->journal.set_failing(true);
  mqtt::Buffer bytes;
  mqtt::Publish packet;
  packet.topic = "plant/7";
  packet.qos = mqtt::Qos::at_least_once;
  packet.packet_id = 1;
  mqtt::encode(packet, mqtt::Version::v3_1_1, bytes);
  broker->begin_turn(now);
  EXPECT_EQ(0U, broker->on_input(client, bytes).bytes);
  broker->end_turn();
  const auto pass = [&](std::chrono::seconds time) {
    now.monotonic += time;
    turn();
    return !broker->effects().close.empty();
  };
  EXPECT_FALSE(pass(std::chrono::seconds{20})) << "beyond its keep alive";
  EXPECT_TRUE(pass(std::chrono::seconds{11})) << "store.stall is over";
}

TEST_F(FailingStore, holds_nothing_back_if_the_operator_chose_memory) {
  start(Options::OnFailure::memory);
  subscribe();
  publish(1);
  EXPECT_FALSE(take<mqtt::Puback>()) << "the store has not failed yet";
  shared->journal.set_failing(true);
  turn();
  EXPECT_TRUE(take<mqtt::Puback>());
  publish(2);
  const auto puback = take<mqtt::Puback>();
  ASSERT_TRUE(puback);
  EXPECT_EQ(mqtt::ReasonCode::success, puback->reason);
  EXPECT_EQ(2, puback->packet_id);
  const std::uint64_t handed_over = store.batches.back().sequence;
  recover();
  publish(3);
  EXPECT_FALSE(take<mqtt::Puback>()) << "it keeps again, so it is waited for again";
  EXPECT_LT(handed_over, store.batches.back().sequence);
  recover();
  EXPECT_TRUE(take<mqtt::Puback>());
}

}  // namespace
}  // namespace mortise::broker
