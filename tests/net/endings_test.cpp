// How connections end: by the client, by the network, by the broker, by time; and that nothing stays behind.
#include <set>

#include "net/served.hpp"

namespace mortise::net {
namespace {

using Endings = OnLoops;
MORTISE_ON_ONE_AND_THREE_LOOPS(Endings);

mqtt::Connect with_will(std::string_view topic) {
  mqtt::Connect packet = Served::clean();
  packet.will.emplace();
  packet.will->topic = topic;
  packet.will->payload = bytes_of("gone");
  return packet;
}

bool hears(SocketClient& client, std::string_view topic, std::string_view payload) {
  const auto* message = client.receive_as<mqtt::Publish>();
  return message && message->topic == topic && text_of(message->payload) == payload;
}

TEST_P(Endings, nothing_is_charged_to_anybody_after_all_have_gone) {
  Served served{GetParam()};
  served.start();
  {
    std::vector<SocketClient> clients;
    for (int i = 0; i < 20; ++i) {
      clients.push_back(served.connected("client-" + std::to_string(i)));
      ASSERT_TRUE(clients.back().subscribe("all/#", mqtt::Qos::at_most_once));
    }
    ASSERT_TRUE(clients[7].send(publish_of("all/7", bytes_of(std::string(3000, 'x')))));
    for (SocketClient& client : clients) ASSERT_NE(client.receive_as<mqtt::Publish>(), nullptr);
    const mqtt::Buffer part = clients[3].encoded(publish_of("all/3", bytes_of("never finished")));
    ASSERT_TRUE(clients[3].send_bytes(mqtt::Bytes{part}.first(part.size() - 1)));
    EXPECT_GT(served.charged(), 0);
  }
  EXPECT_TRUE(eventually([&] { return served.loops().connections() == 0 && served.charged() == 0; }))
      << served.charged() << " bytes are charged";
}

TEST_P(Endings, the_last_word_of_a_client_is_heard_though_it_takes_no_answer_any_more) {
  Served served{GetParam()};
  served.start();
  SocketClient watcher = served.connected("watcher");
  ASSERT_TRUE(watcher.subscribe("wills", mqtt::Qos::at_most_once));
  const std::string client_id = served.client_id_on(0, "leaver");
  SocketClient leaver = served.connected(client_id, with_will("wills"));
  ASSERT_TRUE(leaver.subscribe("a", mqtt::Qos::at_most_once));
  const mqtt::Bytes payload = bytes_of("for nobody");
  // While its loop is busy it says goodbye and is gone; what the loop then has for it cannot be sent.
  served.on_loop(0, [&](broker::Broker& broker) {
    leaver.send(mqtt::Disconnect{});
    leaver.reset();
    broker::MessageParts parts;
    parts.topic = "a";
    parts.payload = payload;
    EXPECT_TRUE(broker.publish(parts, broker::Level::memory, 0));
  });
  EXPECT_TRUE(eventually([&] { return served.loops().connections() == 1; }));
  ASSERT_TRUE(watcher.send(publish_of("wills", bytes_of("marker"))));
  EXPECT_TRUE(hears(watcher, "wills", "marker")) << "the will was published";
}

TEST_P(Endings, five_hundred_connections_come_and_go) {
  Served served{GetParam()};
  served.start();
  for (int round = 0; round < 5; ++round) {
    std::vector<SocketClient> clients;
    for (int i = 0; i < 100; ++i) clients.push_back(served.connected("client-" + std::to_string(i)));
    EXPECT_EQ(served.loops().connections(), 100U);
    for (int i = 0; i < 100; i += 2) clients[i].send(mqtt::Disconnect{});
    for (int i = 0; i < 100; i += 4) clients[i + 1].reset();
    clients.clear();
    ASSERT_TRUE(eventually([&] { return served.loops().connections() == 0; }));
  }
  EXPECT_TRUE(eventually([&] { return served.charged() == 0; })) << served.charged();
}

TEST_P(Endings, every_client_a_plugin_let_in_is_forgotten_once_wherever_its_way_ends) {
  Served served{GetParam()};
  served.hooks.wants.authenticate = true;
  served.start();
  {
    std::vector<SocketClient> clients;
    for (int i = 0; i < 48; ++i) {
      const bool shares_its_session = i % 4 == 3;
      const std::string client_id = shares_its_session ? "same" : "client-" + std::to_string(i);
      mqtt::Connect packet = Served::clean();
      packet.client_id = client_id;
      SocketClient& client = clients.emplace_back(served.client());
      ASSERT_TRUE(client.send(packet));
      if (i % 4 == 0) client.reset();  // on the loop it came in on, on the way home, or there
      if (i % 4 == 1) {
        ASSERT_NE(client.receive_as<mqtt::Connack>(), nullptr);
        client.send(mqtt::Disconnect{});
      }
      if (i % 4 == 2) client.send_bytes(bytes_of("no packet of MQTT"));
    }
  }
  ASSERT_TRUE(eventually([&] {
    return served.loops().connections() == 0 && served.hooks.forgotten().size() == served.hooks.words_given;
  })) << served.hooks.forgotten().size()
      << " of " << served.hooks.words_given;
  const std::vector<std::uint64_t> forgotten = served.hooks.forgotten();
  EXPECT_LE(24U, forgotten.size());
  EXPECT_EQ(forgotten.size(), (std::set<std::uint64_t>{forgotten.begin(), forgotten.end()}.size()));
}

TEST_P(Endings, what_was_sent_before_a_half_close_is_answered) {
  Served served{GetParam()};
  served.start();
  SocketClient client = served.connected("half");
  ASSERT_TRUE(client.send(publish_of("t", bytes_of("x"), mqtt::Qos::at_least_once, 9)));
  client.half_close();
  const auto* puback = client.receive_as<mqtt::Puback>();
  ASSERT_NE(puback, nullptr);
  EXPECT_EQ(puback->packet_id, 9);
  EXPECT_TRUE(client.sees_close());
}

TEST_P(Endings, a_reset_connection_leaves_its_will) {
  Served served{GetParam()};
  served.start();
  SocketClient watcher = served.connected("watcher");
  ASSERT_TRUE(watcher.subscribe("wills/#", mqtt::Qos::at_most_once));
  SocketClient device = served.connected("device", with_will("wills/device"));
  device.reset();
  EXPECT_TRUE(hears(watcher, "wills/device", "gone"));
}

TEST_P(Endings, silence_beyond_one_and_a_half_keep_alives_ends_the_connection) {
  Served served{GetParam()};
  served.start();
  mqtt::Connect packet = Served::clean();
  packet.keep_alive_s = 1;
  SocketClient client = served.connected("silent", packet);
  const auto* goodbye = client.receive_as<mqtt::Disconnect>();
  ASSERT_NE(goodbye, nullptr);
  EXPECT_EQ(goodbye->reason, mqtt::ReasonCode::keep_alive_timeout);
  EXPECT_TRUE(client.sees_close());
}

TEST_P(Endings, who_says_nothing_after_connecting_is_let_go) {
  broker::Options options;
  options.connect_timeout = 50ms;
  Served served{GetParam(), options};
  served.start();
  SocketClient client = served.client();
  EXPECT_TRUE(client.sees_close());
}

TEST_P(Endings, a_second_connection_takes_over_whatever_loop_it_came_in_on) {
  Served served{GetParam()};
  served.start();
  std::vector<SocketClient> comers;
  comers.push_back(served.connected("same"));
  for (int i = 0; i < 6; ++i) {
    comers.push_back(served.connected("same"));  // each is dealt to the next loop
    SocketClient& before = comers[comers.size() - 2];
    const auto* goodbye = before.receive_as<mqtt::Disconnect>();
    ASSERT_NE(goodbye, nullptr);
    EXPECT_EQ(goodbye->reason, mqtt::ReasonCode::session_taken_over);
    EXPECT_TRUE(before.sees_close());
  }
  ASSERT_TRUE(comers.back().send(mqtt::Pingreq{}));
  EXPECT_NE(comers.back().receive_as<mqtt::Pingresp>(), nullptr);
}

TEST_P(Endings, the_reason_is_heard_even_by_a_client_that_goes_on_sending) {
  broker::Options options;
  options.packet_size_max = 1024;
  Served served{GetParam(), options};
  served.start();
  SocketClient client = served.connected("talker");
  mqtt::Buffer too_large = client.encoded(publish_of("t", bytes_of(std::string(512 * 1024, 'x'))));
  client.send_bytes(too_large);
  const auto* goodbye = client.receive_as<mqtt::Disconnect>();
  ASSERT_NE(goodbye, nullptr);
  EXPECT_EQ(goodbye->reason, mqtt::ReasonCode::packet_too_large);
  EXPECT_TRUE(client.sees_close());
}

class Waiting : public OnLoops {
 protected:
  Waiting() { served.hooks.wants.authorise[static_cast<std::size_t>(broker::Action::publish)] = true; }
  void hold() { served.hooks.holds_publishes = true; }
  // Answers what is held, until nobody asks any more.
  void let_go() {
    served.hooks.holds_publishes = false;
    answer_held();
  }
  void answer_held() {
    for (const broker::Question& question : served.hooks.take_held())
      served.loops().post(question.loop, [question](broker::Broker& broker) {
        broker::Answer answer;
        answer.decision = broker::Decision::allow;
        broker.on_answer(question, std::move(answer));
      });
  }
  Served served{GetParam()};
};
MORTISE_ON_ONE_AND_THREE_LOOPS(Waiting);

TEST_P(Waiting, packets_before_a_close_are_heard_when_their_answer_comes) {
  served.start();
  SocketClient reader = served.connected("reader");
  ASSERT_TRUE(reader.subscribe("#", mqtt::Qos::at_most_once));
  SocketClient writer = served.connected("writer", with_will("will"));
  hold();
  ASSERT_TRUE(writer.send(publish_of("a", bytes_of("1"))));
  ASSERT_TRUE(eventually([&] { return served.charged(broker::Account::message) > 0; }));
  ASSERT_TRUE(writer.send(publish_of("b", bytes_of("2"))));
  ASSERT_TRUE(writer.send(mqtt::Disconnect{}));
  writer.close();
  let_go();
  EXPECT_TRUE(hears(reader, "a", "1"));
  EXPECT_TRUE(hears(reader, "b", "2"));
  reader.send(mqtt::Pingreq{});
  EXPECT_NE(reader.receive_as<mqtt::Pingresp>(), nullptr)
      << "the will was sent although the client said goodbye";
}

TEST_P(Waiting, a_client_that_waits_is_read_into_a_bounded_buffer_and_then_goes_on) {
  served.start();
  SocketClient reader = served.connected("reader");
  ASSERT_TRUE(reader.subscribe("w", mqtt::Qos::at_most_once));
  SocketClient writer = served.connected("writer");
  hold();
  const std::int64_t before = served.charged(broker::Account::connection);
  constexpr int messages = 400;
  std::thread sender{[&] {
    for (int i = 0; i < messages; ++i) {
      std::string payload = std::to_string(i);
      payload.resize(4096, '.');
      if (!writer.send(publish_of("w", bytes_of(payload)))) return;
    }
  }};
  EXPECT_TRUE(eventually([&] { return served.charged(broker::Account::connection) - before >= 64 * 1024; }));
  for (int i = 0; i < 50; ++i) {
    EXPECT_LE(served.charged(broker::Account::connection) - before, 2 * 64 * 1024);
    std::this_thread::sleep_for(1ms);
  }
  let_go();
  for (int i = 0; i < messages; ++i) {
    const auto* message = reader.receive_as<mqtt::Publish>();
    if (!message) ADD_FAILURE() << "message " << i << " did not come";
    if (!message) break;
    EXPECT_EQ(text_of(message->payload).substr(0, std::to_string(i).size()), std::to_string(i));
  }
  sender.join();
}

}  // namespace
}  // namespace mortise::net
