// What interceptors answer later: the packet waits, each plugin is asked once, and what comes of it is the
// same as if they had answered at once.
#include "host/later.hpp"

namespace mortise::host {
namespace {

constexpr int success = 0;
constexpr int implementation_specific = 0x83;

struct Shape {
  const char* name;
  mqtt::Version version;
  mqtt::Qos qos;
};
void PrintTo(const Shape& row, std::ostream* out) { *out << row.name; }
class Intercepted : public testing::TestWithParam<Shape> {};

TEST_P(Intercepted, waits_is_shown_once_and_keeps_its_place) {
  Rig rig{"  - {name: a, library: puppet}"};
  Interceptor plugin{rig.strings()};
  rig.run();
  auto& watcher = rig.connect("watcher");
  rig.subscribe(watcher, "#");
  auto& client = rig.connect("x", {}, {}, GetParam().version);
  rig.publish(client, "t", "1", GetParam().qos);
  rig.publish(client, "t", "2", GetParam().qos);
  rig.turn();
  EXPECT_EQ(std::vector<std::string>{"t=1"}, plugin.seen) << "the second waits behind the first";
  EXPECT_TRUE(rig.messages(watcher).empty());
  ASSERT_EQ(MORTISE_OK, plugin.change());
  ASSERT_TRUE(rig.turn_until([&] { return plugin.seen.size() == 2; }));
  ASSERT_EQ(MORTISE_OK, plugin.answer(MORTISE_PASS));
  ASSERT_TRUE(rig.turn_until([&] { return rig.messages(watcher).size() == 2; }));
  EXPECT_EQ((std::vector<std::string>{"changed=1+", "t=2"}), rig.messages(watcher));
  EXPECT_EQ((std::vector<std::string>{"t=1", "t=2"}), plugin.seen);
  const bool is_acknowledged = GetParam().qos != mqtt::Qos::at_most_once;
  const auto type =
      GetParam().qos == mqtt::Qos::exactly_once ? mqtt::PacketType::pubrec : mqtt::PacketType::puback;
  EXPECT_EQ(is_acknowledged ? 2U : 0U, rig.reasons(client, type).size());
  EXPECT_EQ(0U, rig.status().faults);
}

INSTANTIATE_TEST_SUITE_P(Waiting, Intercepted,
                         testing::Values(Shape{"v3_qos_0", mqtt::Version::v3_1_1, mqtt::Qos::at_most_once},
                                         Shape{"v3_qos_1", mqtt::Version::v3_1_1, mqtt::Qos::at_least_once},
                                         Shape{"v3_qos_2", mqtt::Version::v3_1_1, mqtt::Qos::exactly_once},
                                         Shape{"v5_qos_0", mqtt::Version::v5_0, mqtt::Qos::at_most_once},
                                         Shape{"v5_qos_1", mqtt::Version::v5_0, mqtt::Qos::at_least_once},
                                         Shape{"v5_qos_2", mqtt::Version::v5_0, mqtt::Qos::exactly_once}),
                         [](const auto& row) { return row.param.name; });

TEST(Waiting, what_an_interceptor_makes_of_a_message_is_authorised_which_may_wait_too) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}"};
  Interceptor interceptor{rig.strings("a")};
  Authoriser authoriser{rig.strings("b"), {MORTISE_PUBLISH, MORTISE_RETAIN}};
  rig.run();
  auto& client = rig.connect("x");
  auto& watcher = rig.connect("watcher");
  rig.subscribe(watcher, "#");
  rig.publish(client, "t", "1", mqtt::Qos::at_least_once, true);
  EXPECT_TRUE(authoriser.seen.empty());
  ASSERT_EQ(MORTISE_OK, interceptor.change());
  ASSERT_TRUE(rig.turn_until([&] { return authoriser.seen.size() == 1; }));
  ASSERT_EQ(MORTISE_OK, authoriser.answer(MORTISE_ALLOW));
  ASSERT_TRUE(rig.turn_until([&] { return authoriser.seen.size() == 2; }));
  EXPECT_TRUE(pubacks(rig, client).empty());
  ASSERT_EQ(MORTISE_OK, authoriser.answer(MORTISE_ALLOW));
  ASSERT_TRUE(rig.turn_until([&] { return !pubacks(rig, client).empty(); }));
  EXPECT_EQ((std::vector<std::string>{std::to_string(MORTISE_PUBLISH) + " x changed",
                                      std::to_string(MORTISE_RETAIN) + " x changed"}),
            authoriser.seen);
  EXPECT_EQ(1U, interceptor.seen.size()) << "the packet was decoded again, and asked about only once";
  EXPECT_EQ(std::vector<std::string>{"changed=1+"}, rig.messages(watcher));
}

TEST(Waiting, a_chain_goes_on_with_what_the_one_before_has_made_of_the_message) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}\n  - {name: c, library: puppet}"};
  Interceptor first{rig.strings("a")}, second{rig.strings("b")}, third{rig.strings("c")};
  first.mark = "a", second.mark = "b", third.mark = "c";
  first.at_once = true;
  rig.run();
  auto& client = rig.connect("x");
  auto& watcher = rig.connect("watcher");
  rig.subscribe(watcher, "#");
  rig.publish(client, "t", "1");
  EXPECT_EQ(std::vector<std::string>{"changed=1a"}, second.seen);
  ASSERT_EQ(MORTISE_OK, second.change());
  ASSERT_TRUE(rig.turn_until([&] { return third.seen.size() == 1; }));
  EXPECT_EQ(std::vector<std::string>{"changed=1ab"}, third.seen);
  ASSERT_EQ(MORTISE_OK, third.answer(MORTISE_PASS));
  ASSERT_TRUE(rig.turn_until([&] { return !rig.messages(watcher).empty(); }));
  EXPECT_EQ(std::vector<std::string>{"changed=1ab"}, rig.messages(watcher));
  EXPECT_EQ(3U, first.seen.size() + second.seen.size() + third.seen.size());
}

// Attached twice, with one filter for what the message was and one for what it becomes.
TEST(Waiting, a_change_of_topic_does_not_show_the_message_to_the_same_plugin_again) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}"};
  Interceptor twice{rig.strings("a")}, between{rig.strings("b")};
  twice.strings.start = [&](auto, auto) {
    for (const auto& [filter, priority] : {std::pair{"old/#", -1}, std::pair{"new/#", 1}}) {
      const std::vector<mortise_str_t> filters{{filter, 5}};
      auto how = wish({}, filters);
      how.priority = priority;
      EXPECT_EQ(MORTISE_OK, twice.strings.attach(MORTISE_INTERCEPT, &how));
    }
    return mortise_answer_t{MORTISE_ALLOW};
  };
  twice.topic = "old/x", between.topic = "new/x";
  twice.at_once = true;
  rig.run();
  auto& client = rig.connect("x");
  auto& watcher = rig.connect("watcher");
  rig.subscribe(watcher, "#");
  rig.publish(client, "old/1", "1");
  ASSERT_EQ(1U, between.seen.size());
  ASSERT_EQ(MORTISE_OK, between.change());
  ASSERT_TRUE(rig.turn_until([&] { return !rig.messages(watcher).empty(); }));
  EXPECT_EQ(std::vector<std::string>{"new/x=1++"}, rig.messages(watcher));
  EXPECT_EQ(1U, twice.seen.size());
}

TEST(Waiting, a_repeated_qos_2_message_that_was_taken_is_not_shown_again) {
  Rig rig{"  - {name: a, library: puppet}"};
  Interceptor plugin{rig.strings()};
  rig.run();
  auto& client = rig.connect("x");
  mqtt::Publish packet;
  packet.topic = "t";
  packet.qos = mqtt::Qos::exactly_once;
  packet.packet_id = 7;
  rig.send(client, packet);
  packet.dup = true;
  rig.send(client, packet);
  ASSERT_EQ(MORTISE_OK, plugin.answer(MORTISE_PASS));
  ASSERT_TRUE(rig.turn_until([&] { return !rig.reasons(client, mqtt::PacketType::pubrec).empty(); }));
  rig.send(client, packet);
  rig.turn();
  EXPECT_EQ(1U, plugin.seen.size());
  EXPECT_EQ(std::vector(3, success), rig.reasons(client, mqtt::PacketType::pubrec));
}

struct Late {
  const char* name;
  mortise_answer_t said;
  std::uint8_t reason;
  std::vector<int> pubacks;
  std::vector<int> disconnects;
};
void PrintTo(const Late& row, std::ostream* out) { *out << row.name; }
class LateAnswer : public testing::TestWithParam<Late> {};

TEST_P(LateAnswer, of_an_interceptor_is_followed) {
  Rig rig{"  - {name: a, library: puppet}"};
  Interceptor plugin{rig.strings()};
  rig.run();
  auto& watcher = rig.connect("watcher");
  rig.subscribe(watcher, "#");
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  ASSERT_EQ(MORTISE_OK, plugin.answer(GetParam().said, GetParam().reason));
  ASSERT_TRUE(rig.turn_until([&] {
    return pubacks(rig, client) == GetParam().pubacks &&
           rig.reasons(client, mqtt::PacketType::disconnect) == GetParam().disconnects;
  }));
  EXPECT_TRUE(rig.messages(watcher).empty());
  EXPECT_EQ(0U, rig.status().faults);
}

INSTANTIATE_TEST_SUITE_P(Waiting, LateAnswer,
                         testing::Values(Late{"drop", MORTISE_DROP, 0, {success}, {}},
                                         Late{"deny", MORTISE_DENY, 0, {implementation_specific}, {}},
                                         Late{"deny_with_a_reason", MORTISE_DENY, 0x97, {0x97}, {}},
                                         Late{"disconnect", MORTISE_DISCONNECT, 0x96, {}, {0x96}}),
                         [](const auto& row) { return row.param.name; });

TEST(Waiting, at_the_deadline_an_interceptor_passes_and_is_told) {
  Rig rig{"  - {name: a, library: puppet, hooks: {intercept: {deadline: 20ms}}}"};
  Interceptor plugin{rig.strings()};
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "#");
  rig.publish(client, "t", "1");
  ASSERT_TRUE(rig.turn_until([&] { return !rig.messages(client).empty(); }));
  EXPECT_EQ(std::vector<std::string>{"t=1"}, rig.messages(client));
  EXPECT_EQ(static_cast<std::uint32_t>(MORTISE_CANCEL_DEADLINE), plugin.cancelled);
  EXPECT_EQ(MORTISE_E_LATE, plugin.answer(MORTISE_DROP));
}

TEST(Waiting, the_message_of_a_client_that_goes_is_not_published) {
  Rig rig{"  - {name: a, library: puppet}"};
  Interceptor plugin{rig.strings()};
  rig.run();
  auto& watcher = rig.connect("watcher");
  rig.subscribe(watcher, "#");
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  rig.lose(client);
  EXPECT_EQ(static_cast<std::uint32_t>(MORTISE_CANCEL_CLIENT_GONE), plugin.cancelled);
  EXPECT_EQ(MORTISE_E_LATE, plugin.answer(MORTISE_PASS));
  rig.turn();
  EXPECT_TRUE(rig.messages(watcher).empty());
}

TEST(Waiting, who_takes_a_session_over_asks_anew_and_the_old_answer_is_nobodys) {
  Rig rig{"  - {name: a, library: puppet}"};
  Interceptor plugin{rig.strings()};
  rig.run();
  auto& watcher = rig.connect("watcher");
  rig.subscribe(watcher, "#");
  auto& before = rig.connect("x");
  rig.publish(before, "t", "old");
  const mortise_token_t old = plugin.token;
  plugin.strings.cancelled = nullptr;
  auto& after = rig.connect("x");
  ASSERT_EQ(std::vector{success}, connacks(rig, after));
  const mortise_host_t* const host = plugin.strings.host;
  EXPECT_EQ(MORTISE_OK, host->answer(host, old, MORTISE_DROP, nullptr)) << "its connection is not gone yet";
  rig.lose(before);
  EXPECT_EQ(1U, rig.status().late_answers);
  EXPECT_TRUE(pubacks(rig, before).empty());
  rig.publish(after, "t", "new");
  ASSERT_EQ((std::vector<std::string>{"t=old", "t=new"}), plugin.seen);
  ASSERT_EQ(MORTISE_OK, plugin.answer(MORTISE_PASS));
  ASSERT_TRUE(rig.turn_until([&] { return !rig.messages(watcher).empty(); }));
  EXPECT_EQ(std::vector<std::string>{"t=new"}, rig.messages(watcher));
}

TEST(Waiting, stop_settles_what_an_interceptor_owes) {
  Rig rig{"  - {name: a, library: puppet}"};
  Interceptor plugin{rig.strings()};
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  rig.stop();
  EXPECT_EQ(static_cast<std::uint32_t>(MORTISE_CANCEL_DRAIN), plugin.cancelled);
}

TEST(Waiting, an_interceptor_on_its_strand_changes_messages) {
  Rig rig{"  - {name: a, library: puppet_on_strand}"};
  Interceptor plugin{rig.strings()};
  plugin.at_once = true;
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "#");
  rig.publish(client, "t", "1");
  rig.publish(client, "t", "2");
  ASSERT_TRUE(rig.turn_until([&] { return rig.messages(client).size() == 2; }));
  EXPECT_EQ((std::vector<std::string>{"changed=1+", "changed=2+"}), rig.messages(client));
}

}  // namespace
}  // namespace mortise::host
