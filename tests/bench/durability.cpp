// What a kill takes: messages acknowledged for a client that is away, and how many of them it gets
// afterwards.
#include <signal.h>

#include <stdexcept>
#include <string>

#include "audience.hpp"

namespace mortise::bench {

namespace {

constexpr const char* absent = "absent";  // the client identifier of the session that waits
constexpr const char* topic = "bench/kept";
constexpr std::uint32_t publishers = 10;
constexpr auto silence = std::chrono::seconds{2};  // so long without a message means that no more will come

void leave_a_session(Generator& generator) {
  Audience audience{1, 1, Audience::Hears::every_stream};
  Peer& peer = generator.connect(0, absent, true);
  generator.subscribe(peer, topic, mqtt::Qos::at_least_once);
  audience.wait_until_ready(generator, 1, 1);
  generator.close(peer);
  generator.run(audience, Clock::now() + patience, [&] { return generator.size() == 0; });
}

class Filling : public Audience {
 public:
  Filling(Generator& generator, const Choices& choices)
      : Audience{1, publishers, Hears::every_stream},
        generator_{generator},
        total_{chosen(choices.messages, 50'000U) / publishers * publishers},
        payload_(choices.payload) {
    for (std::uint32_t i = 0; i < publishers; ++i)
      peers_.push_back(&generator_.connect(i, "publisher-" + std::to_string(i)));
    wait_until_ready(generator_, publishers, 0);
  }

  bool run(const Choices& choices) {
    for (Peer* peer : peers_)
      for (std::uint32_t i = 0; i < chosen(choices.window, 100U); ++i) send(*peer);
    return generator_.run(*this, Clock::now() + 3 * patience, [&] { return acknowledged_ == total_; });
  }
  void on_acknowledged(Peer& peer) override {
    ++acknowledged_;
    send(peer);
  }
  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  void send(Peer& peer) {
    if (sent_ == total_) return;
    ++sent_;
    stamp(peer.number, payload_);
    generator_.publish(peer, topic, mqtt::Qos::at_least_once, payload_);
  }

  Generator& generator_;
  const std::uint64_t total_;
  mqtt::Buffer payload_;
  std::vector<Peer*> peers_;
  std::uint64_t sent_ = 0;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace

nlohmann::ordered_json fill_and_kill(const Choices& choices) {
  Generator generator{choices.port};
  leave_a_session(generator);
  Filling filling{generator, choices};
  nlohmann::ordered_json line;
  const Stretch stretch{choices};
  const bool complete = filling.run(choices);
  if (complete && kill(choices.pid, SIGSTOP) != 0) throw std::runtime_error{"cannot stop the broker"};
  stretch.describe(line, filling.acknowledged());
  if (kill(choices.pid, SIGKILL) != 0) throw std::runtime_error{"cannot kill the broker"};
  line["complete"] = complete;
  line["acknowledged"] = filling.acknowledged();
  return line;
}

nlohmann::ordered_json drain(const Choices& choices) {
  Generator generator{choices.port};
  Audience audience{1, publishers, Audience::Hears::every_stream};
  nlohmann::ordered_json line;
  const Stretch stretch{choices};
  generator.connect(0, absent, true);
  audience.wait_until_ready(generator, 1, 0);
  std::uint64_t seen = UINT64_MAX;
  while (seen != audience.arrived()) {
    seen = audience.arrived();
    generator.run(audience, Clock::now() + silence, [&] { return audience.arrived() >= choices.messages; });
  }
  stretch.describe(line, audience.arrived());
  audience.describe(line);
  line["sent"] = choices.messages;
  line["lost"] = choices.messages - line["received"].get<std::uint64_t>();
  return line;
}

}  // namespace mortise::bench
