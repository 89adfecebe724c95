// TLS on real sockets: traffic on every loop, identities, files that change under live connections.
#include "net/served.hpp"
#include "net/tls_listener.hpp"
#include "net/tls_skin.hpp"

namespace mortise::net {
namespace {

using testing::Issued;
using testing::TlsAuthority;
using testing::TlsClient;
using testing::TlsPeer;

using Tls = OnLoops;
MORTISE_ON_ONE_AND_THREE_LOOPS(Tls);

struct World {
  explicit World(std::uint32_t loops, TlsSettings::Verify verify = TlsSettings::Verify::none)
      : served{loops}, listener{settings(verify)} {
    const auto findings = listener.load();
    EXPECT_TRUE(findings.empty()) << findings.front().to_text("local");
    port = served.open_door([this](const Peer&) {
      Filters filters;
      filters.push_back(listener.filter());
      return filters;
    });
    served.start();
  }
  TlsSettings settings(TlsSettings::Verify verify) {
    TlsSettings made;
    made.listener = "local";
    made.pairs.push_back({authority.file("server.pem"), authority.file("server.key")});
    made.verify = verify;
    if (verify == TlsSettings::Verify::none) return made;
    made.client_ca = authority.ca_file();
    made.identity = TlsSettings::Identity::common_name;
    return made;
  }
  TlsClient client(const Issued* certificate = nullptr) {
    TlsPeer::Choices choices;
    choices.certificate = certificate;
    return {port, authority.certificate(), choices};
  }
  TlsClient connected(const std::string& client_id, const Issued* certificate = nullptr) {
    TlsClient made = client(certificate);
    made.shake_hands();
    EXPECT_EQ(made.client.connect(client_id, Served::clean()), mqtt::ReasonCode::success) << client_id;
    return made;
  }

  TlsAuthority authority;
  Issued server = authority.issue("server", {"broker.example"});
  Served served;
  TlsListener listener;
  std::uint16_t port = 0;
};

TEST_P(Tls, messages_go_both_ways_on_every_loop_and_nothing_stays_behind) {
  World world{GetParam()};
  {
    std::vector<TlsClient> clients;
    for (std::uint32_t loop = 0; loop < 3; ++loop) {
      clients.push_back(world.connected(world.served.client_id_on(loop, "client-" + std::to_string(loop))));
      ASSERT_TRUE(clients.back().client.subscribe("all", mqtt::Qos::at_most_once));
    }
    const std::string payload(300'000, 'x');
    for (TlsClient& sender : clients) {
      ASSERT_TRUE(sender.client.send(publish_of("all", bytes_of(payload))));
      for (TlsClient& reader : clients) {
        const auto* message = reader.client.receive_as<mqtt::Publish>();
        ASSERT_NE(message, nullptr);
        EXPECT_TRUE(text_of(message->payload) == payload);
      }
    }
    EXPECT_GT(world.served.charged(broker::Account::connection), 3 * 14 * 1024);
  }
  EXPECT_TRUE(eventually([&] {
    return world.served.loops().connections() == 0 && world.served.charged() == 0;
  })) << world.served.charged()
      << " bytes are charged";
}

TEST_P(Tls, a_certificate_lets_in_and_names_the_client_wherever_it_lives) {
  World world{GetParam(), TlsSettings::Verify::optional};
  world.served.listener.anonymous = false;
  const Issued pump = world.authority.issue("pump", {"pump-7"});
  for (std::uint32_t loop = 0; loop < 3; ++loop)
    world.connected(world.served.client_id_on(loop, "pump-" + std::to_string(loop)), &pump);
  const auto lines = world.served.log.of("client.connected");
  ASSERT_EQ(lines.size(), 3U);
  for (const auto& line : lines) EXPECT_EQ(line.identity, "pump-7");
  TlsClient without = world.client();
  without.shake_hands();
  EXPECT_EQ(without.client.connect("without", Served::clean()), mqtt::ReasonCode::not_authorized);
}

TEST_P(Tls, a_key_lets_in_and_names_the_client_wherever_it_lives) {
  const TlsAuthority authority;
  const std::string key(32, 'k');
  TlsSettings settings;
  settings.listener = "keys";
  settings.psk.emplace();
  settings.psk->names_client = true;
  settings.psk->find = [&key](std::string_view identity, broker::PskKey& to) {
    if (identity != "pump-7") return broker::PskAnswer{};
    to.set(bytes_of(key));
    return broker::PskAnswer{broker::PskAnswer::Outcome::found, {}};
  };
  TlsListener keys{settings};
  ASSERT_TRUE(keys.load().empty());
  EXPECT_EQ(keys.to_text(), "no certificate, only keys that clients have (PSK)");
  Served served{GetParam()};
  served.listener.anonymous = false;
  const std::uint16_t port = served.open_door([&keys](const Peer&) {
    Filters filters;
    filters.push_back(keys.filter());
    return filters;
  });
  served.start();
  TlsPeer::Choices choices;
  choices.psk_identity = "pump-7";
  choices.psk = key;
  for (std::uint32_t loop = 0; loop < 3; ++loop) {
    TlsClient pump{port, authority.certificate(), choices};
    pump.shake_hands();
    EXPECT_EQ(pump.client.connect(served.client_id_on(loop, "pump-" + std::to_string(loop)), Served::clean()),
              mqtt::ReasonCode::success);
  }
  const auto lines = served.log.of("client.connected");
  ASSERT_EQ(lines.size(), 3U);
  for (const auto& line : lines) EXPECT_EQ(line.identity, "pump-7");
}

TEST_P(Tls, a_client_that_speaks_plain_mqtt_is_named_and_let_go) {
  World world{GetParam()};
  SocketClient plain{world.port};
  mqtt::Connect packet = Served::clean();
  packet.client_id = "plain";
  ASSERT_TRUE(plain.send(packet));
  EXPECT_TRUE(plain.sees_close());
  ASSERT_TRUE(eventually([&] { return !world.served.log.of("client.fault").empty(); }));
  EXPECT_TRUE(world.served.log.of("client.fault").front().text.starts_with("plain MQTT on a TLS listener"));
}

TEST_P(Tls, a_refused_client_hears_the_alert_before_the_end) {
  World world{GetParam(), TlsSettings::Verify::required};
  TlsClient without = world.client();
  while (without.exchange()) continue;
  EXPECT_NE(without.skin->peer.error().find("certificate required"), std::string::npos)
      << without.skin->peer.error();
}

TEST_P(Tls, both_sides_say_goodbye) {
  World world{GetParam()};
  TlsClient client = world.connected("leaves");
  ASSERT_TRUE(client.client.send(mqtt::Disconnect{}));
  EXPECT_TRUE(client.client.sees_close());
  EXPECT_TRUE(client.skin->peer.was_closed());
}

TEST_P(Tls, a_new_certificate_is_for_new_connections) {
  World world{GetParam()};
  TlsClient stays = world.connected("stays");
  ASSERT_TRUE(stays.client.subscribe("echo", mqtt::Qos::at_most_once));
  world.authority.issue("server", {"next.example"});
  EXPECT_TRUE(world.listener.load().empty());
  EXPECT_EQ(world.connected("new").skin->peer.server_subject(), "CN=next.example,O=Mortise Tests");
  ASSERT_TRUE(stays.client.send(publish_of("echo", bytes_of("still here"))));
  EXPECT_NE(stays.client.receive_as<mqtt::Publish>(), nullptr);
  EXPECT_EQ(stays.skin->peer.server_subject(), "CN=broker.example,O=Mortise Tests");
}

TEST(TlsListener, a_bad_file_keeps_what_there_is) {
  World world{1};
  std::filesystem::resize_file(world.authority.file("server.pem"), 100);
  const auto findings = world.listener.load();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_TRUE(findings.front().is_error);
  EXPECT_EQ(world.connected("new").skin->peer.server_subject(), "CN=broker.example,O=Mortise Tests");
  EXPECT_TRUE(world.listener.to_text().starts_with("the certificate of \"CN=broker.example"));
}

TEST(TlsListener, files_are_read_again_when_they_have_changed_and_are_at_rest) {
  World world{1, TlsSettings::Verify::required};
  const auto now = std::chrono::steady_clock::now();
  EXPECT_FALSE(world.listener.wants_reload(now));
  world.authority.issue("server", {"next.example"});
  EXPECT_FALSE(world.listener.wants_reload(now)) << "the key may not be there yet";
  EXPECT_TRUE(world.listener.wants_reload(now));
  world.listener.load();
  EXPECT_FALSE(world.listener.wants_reload(now));
  std::filesystem::remove(world.authority.ca_file());
  EXPECT_FALSE(world.listener.wants_reload(now));
  EXPECT_TRUE(world.listener.wants_reload(now));
  EXPECT_EQ(world.listener.load().size(), 1U);
  EXPECT_FALSE(world.listener.wants_reload(now)) << "told once, not every few seconds";
  EXPECT_TRUE(world.listener.wants_reload(now + 25h)) << "tickets get other keys";
}

}  // namespace
}  // namespace mortise::net
