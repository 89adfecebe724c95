// A broker on real sockets for the tests of net: decisions, log and store are fakes that remember.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker/shared.hpp"
#include "net/loops.hpp"
#include "net/socket_client.hpp"

namespace mortise::net {

using namespace std::chrono_literals;
using testing::SocketClient;

// Passes everything; holds back what the test wants to decide about later. An authenticator, if one is
// wanted, lets each client in with a word of its own.
class FakeHooks : public broker::Hooks {
 public:
  broker::Hooks::Wanted wants;     // set before the loops start
  std::string unwanted{"nobody"};  // addresses that begin so are not accepted; set before the loops start
  std::atomic<int> asked_to_accept{0};
  std::atomic<bool> holds_publishes{false};
  std::atomic<std::uint64_t> words_given{0};
  std::atomic<std::uint64_t> last_kept{0};

  const Wanted& wanted(std::uint32_t) const override { return wants; }
  broker::Answer authenticate(const broker::ClientFacts&, const mqtt::Connect&, broker::Question,
                              base::Now) override {
    broker::Answer answer;
    answer.decision = broker::Decision::allow;
    answer.plugin_data = ++words_given;
    return answer;
  }
  broker::Answer exchange(const broker::ClientFacts&, const broker::Exchange&, broker::Question,
                          base::Now) override {
    return {};
  }
  broker::Answer authorise(const broker::ClientFacts&, const broker::Access&, broker::Question question,
                           base::Now) override {
    broker::Answer answer;
    if (!holds_publishes) return answer;
    const std::lock_guard lock{mutex_};
    held_.push_back(question);
    answer.decision = broker::Decision::pending;
    return answer;
  }
  broker::Answer accept(const broker::ClientFacts& peer, base::Now) override {
    ++asked_to_accept;
    broker::Answer answer;
    if (peer.address.starts_with(unwanted)) answer.decision = broker::Decision::deny;
    return answer;
  }
  broker::Answer intercept_connect(const broker::ClientFacts&, const mqtt::Connect&, broker::Question,
                                   base::Now) override {
    return {};
  }
  broker::Answer intercept_publish(const broker::ClientFacts&, const broker::MessageRef&, broker::Question,
                                   base::Now) override {
    return {};
  }
  broker::Answer intercept_will(const broker::ClientFacts&, const broker::MessageRef&, base::Now) override {
    return {};
  }
  void cancel(const broker::Question&) override {}
  void kept(std::uint32_t, std::uint64_t ticket) override { last_kept = ticket; }
  void forget(std::uint32_t, std::uint64_t word) override {
    const std::lock_guard lock{mutex_};
    forgotten_.push_back(word);
  }
  void happened(const broker::Event&, std::uint32_t, base::Now) override {}

  std::vector<broker::Question> take_held() {
    const std::lock_guard lock{mutex_};
    return std::exchange(held_, {});
  }
  std::vector<std::uint64_t> forgotten() {
    const std::lock_guard lock{mutex_};
    return forgotten_;
  }

 private:
  std::mutex mutex_;
  std::vector<broker::Question> held_;
  std::vector<std::uint64_t> forgotten_;
};

class KeptLog : public broker::Log {
 public:
  struct Line {
    std::string event, text, address, listener, identity;
  };
  bool wants(broker::LogLevel, std::string_view) const override { return true; }
  void write(broker::LogLevel, std::string_view, std::string_view event, std::string_view text,
             const broker::ClientFacts* client, std::span<const Field>) override {
    const std::lock_guard lock{mutex_};
    lines_.push_back({std::string{event}, std::string{text}, std::string{client ? client->address : ""},
                      client && client->listener ? client->listener->name : std::string{},
                      std::string{client ? client->identity : ""}});
  }
  std::vector<Line> of(std::string_view event) {
    const std::lock_guard lock{mutex_};
    std::vector<Line> found;
    for (const Line& line : lines_)
      if (line.event == event) found.push_back(line);
    return found;
  }

 private:
  std::mutex mutex_;
  std::vector<Line> lines_;
};

// Writes nothing; the test says when what it took is durable.
class FakeStore : public broker::Store {
 public:
  void hand_over(broker::Batch batch) override { last_ = batch.sequence; }
  void read(broker::StoreRead) override { std::abort(); }  // nothing leaves memory here
  // How far the line may rise: everything handed over so far.
  std::uint64_t last() const { return last_; }

 private:
  std::atomic<std::uint64_t> last_{0};
};

// Waits until it is so; the bound only ends what would wait for ever.
inline bool eventually(const std::function<bool()>& is_so) {
  for (int i = 0; i < 20'000; ++i) {
    if (is_so()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

class Served {
 public:
  explicit Served(std::uint32_t loops, broker::Options options = {}, LoopsOptions loops_options = {},
                  broker::Store* store = nullptr)
      : shared{with_seed(std::move(options)), loops, store, hooks, log}, loops_{shared, loops_options} {
    listener.name = "local";
    listener.anonymous = true;
    auto opened = loops_.listen(listener, {"127.0.0.1", 0});
    if (!opened) throw std::runtime_error{opened.error()};
    port = *opened;
  }
  ~Served() {
    loops_.stop(0ms);
    EXPECT_EQ("", broker::imbalance(shared.ledgers));
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  void start() { loops_.start(); }
  // One more port of the listener, whose connections go through these filters.
  std::uint16_t open_door(MakeFilters filters, LearnsAddress learns_address = {}) {
    auto opened = loops_.listen(listener, {"127.0.0.1", 0}, std::move(filters), std::move(learns_address));
    if (!opened) throw std::runtime_error{opened.error()};
    return *opened;
  }
  Loops& loops() { return loops_; }

  SocketClient client(SocketClient::Choices choices = {}) { return SocketClient{port, std::move(choices)}; }
  SocketClient connected(std::string_view client_id, mqtt::Connect packet = clean()) {
    SocketClient made{port};
    EXPECT_EQ(made.connect(client_id, packet), mqtt::ReasonCode::success) << client_id;
    return made;
  }
  static mqtt::Connect clean() {
    mqtt::Connect packet;
    packet.clean_start = true;
    return packet;
  }

  // One whose session lives on this loop.
  std::string client_id_on(std::uint32_t loop, const std::string& name) const {
    for (int i = 0;; ++i)
      if (const std::string id = name + "-" + std::to_string(i); shared.home_of(id) == loop % shared.loops())
        return id;
  }

  // Runs on a loop, and waits for it.
  void on_loop(std::uint32_t loop, const std::function<void(broker::Broker&)>& function) {
    std::atomic<bool> done{false};
    loops_.post(loop, [&](broker::Broker& broker) {
      function(broker);
      done = true;
    });
    EXPECT_TRUE(eventually([&] { return done.load(); }));
  }

  std::int64_t charged(broker::Account account) const {
    std::int64_t sum = shared.retained_accounts.charged(account);
    for (const auto& ledger : shared.ledgers) sum += ledger->accounts.charged(account);
    return sum;
  }
  std::int64_t charged() const {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(broker::Account::count); ++i)
      sum += charged(static_cast<broker::Account>(i));
    return sum;
  }
  // What is unwritten to all clients of a loop.
  std::size_t unwritten(std::uint32_t loop) {
    std::size_t sum = 0;
    on_loop(loop, [&](broker::Broker& broker) {
      for (std::uint32_t index = 0; index < 16; ++index)
        for (std::uint32_t generation = 1; generation < 16; ++generation)
          if (const auto* output = broker.output({index, generation})) sum += output->size();
    });
    return sum;
  }

  FakeHooks hooks;
  KeptLog log;
  broker::Listener listener;
  broker::Shared shared;
  std::uint16_t port = 0;

 private:
  static broker::Options with_seed(broker::Options options) {
    options.seed = {0x6d6f7274697365, 0x6e6574};
    return options;
  }
  Loops loops_;
};

inline mqtt::Publish publish_of(std::string_view topic, mqtt::Bytes payload,
                                mqtt::Qos qos = mqtt::Qos::at_most_once, mqtt::PacketId packet_id = 0) {
  mqtt::Publish packet;
  packet.topic = topic;
  packet.payload = payload;
  packet.qos = qos;
  packet.packet_id = packet_id;
  return packet;
}
inline mqtt::Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string text_of(mqtt::Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Each test of such a suite runs with one loop and with three.
class OnLoops : public ::testing::TestWithParam<std::uint32_t> {};
#define MORTISE_ON_ONE_AND_THREE_LOOPS(suite)                       \
  INSTANTIATE_TEST_SUITE_P(Loops, suite, ::testing::Values(1U, 3U), \
                           [](const auto& row) { return row.param == 1 ? "one_loop" : "three_loops"; })

}  // namespace mortise::net
