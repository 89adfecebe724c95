// Threads: what is posted to loops, what observers see, how all of it stops.
#include <future>

#include "net/served.hpp"

namespace mortise::net {
namespace {

using Running = OnLoops;
MORTISE_ON_ONE_AND_THREE_LOOPS(Running);

TEST_P(Running, posted_functions_run_on_their_loop_in_the_order_of_the_posts) {
  Served served{GetParam()};
  served.start();
  constexpr int posts = 1000;
  std::vector<std::vector<int>> ran(GetParam());
  for (int i = 0; i < posts; ++i)
    for (std::uint32_t loop = 0; loop < GetParam(); ++loop)
      served.loops().post(loop, [&, loop, i](broker::Broker&) { ran[loop].push_back(i); });
  for (std::uint32_t loop = 0; loop < GetParam(); ++loop) served.on_loop(loop, [](broker::Broker&) {});
  for (const std::vector<int>& order : ran) {
    ASSERT_EQ(order.size(), static_cast<std::size_t>(posts));
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  }
}

// Hears of each turn, on the loops' threads.
class Turns : public TurnObserver {
 public:
  void before_turn(std::uint32_t loop) override { EXPECT_FALSE(inside[loop].exchange(true)); }
  void after_turn(std::uint32_t loop) override {
    EXPECT_TRUE(inside[loop].exchange(false));
    ++turns[loop];
  }
  void on_resumed(std::uint32_t loop, broker::Broker&) override { EXPECT_TRUE(inside[loop]); }
  void on_output(std::uint32_t loop, broker::Broker&) override { EXPECT_TRUE(inside[loop]); }
  std::array<std::atomic<bool>, 3> inside{};
  std::array<std::atomic<int>, 3> turns{};
};

// Looks at a number at the beginning of each turn.
class Looks : public Turns {
 public:
  void before_turn(std::uint32_t loop) override {
    Turns::before_turn(loop);
    seen[loop] = number.load();
  }
  std::atomic<int> number{0};
  std::array<std::atomic<int>, 3> seen{};
};

TEST_P(Running, a_loop_that_is_woken_in_a_turn_takes_another) {
  Looks observer;
  LoopsOptions options;
  options.observer = &observer;
  Served served{GetParam(), {}, options};
  served.start();
  for (std::uint32_t loop = 0; loop < GetParam(); ++loop) {
    std::promise<void> in_turn, may_end;
    served.loops().post(loop, [&](broker::Broker&) {
      in_turn.set_value();
      may_end.get_future().wait();
    });
    in_turn.get_future().wait();
    const int number = ++observer.number;
    served.loops().wake_all();
    may_end.set_value();
    EXPECT_TRUE(eventually([&] { return observer.seen[loop] == number; }));
  }
  served.loops().stop(100ms);
}

TEST_P(Running, an_observer_hears_of_turns_on_every_loop_that_is_woken) {
  Turns observer;
  LoopsOptions options;
  options.observer = &observer;
  Served served{GetParam(), {}, options};
  served.start();
  for (int round = 0; round < 100; ++round) {
    std::array<int, 3> before{};
    for (std::uint32_t loop = 0; loop < GetParam(); ++loop) {
      served.on_loop(loop, [](broker::Broker&) {});
      before[loop] = observer.turns[loop];
    }
    served.loops().wake_all();
    for (std::uint32_t loop = 0; loop < GetParam(); ++loop)
      ASSERT_TRUE(eventually([&] { return observer.turns[loop] > before[loop]; }));
  }
}

TEST_P(Running, what_the_store_has_kept_is_acknowledged_once_the_loops_are_woken) {
  FakeStore store;
  Served served{GetParam(), {}, {}, &store};
  std::atomic<bool> stop_storing{false};
  std::thread storing{[&] {
    while (!stop_storing) {
      if (const std::uint64_t last = store.last(); last > served.shared.journal.line(broker::Level::synced)) {
        served.shared.journal.durable(last, broker::Level::synced, 0);
        served.loops().wake_all();
      }
      std::this_thread::sleep_for(1ms);
    }
  }};
  served.start();
  // The loops ask for numbers first; until the store has reserved them nobody is let in.
  EXPECT_TRUE(eventually([&] { return served.shared.journal.line(broker::Level::synced) > 0; }));
  for (std::uint32_t loop = 0; loop < GetParam(); ++loop) served.on_loop(loop, [](broker::Broker&) {});
  {
    mqtt::Connect durable;
    durable.session_expiry_s = 3600;
    SocketClient reader = served.connected(served.client_id_on(0, "reader"), durable);
    EXPECT_TRUE(reader.subscribe("kept", mqtt::Qos::at_least_once));
    SocketClient writer = served.connected(served.client_id_on(1, "writer"), durable);
    for (mqtt::PacketId i = 1; i <= 50; ++i) {
      EXPECT_TRUE(writer.send(publish_of("kept", bytes_of("x"), mqtt::Qos::at_least_once, i)));
      const auto* puback = writer.receive_as<mqtt::Puback>();
      if (!puback) ADD_FAILURE() << "no PUBACK for " << i;
      if (!puback) break;
      EXPECT_NE(reader.receive_as<mqtt::Publish>(), nullptr);
      EXPECT_TRUE(reader.send(mqtt::Puback{i, {}, {}, {}}));
    }
  }
  served.loops().stop(5s);
  stop_storing = true;
  storing.join();
}

TEST_P(Running, a_publish_from_inside_is_kept_when_the_deliveries_of_every_loop_are_stored) {
  FakeStore store;
  Served served{GetParam(), {}, {}, &store};
  std::atomic<bool> stop_storing{false}, pauses{false};
  std::thread storing{[&] {
    for (; !stop_storing; std::this_thread::sleep_for(1ms)) {
      const std::uint64_t last = store.last();
      if (pauses || last <= served.shared.journal.line(broker::Level::synced)) continue;
      served.shared.journal.durable(last, broker::Level::synced, 0);
      served.loops().wake_all();
    }
  }};
  served.start();
  EXPECT_TRUE(eventually([&] { return served.shared.journal.line(broker::Level::synced) > 0; }));
  for (std::uint32_t loop = 0; loop < GetParam(); ++loop) served.on_loop(loop, [](broker::Broker&) {});
  {
    mqtt::Connect durable;
    durable.session_expiry_s = 3600;
    SocketClient reader = served.connected(served.client_id_on(1, "reader"), durable);
    EXPECT_TRUE(reader.subscribe("kept", mqtt::Qos::at_least_once));
    pauses = true;
    const std::uint64_t before = store.last();
    served.on_loop(0, [](broker::Broker& broker) {
      broker::MessageParts parts;
      parts.topic = "kept";
      parts.qos = mqtt::Qos::at_least_once;
      EXPECT_TRUE(broker.publish(parts, broker::Level::synced, 7));
    });
    EXPECT_TRUE(eventually([&] { return store.last() > before; }));
    EXPECT_NE(reader.receive_as<mqtt::Publish>(), nullptr);
    EXPECT_EQ(0U, served.hooks.last_kept);
    pauses = false;
    EXPECT_TRUE(eventually([&] { return served.hooks.last_kept == 7; }));
  }
  served.loops().stop(5s);
  stop_storing = true;
  storing.join();
}

TEST_P(Running, stopping_tells_clients_why) {
  Served served{GetParam()};
  served.start();
  std::vector<SocketClient> clients;
  for (int i = 0; i < 9; ++i) clients.push_back(served.connected("client-" + std::to_string(i)));
  std::thread stopper{[&] { served.loops().stop(20s); }};
  for (SocketClient& client : clients) {
    const auto* goodbye = client.receive_as<mqtt::Disconnect>();
    EXPECT_TRUE(goodbye && goodbye->reason == mqtt::ReasonCode::server_shutting_down);
    EXPECT_TRUE(client.sees_close());
    client.close();
  }
  stopper.join();
  EXPECT_EQ(served.loops().connections(), 0U);
  EXPECT_EQ(served.charged(), 0);
}

TEST_P(Running, a_client_that_does_not_read_cannot_hold_up_a_stop) {
  Served served{GetParam()};
  served.start();
  SocketClient deaf = served.client({.receive_buffer = 8 * 1024});
  ASSERT_EQ(deaf.connect("deaf", Served::clean()), mqtt::ReasonCode::success);
  ASSERT_TRUE(deaf.subscribe("large", mqtt::Qos::at_most_once));
  SocketClient writer = served.connected("writer");
  const std::string payload(1024 * 1024, 'x');
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(writer.send(publish_of("large", bytes_of(payload))));
  served.loops().stop(200ms);
  EXPECT_EQ(served.loops().connections(), 0U);
}

TEST_P(Running, it_stops_while_traffic_flows) {
  Served served{GetParam()};
  served.start();
  std::vector<std::thread> writers;
  std::atomic<int> flowing{0};
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&, i] {
      SocketClient client = served.connected("writer-" + std::to_string(i));
      if (!client.subscribe("flow/#", mqtt::Qos::at_most_once)) return;
      const std::string topic = "flow/" + std::to_string(i);
      for (bool first = true; client.send(publish_of(topic, bytes_of("x")));) {
        if (!client.receive_as<mqtt::Publish>()) break;
        if (std::exchange(first, false)) ++flowing;
      }
    });
  EXPECT_TRUE(eventually([&] { return flowing == 4; }));
  served.loops().stop(5s);
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(served.loops().connections(), 0U);
  EXPECT_EQ(served.charged(broker::Account::connection), 0);
}

TEST(Stopping, loops_that_never_ran_can_be_let_go) {
  Served served{3};
  SocketClient client = served.client();  // the port is open, nobody answers yet
  served.loops().stop(1s);
}

TEST(StoreTime, never_runs_behind_the_latest_stamp_in_the_store) {
  const base::WallTime future = base::from_unix_ms(4'000'000'000'000);
  const Clock clock{future};
  EXPECT_GE(clock.now().wall, future);
  EXPECT_LT(clock.now().wall, future + std::chrono::hours{1});
}

}  // namespace
}  // namespace mortise::net
