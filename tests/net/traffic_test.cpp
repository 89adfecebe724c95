// Messages between real sockets: across loops, in pieces, large, and to those who read slowly.
#include <poll.h>
#include <sys/socket.h>

#include "net/served.hpp"

namespace mortise::net {
namespace {

using Traffic = OnLoops;
MORTISE_ON_ONE_AND_THREE_LOOPS(Traffic);

constexpr mqtt::Qos every_qos[] = {mqtt::Qos::at_most_once, mqtt::Qos::at_least_once,
                                   mqtt::Qos::exactly_once};

// Publishes, sees the exchange through to its end, and says whether it ended as it should.
bool publish_whole(SocketClient& client, const mqtt::Publish& packet) {
  if (!client.send(packet)) return false;
  if (packet.qos == mqtt::Qos::at_most_once) return true;
  if (packet.qos == mqtt::Qos::at_least_once) {
    const auto* puback = client.receive_as<mqtt::Puback>();
    return puback && puback->packet_id == packet.packet_id;
  }
  const auto* pubrec = client.receive_as<mqtt::Pubrec>();
  if (!pubrec || !client.send(mqtt::Pubrel{packet.packet_id, {}, {}, {}})) return false;
  const auto* pubcomp = client.receive_as<mqtt::Pubcomp>();
  return pubcomp && pubcomp->packet_id == packet.packet_id;
}

// Receives one message, answers it as its QoS wants, and returns its payload.
std::optional<std::string> receive_whole(SocketClient& client) {
  const auto* message = client.receive_as<mqtt::Publish>();
  if (!message) return {};
  const std::string payload = text_of(message->payload);
  const mqtt::PacketId packet_id = message->packet_id;
  if (message->qos == mqtt::Qos::at_least_once && !client.send(mqtt::Puback{packet_id, {}, {}, {}}))
    return {};
  if (message->qos == mqtt::Qos::exactly_once) {
    if (!client.send(mqtt::Pubrec{packet_id, {}, {}, {}}) || !client.receive_as<mqtt::Pubrel>()) return {};
    if (!client.send(mqtt::Pubcomp{packet_id, {}, {}, {}})) return {};
  }
  return payload;
}

TEST_P(Traffic, a_message_reaches_subscribers_whose_sessions_live_on_other_loops) {
  Served served{GetParam()};
  served.start();
  std::vector<SocketClient> readers;
  for (std::uint32_t loop = 0; loop < 3; ++loop) {
    readers.push_back(served.connected(served.client_id_on(loop, "reader-" + std::to_string(loop))));
    ASSERT_TRUE(readers.back().subscribe("plant/+/speed", mqtt::Qos::exactly_once));
  }
  mqtt::PacketId packet_id = 0;
  for (std::uint32_t loop = 0; loop < 3; ++loop) {
    SocketClient writer = served.connected(served.client_id_on(loop, "writer-" + std::to_string(loop)));
    for (const mqtt::Qos qos : every_qos) {
      const std::string text = std::to_string(loop) + "/" + std::to_string(static_cast<int>(qos));
      if (qos != mqtt::Qos::at_most_once) ++packet_id;
      ASSERT_TRUE(publish_whole(writer, publish_of("plant/3/speed", bytes_of(text), qos,
                                                   qos == mqtt::Qos::at_most_once ? 0 : packet_id)));
      for (SocketClient& reader : readers) EXPECT_EQ(receive_whole(reader), text);
    }
  }
}

TEST_P(Traffic, packets_are_understood_wherever_the_network_cuts_them) {
  Served served{GetParam()};
  served.start();
  SocketClient reader = served.connected("reader");
  ASSERT_TRUE(reader.subscribe("cut", mqtt::Qos::at_most_once));

  SocketClient probe = served.client();
  mqtt::Connect connect = Served::clean();
  connect.client_id = "writer";
  mqtt::Buffer stream = probe.encoded(connect);
  for (const std::string_view text : {"first", "second"}) {
    const mqtt::Buffer packet = probe.encoded(publish_of("cut", bytes_of(text)));
    stream.insert(stream.end(), packet.begin(), packet.end());
  }
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    SocketClient writer = served.client();
    ASSERT_TRUE(writer.send_bytes(mqtt::Bytes{stream}.first(cut)));
    std::this_thread::sleep_for(1ms);  // makes it likely that the pieces are read one by one
    ASSERT_TRUE(writer.send_bytes(mqtt::Bytes{stream}.subspan(cut)));
    ASSERT_EQ(receive_whole(reader), "first") << "cut at " << cut;
    ASSERT_EQ(receive_whole(reader), "second") << "cut at " << cut;
  }
}

TEST_P(Traffic, pipelined_packets_are_all_heard_in_order) {
  Served served{GetParam()};
  served.start();
  SocketClient reader = served.connected("reader");
  ASSERT_TRUE(reader.subscribe("many", mqtt::Qos::at_most_once));
  SocketClient writer = served.client();
  mqtt::Connect connect = Served::clean();
  connect.client_id = "writer";
  mqtt::Buffer stream = writer.encoded(connect);
  constexpr int messages = 3000;
  for (int i = 0; i < messages; ++i) {
    const mqtt::Buffer packet = writer.encoded(publish_of("many", bytes_of(std::to_string(i))));
    stream.insert(stream.end(), packet.begin(), packet.end());
  }
  ASSERT_TRUE(writer.send_bytes(stream));
  for (int i = 0; i < messages; ++i) ASSERT_EQ(receive_whole(reader), std::to_string(i));
}

TEST_P(Traffic, payloads_of_a_mebibyte_arrive_whole) {
  Served served{GetParam()};
  served.start();
  SocketClient reader = served.connected(served.client_id_on(0, "reader"));
  ASSERT_TRUE(reader.subscribe("large", mqtt::Qos::at_least_once));
  SocketClient writer = served.connected(served.client_id_on(1, "writer"));
  for (int i = 0; i < 8; ++i) {
    std::string payload(1024 * 1024, 'x');
    for (std::size_t at = 0; at < payload.size(); at += 97)
      payload[at] = static_cast<char>('a' + (at + i) % 26);
    ASSERT_TRUE(publish_whole(writer, publish_of("large", bytes_of(payload), mqtt::Qos::at_least_once,
                                                 static_cast<mqtt::PacketId>(i + 1))));
    const auto got = receive_whole(reader);
    ASSERT_TRUE(got.has_value());
    EXPECT_TRUE(*got == payload) << "message " << i;
  }
}

TEST_P(Traffic, a_slow_reader_loses_nothing_and_costs_no_more_output_than_the_limit) {
  Served served{GetParam()};
  served.start();
  const std::uint32_t home = GetParam() - 1;
  SocketClient reader = served.client({.receive_buffer = 16 * 1024});
  ASSERT_EQ(reader.connect(served.client_id_on(home, "slow"), Served::clean()), mqtt::ReasonCode::success);
  ASSERT_TRUE(reader.subscribe("slow", mqtt::Qos::at_least_once));
  SocketClient writer = served.connected("writer");
  constexpr int messages = 300;
  constexpr std::size_t size = 32 * 1024;
  for (int i = 0; i < messages; ++i) {
    std::string payload = std::to_string(i);
    payload.resize(size, '.');
    ASSERT_TRUE(publish_whole(writer, publish_of("slow", bytes_of(payload), mqtt::Qos::at_least_once,
                                                 static_cast<mqtt::PacketId>(i + 1))));
    if (i % 50 == 0) {
      EXPECT_LE(served.unwritten(home), 128 * 1024 + size + 100);
    }
  }
  for (int i = 0; i < messages; ++i) {
    const auto payload = receive_whole(reader);
    ASSERT_TRUE(payload.has_value()) << "message " << i;
    ASSERT_EQ(payload->substr(0, payload->find('.')), std::to_string(i));
  }
}

TEST_P(Traffic, a_client_that_reads_no_answers_is_not_heard_beyond_the_limit) {
  broker::Options options;
  options.packet_size_max = 16 * 1024;
  Served served{GetParam(), options};
  served.start();
  SocketClient client = served.client({.receive_buffer = 64 * 1024});
  const std::uint32_t home = GetParam() - 1;
  ASSERT_EQ(client.connect(served.client_id_on(home, "deaf"), Served::clean()), mqtt::ReasonCode::success);
  mqtt::Buffer pings;
  while (pings.size() < 64 * 1024) encode(mqtt::Pingreq{}, mqtt::Version::v5_0, pings);
  std::size_t sent = 0, writes = 0;
  constexpr std::size_t far_beyond = 64 * 1024 * 1024;
  // Blocks some time: the system's buffers are full then, and so is the broker's output.
  for (int idle = 0; idle < 200 && sent < far_beyond;) {
    const ssize_t count =
        ::send(client.descriptor(), pings.data() + sent % 2, pings.size() - sent % 2, MSG_NOSIGNAL);
    if (count > 0)
      sent += static_cast<std::size_t>(count), idle = 0;
    else
      ++idle, std::this_thread::sleep_for(1ms);
    if (idle == 0 && ++writes % 32 == 0) {
      EXPECT_LE(served.unwritten(home), 16U * 1024 + 256 * 1024 + 64 * 1024);
    }
  }
  ASSERT_LT(sent, far_beyond);
  // Once it reads it is heard again: the system takes more of what it has to say.
  EXPECT_TRUE(eventually([&] {
    while (::recv(client.descriptor(), pings.data(), pings.size(), 0) > 0) continue;
    pollfd watched{client.descriptor(), POLLOUT, 0};
    return ::poll(&watched, 1, 0) == 1 && (watched.revents & POLLOUT);
  }));
}

}  // namespace
}  // namespace mortise::net
