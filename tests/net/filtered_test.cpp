// Connections with filters on real sockets: traffic, back-pressure, moves, and all their ends.
#include "net/fake_filter.hpp"
#include "net/served.hpp"

namespace mortise::net {
namespace {

using Filtered = OnLoops;
MORTISE_ON_ONE_AND_THREE_LOOPS(Filtered);

Filters one_fake(const Peer&) {
  Filters filters;
  filters.push_back(std::make_unique<FakeFilter>());
  return filters;
}
Filters two_fakes(const Peer& peer) {
  Filters filters = one_fake(peer);
  filters.push_back(std::make_unique<FakeFilter>());
  return filters;
}

// A client behind a fake filter, and what it hears beside packets.
struct Sealed {
  explicit Sealed(std::uint16_t port, int receive_buffer = 0)
      : skin{std::make_shared<FakeSkin>()}, client{port, {.receive_buffer = receive_buffer, .skin = skin}} {}
  std::shared_ptr<FakeSkin> skin;
  SocketClient client;

  bool say(std::string_view letters) {
    mqtt::Buffer raw;
    for (const char letter : letters) fake_say(letter, raw);
    return client.send_raw(raw);
  }
};

Sealed connected(std::uint16_t port, std::string_view client_id, int receive_buffer = 0) {
  Sealed made{port, receive_buffer};
  EXPECT_EQ(made.client.connect(client_id, Served::clean()), mqtt::ReasonCode::success) << client_id;
  return made;
}

mqtt::Buffer connect_packet(SocketClient& client, std::string_view client_id) {
  mqtt::Connect packet = Served::clean();
  packet.client_id = client_id;
  return client.encoded(packet);
}

TEST_P(Filtered, messages_go_both_ways_through_filters_on_every_loop) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(one_fake);
  served.start();
  SocketClient plain = served.connected("plain");
  ASSERT_TRUE(plain.subscribe("up", mqtt::Qos::at_most_once));
  for (std::uint32_t loop = 0; loop < 3; ++loop) {
    Sealed sealed = connected(port, served.client_id_on(loop, "sealed"));
    ASSERT_TRUE(sealed.client.subscribe("down", mqtt::Qos::at_most_once));
    ASSERT_TRUE(sealed.client.send(publish_of("up", bytes_of("from below"))));
    const auto* up = plain.receive_as<mqtt::Publish>();
    ASSERT_NE(up, nullptr);
    EXPECT_EQ(text_of(up->payload), "from below");
    ASSERT_TRUE(plain.send(publish_of("down", bytes_of("from above"))));
    const auto* down = sealed.client.receive_as<mqtt::Publish>();
    ASSERT_NE(down, nullptr);
    EXPECT_EQ(text_of(down->payload), "from above");
  }
}

TEST_P(Filtered, a_connection_is_understood_wherever_the_network_cuts_it) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(one_fake);
  served.start();
  SocketClient reader = served.connected("reader");
  ASSERT_TRUE(reader.subscribe("cut", mqtt::Qos::at_most_once));
  FakeSkin skin;
  mqtt::Buffer stream = connect_packet(reader, "writer");
  const mqtt::Buffer packet = reader.encoded(publish_of("cut", bytes_of("whole")));
  stream.insert(stream.end(), packet.begin(), packet.end());
  stream = skin.seal(stream);
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    Sealed writer{port};
    ASSERT_TRUE(writer.client.send_raw(mqtt::Bytes{stream}.first(cut)));
    std::this_thread::sleep_for(1ms);  // makes it likely that the pieces are read one by one
    ASSERT_TRUE(writer.client.send_raw(mqtt::Bytes{stream}.subspan(cut)));
    const auto* heard = reader.receive_as<mqtt::Publish>();
    ASSERT_TRUE(heard && text_of(heard->payload) == "whole") << "cut at " << cut;
  }
}

TEST_P(Filtered, large_payloads_arrive_whole_and_a_slow_reader_costs_no_more_than_the_limits) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(one_fake);
  served.start();
  Sealed reader = connected(port, served.client_id_on(0, "slow"), 16 * 1024);
  ASSERT_TRUE(reader.client.subscribe("large", mqtt::Qos::at_most_once));
  Sealed writer = connected(port, served.client_id_on(1, "writer"));
  constexpr int messages = 12;
  std::string payload(512 * 1024, 'x');
  for (std::size_t at = 0; at < payload.size(); at += 97) payload[at] = static_cast<char>('a' + at % 26);
  for (int i = 0; i < messages; ++i)
    ASSERT_TRUE(writer.client.send(publish_of("large", bytes_of(payload), mqtt::Qos::at_least_once,
                                              static_cast<mqtt::PacketId>(i + 1))));
  for (int i = 0; i < messages; ++i) ASSERT_NE(writer.client.receive_as<mqtt::Puback>(), nullptr);
  // One payload in Output, and what may be sealed of it: 64 KiB and one piece, doubled by this filter.
  EXPECT_LE(served.charged(broker::Account::connection), 1024 * 1024);
  for (int i = 0; i < messages; ++i) {
    const auto* heard = reader.client.receive_as<mqtt::Publish>();
    ASSERT_NE(heard, nullptr);
    ASSERT_TRUE(text_of(heard->payload) == payload) << "message " << i;
  }
}

TEST_P(Filtered, nothing_is_charged_to_anybody_after_all_have_gone) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(two_fakes);
  served.start();
  const std::uint16_t single = served.open_door(one_fake);
  {
    std::vector<Sealed> clients;
    for (int i = 0; i < 30; ++i) clients.push_back(connected(single, "client-" + std::to_string(i)));
    for (int i = 0; i < 30; i += 5) {
      clients[i].say("i");
      clients[i + 1].client.reset();
      clients[i + 2].say("q");
      clients[i + 3].say("!");
      clients[i + 4].client.send(mqtt::Disconnect{});
    }
    SocketClient stranger{port};
    ASSERT_TRUE(stranger.send_bytes(bytes_of("hi\n")));
    EXPECT_GT(served.charged(broker::Account::connection), 0);
  }
  EXPECT_TRUE(eventually([&] { return served.loops().connections() == 0 && served.charged() == 0; }))
      << served.charged() << " bytes are charged";
}

TEST_P(Filtered, an_idle_connection_gives_its_buffers_back) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(one_fake);
  served.start();
  Sealed client = connected(port, served.client_id_on(0, "idle"));
  ASSERT_TRUE(client.client.send(mqtt::Pingreq{}));
  ASSERT_NE(client.client.receive_as<mqtt::Pingresp>(), nullptr);
  const std::int64_t idle = served.charged(broker::Account::connection);
  ASSERT_TRUE(client.client.subscribe("echo", mqtt::Qos::at_most_once));
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(client.client.send(publish_of("echo", bytes_of(std::string(10'000, 'e')))));
    ASSERT_NE(client.client.receive_as<mqtt::Publish>(), nullptr);
  }
  EXPECT_TRUE(eventually([&] { return served.charged(broker::Account::connection) <= idle; }));
}

TEST_P(Filtered, what_a_filter_has_learnt_is_what_the_client_is_known_by) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(one_fake);
  served.start();
  for (std::uint32_t loop = 0; loop < GetParam(); ++loop) {
    Sealed client{port};
    mqtt::Buffer raw{'h', 'i', '\n'};
    fake_say('i', raw);
    fake_seal(connect_packet(client.client, served.client_id_on(loop, "introduced")), raw);
    ASSERT_TRUE(client.client.send_raw(raw));
    ASSERT_NE(client.client.receive_as<mqtt::Connack>(), nullptr);
  }
  const auto lines = served.log.of("client.connected");
  ASSERT_EQ(lines.size(), GetParam());
  for (const auto& line : lines) {
    EXPECT_EQ(line.address, "192.0.2.7:7");
    EXPECT_EQ(line.identity, "fake");
  }
}

TEST_P(Filtered, answers_of_a_filter_itself_reach_the_peer) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(one_fake);
  served.start();
  Sealed client = connected(port, served.client_id_on(GetParam() - 1, "asks"));
  ASSERT_TRUE(client.say("ppp"));
  ASSERT_TRUE(client.client.send(mqtt::Pingreq{}));
  ASSERT_NE(client.client.receive_as<mqtt::Pingresp>(), nullptr);
  EXPECT_EQ(client.skin->said, "ooo");
}

TEST_P(Filtered, a_peer_that_takes_no_answers_is_not_read_any_more) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(one_fake);
  served.start();
  Sealed client = connected(port, served.client_id_on(0, "floods"), 16 * 1024);
  const std::string asks(32 * 1024, 'p');
  std::uint64_t before = 0;
  std::thread flood{[&] {
    for (int i = 0; i < 1000 && client.say(asks); ++i) continue;
  }};
  const bool stopped = eventually([&] {
    const std::uint64_t now = served.loops().bytes_read();
    std::this_thread::sleep_for(50ms);
    return std::exchange(before, now) == now && now > 256 * 1024;
  });
  EXPECT_TRUE(stopped);
  EXPECT_LE(served.charged(broker::Account::connection), 1024 * 1024);
  EXPECT_LT(served.loops().bytes_read(), 60U * 1024 * 1024);
  ::shutdown(client.client.descriptor(), SHUT_RDWR);
  flood.join();
}

// ---- ends

TEST_P(Filtered, at_our_close_the_filter_has_the_last_word) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(one_fake);
  served.start();
  Sealed client = connected(port, served.client_id_on(GetParam() - 1, "taken"));
  SocketClient other = served.client();
  ASSERT_EQ(other.connect(served.client_id_on(GetParam() - 1, "taken"), Served::clean()),
            mqtt::ReasonCode::success);
  const auto* words = client.client.receive_as<mqtt::Disconnect>();
  ASSERT_NE(words, nullptr);
  EXPECT_EQ(words->reason, mqtt::ReasonCode::session_taken_over);
  EXPECT_TRUE(client.client.sees_close());
  EXPECT_EQ(client.skin->said, "q");
}

TEST_P(Filtered, a_goodbye_in_the_filters_words_ends_the_session_after_its_last_packets) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(one_fake);
  served.start();
  SocketClient reader = served.connected("reader");
  ASSERT_TRUE(reader.subscribe("last/#", mqtt::Qos::at_most_once));
  Sealed client{port};
  mqtt::Connect packet = Served::clean();
  const std::string client_id = served.client_id_on(GetParam() - 1, "leaves");
  packet.client_id = client_id;
  packet.will.emplace();
  packet.will->topic = "last/will";
  packet.will->payload = bytes_of("gone");
  mqtt::Buffer plain = client.client.encoded(packet);
  const mqtt::Buffer message = client.client.encoded(publish_of("last/words", bytes_of("bye")));
  plain.insert(plain.end(), message.begin(), message.end());
  mqtt::Buffer raw = client.skin->seal(plain);
  fake_say('q', raw);  // all in one read, so that the end moves with the connection
  ASSERT_TRUE(client.client.send_raw(raw));
  const auto* words = reader.receive_as<mqtt::Publish>();
  ASSERT_TRUE(words && text_of(words->payload) == "bye");
  const auto* will = reader.receive_as<mqtt::Publish>();
  ASSERT_TRUE(will && text_of(will->payload) == "gone");
  EXPECT_TRUE(client.client.sees_close());
  EXPECT_EQ(client.skin->said, "q");
  EXPECT_EQ(served.log.of("client.disconnected").size(), 1U);
}

TEST_P(Filtered, what_breaks_a_filter_is_answered_logged_once_and_ends_the_connection) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(one_fake);
  served.start();
  Sealed stranger{port};
  ASSERT_TRUE(stranger.client.send_raw(bytes_of("hello\n")));
  EXPECT_TRUE(stranger.client.sees_close());
  auto lines = served.log.of("client.fault");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].text, "fake: the greeting is wrong");
  EXPECT_EQ(lines[0].address, "127.0.0.1:" + std::to_string(stranger.client.own_port()));
  EXPECT_EQ(lines[0].listener, "local");

  Sealed client = connected(port, served.client_id_on(GetParam() - 1, "breaks"));
  ASSERT_TRUE(client.say("!"));
  EXPECT_TRUE(client.client.sees_close());
  EXPECT_EQ(client.skin->said, "x");
  lines = served.log.of("client.disconnected");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].text, "fake: the seal is broken");
  EXPECT_EQ(served.log.of("client.fault").size(), 1U);
}

TEST_P(Filtered, a_handshake_of_filters_has_no_more_time_than_a_connect) {
  broker::Options options;
  options.connect_timeout = 100ms;
  Served served{GetParam(), options};
  const std::uint16_t port = served.open_door(one_fake);
  served.start();
  SocketClient silent{port};
  SocketClient slow{port};
  ASSERT_TRUE(slow.send_bytes(bytes_of("h")));
  EXPECT_TRUE(silent.sees_close());
  EXPECT_TRUE(slow.sees_close());
  EXPECT_EQ(served.log.of("client.connect_timeout").size(), 2U);
}

TEST_P(Filtered, a_connection_whose_filters_are_over_goes_on_as_a_plain_one) {
  Served served{GetParam()};
  const std::uint16_t port = served.open_door(one_fake);
  served.start();
  SocketClient client{port};
  mqtt::Buffer raw{'h', 'i', '\n'};
  fake_say('f', raw);
  ASSERT_TRUE(client.send_raw(raw));
  std::array<char, 8> welcome{};
  ASSERT_TRUE(
      eventually([&] { return ::recv(client.descriptor(), welcome.data(), welcome.size(), 0) == 8; }));
  ASSERT_EQ(client.connect("plain-now", Served::clean()), mqtt::ReasonCode::success);
  ASSERT_TRUE(client.subscribe("echo", mqtt::Qos::at_most_once));
  ASSERT_TRUE(client.send(publish_of("echo", bytes_of(std::string(300'000, 'e')))));
  const auto* heard = client.receive_as<mqtt::Publish>();
  ASSERT_NE(heard, nullptr);
  EXPECT_EQ(heard->payload.size(), 300'000U);
}

}  // namespace
}  // namespace mortise::net
