// Pairs of one publisher and one subscriber, as fast as the window allows: a closed loop.
#include <string>

#include "audience.hpp"

namespace mortise::bench {

namespace {

class Pairs : public Audience {
 public:
  Pairs(Generator& generator, std::uint32_t pairs, mqtt::Qos qos, const Choices& choices)
      : Audience{pairs, pairs, Hears::its_own}, generator_{generator}, qos_{qos}, payload_(choices.payload) {
    ignore_delays();
    for (std::uint32_t i = 0; i < pairs; ++i) {
      topics_.push_back("bench/pairs/" + std::to_string(i));
      generator_.subscribe(generator_.connect(i, "subscriber-" + std::to_string(i)), topics_[i], qos);
    }
    wait_until_ready(generator_, pairs, pairs);
    for (std::uint32_t i = 0; i < pairs; ++i)
      publishers_.push_back(&generator_.connect(i, "publisher-" + std::to_string(i)));
    wait_until_ready(generator_, std::size_t{pairs} * 2, pairs);
  }

  void run(double for_seconds, std::uint32_t window) {
    const auto end = Clock::now() + seconds(for_seconds);
    for (Peer* publisher : publishers_)
      for (std::uint32_t i = 0; i < window; ++i) send(*publisher);
    const auto pace = [&](Clock::time_point now) {
      over_ = now >= end;
      return over_ ? now + patience : end;
    };
    generator_.run(
        *this, end + patience, [&] { return over_ && unanswered_ == 0 && is_complete(); }, pace);
  }

  // QoS 0 is answered by its arrival.
  void on_message(Peer& peer, const mqtt::Publish& message) override {
    Audience::on_message(peer, message);
    if (qos_ == mqtt::Qos::at_most_once) go_on(*publishers_[peer.number]);
  }
  void on_acknowledged(Peer& peer) override { go_on(peer); }

 private:
  void go_on(Peer& publisher) {
    --unanswered_;
    if (!over_) send(publisher);
  }
  void send(Peer& publisher) {
    ++unanswered_;
    stamp(publisher.number, payload_);
    generator_.publish(publisher, topics_[publisher.number], qos_, payload_);
  }

  Generator& generator_;
  const mqtt::Qos qos_;
  mqtt::Buffer payload_;
  std::vector<std::string> topics_;
  std::vector<Peer*> publishers_;
  std::uint64_t unanswered_ = 0;
  bool over_ = false;
};

nlohmann::ordered_json pairs(const Choices& choices, mqtt::Qos qos) {
  Generator generator{choices.port};
  Pairs run{generator, chosen(choices.connections, 50U), qos, choices};
  const Stretch stretch{choices};
  run.run(chosen(choices.seconds, 3.0), chosen(choices.window, 20U));
  nlohmann::ordered_json line;
  stretch.describe(line, run.arrived());
  run.describe(line);
  return line;
}

}  // namespace

nlohmann::ordered_json pairs_qos0(const Choices& choices) { return pairs(choices, mqtt::Qos::at_most_once); }
nlohmann::ordered_json pairs_qos1(const Choices& choices) { return pairs(choices, mqtt::Qos::at_least_once); }
nlohmann::ordered_json pairs_qos2(const Choices& choices) { return pairs(choices, mqtt::Qos::exactly_once); }

}  // namespace mortise::bench
