// A client whose will is thought about, wherever its CONNECT lies meanwhile.
#include <gtest/gtest.h>

#include "broker/broker.hpp"
#include "broker/output.hpp"
#include "broker/quiet.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"

namespace mortise::broker {
namespace {

// Answers questions about wills later, and whatever else is asked by "yes".
class ThinkingHooks : public QuietHooks {
 public:
  ThinkingHooks() { wanted_.authorise[static_cast<std::size_t>(Action::will)] = true; }
  const Wanted& wanted(std::uint32_t) const override { return wanted_; }
  Answer authorise(const ClientFacts& client, const Access& access, Question question, base::Now) override {
    asked.push_back(std::string{client.client_id} + ' ' + std::string{access.topic});
    last = question;
    return answer_of(Decision::pending);
  }
  void cancel(const Question&) override { ++cancelled; }

  static Answer answer_of(Decision decision) {
    Answer answer;
    answer.decision = decision;
    return answer;
  }

  std::vector<std::string> asked;
  Question last;
  int cancelled = 0;

 private:
  Wanted wanted_;
};

class Admission : public testing::Test {
 protected:
  Admission() {
    listener.name = "listener";
    listener.anonymous = true;
  }
  static Options without_store() {
    Options options;
    options.acknowledge_default = options.session_store = Level::memory;
    return options;
  }
  static mqtt::Connect connect() {
    mqtt::Connect packet;
    packet.version = mqtt::Version::v5_0;
    packet.client_id = "pump-7";
    packet.authentication_method = "riddle";
    packet.will.emplace();
    packet.will->topic = "wills/pump-7";
    return packet;
  }
  template <class Step>
  void turn(Step step) {
    broker.begin_turn(now);
    step();
    broker.end_turn();
    broker.effects().clear();
  }
  // What CONNACK says; empty: there is none.
  std::optional<mqtt::ReasonCode> connack(ClientKey client) {
    Output* const output = broker.output(client);
    std::array<std::span<const std::uint8_t>, 4> parts;
    if (!output || output->gather(parts) == 0) return {};
    const auto frame = mqtt::read_frame(parts[0], UINT32_MAX);
    if (!frame || frame->type != mqtt::PacketType::connack) return {};
    return mqtt::decode_as<mqtt::Connack>(*frame, mqtt::Version::v5_0)->reason;
  }
  // One that has moved here after its AUTH packets.
  ClientKey arrive() {
    Move move;
    move.listener = &listener;
    move.address = "192.0.2.1:1";
    move.answer = ThinkingHooks::answer_of(Decision::allow);
    mqtt::encode(connect(), mqtt::Version::v5_0, move.connect);
    ClientKey client;
    turn([&] { client = broker.on_arrival(std::move(move)); });
    return client;
  }

  const base::Now now{base::TimePoint{std::chrono::hours{1}}, base::WallTime{std::chrono::hours{1}}};
  ThinkingHooks hooks;
  QuietLog log;
  Shared shared{without_store(), 1, nullptr, hooks, log};
  Listener listener;
  Broker broker{shared, 0, now};
};

TEST_F(Admission, of_one_that_has_moved_here_goes_on_with_the_answer_and_needs_no_more_bytes) {
  const ClientKey client = arrive();
  EXPECT_EQ(std::vector<std::string>{"pump-7 wills/pump-7"}, hooks.asked);
  EXPECT_FALSE(connack(client));
  EXPECT_FALSE(broker.wants_input(client));
  turn([&] { EXPECT_TRUE(broker.on_answer(hooks.last, ThinkingHooks::answer_of(Decision::allow))); });
  EXPECT_EQ(mqtt::ReasonCode::success, connack(client));
  EXPECT_TRUE(broker.wants_input(client));
  EXPECT_EQ(1U, hooks.asked.size());
  turn([&] { EXPECT_FALSE(broker.on_answer(hooks.last, ThinkingHooks::answer_of(Decision::deny))); });
}

TEST_F(Admission, of_one_that_has_moved_here_may_be_refused) {
  const ClientKey client = arrive();
  turn([&] { EXPECT_TRUE(broker.on_answer(hooks.last, ThinkingHooks::answer_of(Decision::disconnect))); });
  EXPECT_EQ(mqtt::ReasonCode::not_authorized, connack(client));
  turn([&] { broker.on_lost(client); });
  EXPECT_EQ(0U, broker.sessions());
  EXPECT_EQ(0U, listener.half_open);
}

TEST_F(Admission, ends_with_the_connection) {
  const ClientKey client = arrive();
  turn([&] { broker.on_lost(client); });
  EXPECT_EQ(1, hooks.cancelled);
  turn([&] { EXPECT_FALSE(broker.on_answer(hooks.last, ThinkingHooks::answer_of(Decision::allow))); });
  EXPECT_EQ(0U, broker.sessions());
  EXPECT_EQ(0U, broker.clients());
}

}  // namespace
}  // namespace mortise::broker
