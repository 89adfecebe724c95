// Fan-in and fan-out at a rate that every broker can keep: what counts is what a message costs it.
#include <string>

#include "audience.hpp"

namespace mortise::bench {

namespace {

constexpr double warm_up_seconds = 0.3;
constexpr std::uint32_t burst_max =
    1000;  // messages to catch up with at once after the system kept us waiting

// Sends from one publisher after the other, evenly spread over the time.
class Metronome {
 public:
  Metronome(Generator& generator, Audience& audience, const std::vector<Peer*>& publishers,
            const std::vector<std::string>& topics, std::uint32_t payload)
      : generator_{generator},
        audience_{audience},
        publishers_{publishers},
        topics_{topics},
        payload_(payload) {}

  // Returns when the last message has arrived, or does not arrive any more.
  void run(double for_seconds, std::uint32_t rate) {
    const auto total = static_cast<std::uint64_t>(for_seconds * rate);
    const auto start = Clock::now();
    std::uint64_t sent = 0;
    const auto pace = [&](Clock::time_point now) {
      const auto due =
          static_cast<std::uint64_t>(std::chrono::duration<double>(now - start).count() * rate) + 1;
      for (std::uint32_t burst = 0; sent < std::min(due, total) && burst < burst_max; ++burst, ++sent) send();
      return sent == total ? now + patience : start + seconds(static_cast<double>(sent) / rate);
    };
    generator_.run(
        audience_, start + seconds(for_seconds) + patience,
        [&] { return sent == total && audience_.is_complete(); }, pace);
  }

 private:
  void send() {
    audience_.stamp(next_, payload_);
    generator_.publish(*publishers_[next_], topics_[next_], mqtt::Qos::at_most_once, payload_);
    next_ = static_cast<std::uint32_t>((next_ + 1) % publishers_.size());
  }

  Generator& generator_;
  Audience& audience_;
  const std::vector<Peer*>& publishers_;
  const std::vector<std::string>& topics_;
  mqtt::Buffer payload_;
  std::uint32_t next_ = 0;
};

nlohmann::ordered_json fan(const Choices& choices, std::uint32_t publishers, std::uint32_t subscribers,
                           const std::string& filter, const std::string& topic, std::uint32_t rate) {
  Generator generator{choices.port};
  Audience audience{subscribers, publishers, Audience::Hears::every_stream};
  std::vector<Peer*> senders;
  std::vector<std::string> topics;
  for (std::uint32_t i = 0; i < subscribers; ++i)
    generator.subscribe(generator.connect(i, "subscriber-" + std::to_string(i)), filter,
                        mqtt::Qos::at_most_once);
  audience.wait_until_ready(generator, subscribers, subscribers);
  for (std::uint32_t i = 0; i < publishers; ++i) {
    senders.push_back(&generator.connect(i, "publisher-" + std::to_string(i)));
    topics.push_back(topic + std::to_string(i));
  }
  audience.wait_until_ready(generator, subscribers + publishers, subscribers);

  Metronome metronome{generator, audience, senders, topics, choices.payload};
  metronome.run(warm_up_seconds, rate);
  audience.forget_delays();
  const std::uint64_t before = audience.arrived();
  const Stretch stretch{choices};
  metronome.run(chosen(choices.seconds, 4.0), rate);

  nlohmann::ordered_json line;
  stretch.describe(line, audience.arrived() - before);
  audience.describe(line);
  return line;
}

}  // namespace

nlohmann::ordered_json fan_in(const Choices& choices) {
  return fan(choices, chosen(choices.connections, 50U), 1, "bench/fan-in/+", "bench/fan-in/",
             chosen(choices.rate, 20'000U));
}

nlohmann::ordered_json fan_out(const Choices& choices) {
  return fan(choices, 1, chosen(choices.connections, 200U), "bench/fan-out/0", "bench/fan-out/",
             chosen(choices.rate, 150U));
}

}  // namespace mortise::bench
