// Whether a message may be kept as retained and a will left, answered later: PUBLISH and CONNECT wait.
#include "host/later.hpp"

namespace mortise::host {
namespace {

constexpr int success = 0;
constexpr int not_authorized = 0x87;

struct Keeping {
  const char* name;
  mortise_answer_t said;
  bool is_kept;
};
void PrintTo(const Keeping& row, std::ostream* out) { *out << row.name; }
class Retained : public testing::TestWithParam<Keeping> {};

TEST_P(Retained, waits_for_who_may_keep_it_and_is_delivered_either_way) {
  Rig rig{"  - {name: a, library: puppet}"};
  Authoriser plugin{rig.strings(), {MORTISE_RETAIN}};
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "#");
  rig.publish(client, "t", "not retained");
  rig.publish(client, "t", "retained", mqtt::Qos::at_least_once, true);
  EXPECT_EQ(1U, pubacks(rig, client).size());
  ASSERT_EQ(MORTISE_OK, plugin.answer(GetParam().said));
  ASSERT_TRUE(rig.turn_until([&] { return pubacks(rig, client).size() == 2; }));
  EXPECT_EQ((std::vector<std::string>{"t=not retained", "t=retained"}), rig.messages(client));
  auto& later = rig.connect("later");
  rig.subscribe(later, "#");
  EXPECT_EQ(GetParam().is_kept ? 1U : 0U, rig.messages(later).size());
  EXPECT_EQ(1U, plugin.seen.size());
}

INSTANTIATE_TEST_SUITE_P(Waiting, Retained,
                         testing::Values(Keeping{"allow", MORTISE_ALLOW, true},
                                         Keeping{"pass", MORTISE_PASS, true},
                                         Keeping{"deny", MORTISE_DENY, false},
                                         Keeping{"disconnect", MORTISE_DISCONNECT, false}),
                         [](const auto& row) { return row.param.name; });

struct Leaving {
  const char* name;
  mortise_answer_t said;
  std::uint8_t reason;
  int connack;
  bool is_sent;
};
void PrintTo(const Leaving& row, std::ostream* out) { *out << row.name; }
class Will : public testing::TestWithParam<Leaving> {};

TEST_P(Will, is_asked_about_at_connect_which_waits) {
  Rig rig{"  - {name: a, library: puppet}"};
  Authoriser plugin{rig.strings(), {MORTISE_WILL}};
  rig.run();
  auto& watcher = rig.connect("watcher");
  rig.subscribe(watcher, "#");
  auto& client = rig.connect(with_will("x"));
  EXPECT_EQ(std::vector<std::string>{std::to_string(MORTISE_WILL) + " x wills/x"}, plugin.seen);
  rig.turn();
  EXPECT_TRUE(connacks(rig, client).empty());
  ASSERT_EQ(MORTISE_OK, plugin.answer(GetParam().said, GetParam().reason));
  ASSERT_TRUE(rig.turn_until([&] { return !connacks(rig, client).empty(); }));
  EXPECT_EQ(std::vector{GetParam().connack}, connacks(rig, client));
  rig.lose(client);
  rig.turn();
  EXPECT_EQ(GetParam().is_sent ? 1U : 0U, rig.messages(watcher).size());
  EXPECT_EQ(1U, plugin.seen.size()) << "and not when it is due";
  EXPECT_EQ(GetParam().said == MORTISE_DENY, rig.log.has("denied will")) << rig.log.all();
  EXPECT_EQ(0U, rig.status().faults);
}

INSTANTIATE_TEST_SUITE_P(Waiting, Will,
                         testing::Values(Leaving{"allow", MORTISE_ALLOW, 0, success, true},
                                         Leaving{"pass", MORTISE_PASS, 0, success, true},
                                         Leaving{"deny", MORTISE_DENY, 0, success, false},
                                         Leaving{"disconnect", MORTISE_DISCONNECT, 0, not_authorized, false},
                                         Leaving{"disconnect_with_a_reason_of_connack", MORTISE_DISCONNECT,
                                                 0x8A, 0x8A, false}),
                         [](const auto& row) { return row.param.name; });

TEST(Waiting, while_a_will_is_thought_about_the_session_of_that_name_goes_on) {
  Rig rig{"  - {name: a, library: puppet}"};
  Authoriser plugin{rig.strings(), {MORTISE_WILL}};
  rig.run();
  auto& before = rig.connect("x");
  auto& after = rig.connect(with_will("x"));
  rig.subscribe(before, "#");
  rig.publish(before, "t", "1");
  EXPECT_EQ(std::vector<std::string>{"t=1"}, rig.messages(before));
  ASSERT_EQ(MORTISE_OK, plugin.answer(MORTISE_ALLOW));
  ASSERT_TRUE(rig.turn_until([&] { return !connacks(rig, after).empty(); }));
  EXPECT_EQ(std::vector{0x8E}, rig.reasons(before, mqtt::PacketType::disconnect)) << "taken over";
}

TEST(Waiting, a_client_that_goes_while_its_will_is_thought_about_leaves_none) {
  Rig rig{"  - {name: a, library: puppet}"};
  Authoriser plugin{rig.strings(), {MORTISE_WILL}};
  rig.run();
  auto& watcher = rig.connect("watcher");
  rig.subscribe(watcher, "#");
  auto& client = rig.connect(with_will("x"));
  rig.lose(client);
  EXPECT_EQ(static_cast<std::uint32_t>(MORTISE_CANCEL_CLIENT_GONE), plugin.cancelled);
  EXPECT_EQ(MORTISE_E_LATE, plugin.answer(MORTISE_ALLOW));
  rig.turn();
  EXPECT_TRUE(rig.messages(watcher).empty());
  EXPECT_EQ(1U, rig.broker->sessions());
}

// The AUTH that ends an authentication waits in the place of the CONNECT it completes.
TEST(Waiting, a_will_may_wait_after_an_enhanced_authentication) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}"};
  Authoriser plugin{rig.strings("a"), {MORTISE_WILL}};
  int steps = 0;
  rig.strings("b").start = [&](auto, auto) {
    EXPECT_EQ(MORTISE_OK, rig.strings("b").attach(MORTISE_AUTHENTICATE));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.strings("b").exchange = [&](mortise_call_t* call, auto) {
    auto verdict = verdict_of();
    verdict.authentication_data = {reinterpret_cast<const std::uint8_t*>("?"), 1};
    return rig.strings("b").host->reply(call, ++steps == 1 ? MORTISE_CONTINUE : MORTISE_ALLOW, &verdict);
  };
  rig.run();
  const std::string client_id = "x";  // the packet is a view
  mqtt::Connect packet = with_will(client_id);
  packet.authentication_method = "riddle";
  auto& client = rig.connect(packet);
  mqtt::Auth answer;
  answer.reason = mqtt::ReasonCode::continue_authentication;
  answer.authentication_method = "riddle";
  rig.send(client, answer);
  rig.subscribe(client, "#");
  EXPECT_EQ(2, steps);
  EXPECT_EQ(1U, plugin.seen.size());
  EXPECT_TRUE(connacks(rig, client).empty());
  ASSERT_EQ(MORTISE_OK, plugin.answer(MORTISE_ALLOW));
  ASSERT_TRUE(rig.turn_until([&] { return !rig.reasons(client, mqtt::PacketType::suback).empty(); }));
  EXPECT_EQ(std::vector{success}, connacks(rig, client));
  EXPECT_EQ(2, steps);
}

}  // namespace
}  // namespace mortise::host
