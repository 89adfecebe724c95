// The client towards a remote: what it says, what it believes, and what ends it.
#include "remote.hpp"

#include <gtest/gtest.h>

#include "mqtt/decode.hpp"

namespace mortise::bridge {
namespace {

using namespace std::chrono_literals;

class Told final : public Remote::Events {
 public:
  std::vector<std::string> lines;
  bool takes = true;

  void on_connected(bool present) override { lines.push_back(present ? "connected again" : "connected"); }
  void on_refused(mqtt::ReasonCode reason) override {
    lines.push_back("refused " + std::string{mqtt::text_of(reason)});
  }
  void on_ended(mqtt::ReasonCode reason) override {
    lines.push_back("ended " + std::string{mqtt::text_of(reason)});
  }
  bool on_publish(const mqtt::Publish& packet) override {
    if (takes) lines.push_back("publish " + std::string{packet.topic});
    return takes;
  }
  bool on_pubrel(mqtt::PacketId id) override { return lines.push_back("pubrel " + std::to_string(id)), true; }
  void on_puback(mqtt::PacketId id, mqtt::ReasonCode) override {
    lines.push_back("puback " + std::to_string(id));
  }
  void on_pubrec(mqtt::PacketId id, mqtt::ReasonCode) override {
    lines.push_back("pubrec " + std::to_string(id));
  }
  void on_pubcomp(mqtt::PacketId id, mqtt::ReasonCode) override {
    lines.push_back("pubcomp " + std::to_string(id));
  }
  void on_suback(const mqtt::Suback& packet) override {
    lines.push_back("suback " + std::to_string(packet.packet_id));
  }
};

struct Talk {
  explicit Talk(LinkSettings chosen = {}, bool bridge_bit = true)
      : settings{std::move(chosen)}, remote{settings, "secret", bridge_bit, told} {
    remote.connect(now);
  }
  template <class Packet>
  void hear(const Packet& packet) {
    mqtt::Buffer bytes;
    mqtt::encode(packet, remote.version(), bytes);
    remote.on_bytes(bytes, now);
  }
  void let_in(mqtt::Connack packet = {}) {
    hear(packet);
    remote.output.clear();
  }
  LinkSettings settings;
  Told told;
  Remote::Clock::time_point now{100s};
  Remote remote;
};

LinkSettings link_of(bool is_v5) {
  LinkSettings settings;
  settings.client_id = "site-7";
  settings.username = "user";
  settings.is_v5 = is_v5;
  return settings;
}

mqtt::Publish message(mqtt::Qos qos = mqtt::Qos::at_most_once, mqtt::PacketId id = 0) {
  mqtt::Publish packet;
  packet.topic = "a";
  packet.qos = qos;
  packet.packet_id = id;
  return packet;
}

TEST(Remote, says_who_it_is) {
  Talk talk{link_of(true)};
  const auto frame = mqtt::read_frame(talk.remote.output, 1 << 20);
  const auto packet = mqtt::decode_as<mqtt::Connect>(*frame, mqtt::Version::v5_0);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->client_id, "site-7");
  EXPECT_EQ(packet->username, "user");
  EXPECT_FALSE(packet->clean_start);
  EXPECT_EQ(packet->receive_maximum, 64);
  EXPECT_EQ(packet->topic_alias_maximum, 0);
}

TEST(Remote, takes_packets_of_its_size_and_says_in_5_0_what_that_is) {
  LinkSettings small = link_of(true);
  small.packet_size = 2000;
  Talk talk{small};
  const auto frame = mqtt::read_frame(talk.remote.output, 1 << 20);
  EXPECT_EQ(mqtt::decode_as<mqtt::Connect>(*frame, mqtt::Version::v5_0)->maximum_packet_size, 2000U);
  talk.let_in();
  const mqtt::Buffer fits(1900, 'x'), does_not(2000, 'x');
  mqtt::Publish packet = message();
  packet.payload = fits;
  talk.hear(packet);
  EXPECT_EQ(talk.remote.failed(), "");
  packet.payload = does_not;
  talk.hear(packet);
  EXPECT_NE(talk.remote.failed().find("raise packet_size"), std::string::npos) << talk.remote.failed();
  EXPECT_EQ(talk.remote.fault(), mqtt::ReasonCode::packet_too_large);
  EXPECT_EQ(talk.told.lines, (std::vector<std::string>{"connected", "publish a"}));
}

TEST(Remote, says_in_3_1_1_that_it_is_a_bridge_unless_told_not_to) {
  const auto level = [](bool bit) { return Talk{link_of(false), bit}.remote.output[8]; };
  EXPECT_EQ(level(true), 0x84);
  EXPECT_EQ(level(false), 0x04);
}

TEST(Remote, hears_each_packet_a_server_sends) {
  Talk talk{link_of(true)};
  mqtt::Connack connack;
  connack.session_present = true;
  connack.receive_maximum = 7;
  connack.maximum_packet_size = 1000;
  connack.maximum_qos = mqtt::Qos::at_least_once;
  connack.retain_available = false;
  talk.let_in(connack);
  EXPECT_EQ(talk.remote.limits().receive_maximum, 7U);
  EXPECT_EQ(talk.remote.limits().maximum_packet_size, 1000U);
  EXPECT_EQ(talk.remote.limits().maximum_qos, 1);
  EXPECT_FALSE(talk.remote.limits().retain);
  talk.hear(message());
  talk.hear(mqtt::Puback{.packet_id = 1});
  talk.hear(mqtt::Pubrec{.packet_id = 2});
  talk.hear(mqtt::Pubcomp{.packet_id = 2});
  talk.hear(mqtt::Pubrel{.packet_id = 3});
  talk.hear(mqtt::Suback{.packet_id = 4, .reasons = {mqtt::ReasonCode::granted_qos_1}});
  talk.hear(mqtt::Pingresp{});
  EXPECT_EQ(talk.told.lines, (std::vector<std::string>{"connected again", "publish a", "puback 1", "pubrec 2",
                                                       "pubcomp 2", "pubrel 3", "suback 4"}));
  EXPECT_EQ(talk.remote.failed(), "");
}

TEST(Remote, hears_packets_that_come_byte_by_byte) {
  Talk talk{link_of(true)};
  mqtt::Buffer bytes;
  mqtt::encode(mqtt::Connack{}, mqtt::Version::v5_0, bytes);
  mqtt::encode(message(mqtt::Qos::at_least_once, 5), mqtt::Version::v5_0, bytes);
  for (const std::uint8_t& byte : bytes) talk.remote.on_bytes({&byte, 1}, talk.now);
  EXPECT_EQ(talk.told.lines, (std::vector<std::string>{"connected", "publish a"}));
}

TEST(Remote, keeps_what_is_not_taken_until_it_is) {
  Talk talk{link_of(true)};
  talk.let_in();
  talk.told.takes = false;
  talk.hear(message());
  talk.hear(mqtt::Puback{.packet_id = 1});
  EXPECT_TRUE(talk.remote.is_held());
  EXPECT_EQ(talk.told.lines, std::vector<std::string>{"connected"});
  talk.told.takes = true;
  talk.remote.resume(talk.now);
  EXPECT_FALSE(talk.remote.is_held());
  EXPECT_EQ(talk.told.lines, (std::vector<std::string>{"connected", "publish a", "puback 1"}));
}

TEST(Remote, a_refusal_is_told_with_its_reason) {
  Talk talk{link_of(true)};
  mqtt::Connack packet;
  packet.reason = mqtt::ReasonCode::bad_user_name_or_password;
  packet.reason_string = "who are you?";
  talk.hear(packet);
  EXPECT_EQ(talk.told.lines, std::vector<std::string>{"refused bad user name or password"});
  EXPECT_NE(talk.remote.failed().find("who are you?"), std::string::npos);
  EXPECT_FALSE(talk.remote.fault());
}

TEST(Remote, an_end_is_told_with_its_reason_and_is_no_refusal) {
  Talk talk{link_of(true)};
  talk.let_in();
  mqtt::Disconnect packet;
  packet.reason = mqtt::ReasonCode::server_shutting_down;
  packet.reason_string = "until noon";
  talk.hear(packet);
  EXPECT_EQ(talk.told.lines, (std::vector<std::string>{"connected", "ended server shutting down"}));
  EXPECT_NE(talk.remote.failed().find("until noon"), std::string::npos);
}

TEST(Remote, may_not_have_a_session_after_a_clean_start) {  // [MQTT-3.2.2-4]
  LinkSettings settings = link_of(true);
  settings.persistent = false;
  Talk talk{settings};
  mqtt::Connack packet;
  packet.session_present = true;
  talk.hear(packet);
  EXPECT_NE(talk.remote.failed().find("clean start"), std::string::npos);
  EXPECT_EQ(talk.remote.fault(), mqtt::ReasonCode::protocol_error);
}

TEST(Remote, may_not_go_beyond_our_receive_maximum) {
  LinkSettings settings = link_of(true);
  settings.inflight = 2;
  Talk talk{settings};
  talk.let_in();
  talk.hear(message(mqtt::Qos::at_least_once, 1));
  talk.hear(message(mqtt::Qos::exactly_once, 2));
  talk.hear(message(mqtt::Qos::exactly_once, 2));  // again, which is none more
  EXPECT_EQ(talk.remote.failed(), "");
  talk.remote.puback(1, {});
  talk.hear(message(mqtt::Qos::at_least_once, 3));
  EXPECT_EQ(talk.remote.failed(), "");
  talk.hear(message(mqtt::Qos::at_least_once, 4));
  EXPECT_NE(talk.remote.failed().find("receive maximum"), std::string::npos);
}

TEST(Remote, of_3_1_1_is_found_out_and_the_operator_told) {
  Talk talk{link_of(true)};
  const std::uint8_t connack[] = {0x20, 0x02, 0x00, 0x00};
  talk.remote.on_bytes(connack, talk.now);
  EXPECT_NE(talk.remote.failed().find("version: \"3.1.1\" speaks the older protocol"), std::string::npos)
      << talk.remote.failed();
}

TEST(Remote, in_3_1_1_nothing_more_is_said_to_one_that_is_wrong) {
  Talk talk{link_of(false)};
  talk.let_in();
  const std::uint8_t garbage[] = {0x00, 0x00};
  talk.remote.on_bytes(garbage, talk.now);
  EXPECT_NE(talk.remote.failed().find("the port of an MQTT broker"), std::string::npos)
      << talk.remote.failed();
  EXPECT_EQ(talk.remote.fault(), mqtt::ReasonCode::malformed_packet);
  EXPECT_TRUE(talk.remote.output.empty());
}

TEST(Remote, pings_when_it_is_silent_and_gives_up_one_that_does_not_answer) {
  Talk talk{link_of(true)};
  talk.let_in();
  EXPECT_TRUE(talk.remote.on_time(talk.now + 29s));
  EXPECT_TRUE(talk.remote.output.empty());
  EXPECT_TRUE(talk.remote.on_time(talk.now + 31s));
  EXPECT_EQ(talk.remote.output, (mqtt::Buffer{0xc0, 0}));
  EXPECT_TRUE(talk.remote.on_time(talk.now + 90s));
  EXPECT_FALSE(talk.remote.on_time(talk.now + 92s));
}

TEST(Remote, that_sends_is_alive_though_its_answer_to_a_ping_is_late) {
  Talk talk{link_of(true)};
  talk.let_in();
  EXPECT_TRUE(talk.remote.on_time(talk.now + 31s));
  talk.now += 80s;
  talk.hear(message());
  EXPECT_TRUE(talk.remote.on_time(talk.now + 55s));
  EXPECT_FALSE(talk.remote.on_time(talk.now + 61s));
}

TEST(Remote, pings_though_it_sends_as_long_as_nothing_comes_back) {
  Talk talk{link_of(true)};
  talk.let_in();
  talk.remote.wrote(talk.now + 59s);
  EXPECT_TRUE(talk.remote.on_time(talk.now + 61s));
  EXPECT_EQ(talk.remote.output, (mqtt::Buffer{0xc0, 0}));
  talk.hear(mqtt::Pingresp{});
  EXPECT_TRUE(talk.remote.on_time(talk.now + 200s));
}

TEST(Remote, goes_by_the_keep_alive_the_remote_wants) {
  Talk talk{link_of(true)};
  mqtt::Connack packet;
  packet.server_keep_alive_s = 10;
  talk.let_in(packet);
  EXPECT_TRUE(talk.remote.on_time(talk.now + 6s));
  EXPECT_EQ(talk.remote.output, (mqtt::Buffer{0xc0, 0}));
}

TEST(Remote, asks_a_5_0_remote_for_nothing_of_its_own) {
  Talk talk{link_of(true)};
  talk.let_in();
  Route route;
  route.filter = "#";
  route.remote_prefix = "i/";
  route.qos = 2;
  talk.remote.subscribe(77, {route}, true);
  const auto frame = mqtt::read_frame(talk.remote.output, 1 << 20);
  const auto packet = mqtt::decode_as<mqtt::Subscribe>(*frame, mqtt::Version::v5_0);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->packet_id, 77);
  EXPECT_EQ(packet->entries[0].filter, "i/#");
  EXPECT_TRUE(packet->entries[0].options.no_local);
  EXPECT_TRUE(packet->entries[0].options.retain_as_published);
  EXPECT_EQ(packet->entries[0].options.retain_handling, mqtt::RetainHandling::send_if_new);
}

}  // namespace
}  // namespace mortise::bridge
