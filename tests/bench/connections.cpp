// What connections cost: to make, to keep, and to make and end again.
#include <stdexcept>
#include <string>

#include "audience.hpp"

namespace mortise::bench {

namespace {

constexpr std::uint32_t at_a_time = 64;
constexpr double held_seconds = 2;

// Connects `total` clients, at_a_time of them unanswered.
class Arrivals : public Watcher {
 public:
  enum class Then : std::uint8_t { stay, leave };

  Arrivals(Generator& generator, Then then) : generator_{generator}, then_{then} {}

  void run(std::uint32_t total) {
    total_ = total;
    while (begun_ < std::min(at_a_time, total_)) begin();
    if (!generator_.run(*this, Clock::now() + 3 * patience, [&] { return ready_ == total_; }))
      throw std::runtime_error{"the broker did not answer every CONNECT"};
  }

  void on_ready(Peer& peer) override {
    ++ready_;
    delays_.add(Stamp::now_ns() - begun_ns_[peer.number]);
    if (then_ == Then::leave) generator_.close(peer);
    if (begun_ < total_) begin();
  }
  Delays& delays() { return delays_; }

 private:
  void begin() {
    begun_ns_.push_back(Stamp::now_ns());
    generator_.connect(begun_, "client-" + std::to_string(begun_));
    ++begun_;
  }

  Generator& generator_;
  const Then then_;
  std::uint32_t total_ = 0;
  std::uint32_t begun_ = 0;
  std::uint32_t ready_ = 0;
  std::vector<std::int64_t> begun_ns_;
  Delays delays_;
};

}  // namespace

nlohmann::ordered_json idle(const Choices& choices) {
  const std::uint32_t connections = chosen(choices.connections, 10'000U);
  Generator generator{choices.port};
  const Process broker{choices.pid};
  const std::int64_t before = broker.proportional_bytes();
  Arrivals arrivals{generator, Arrivals::Then::stay};
  nlohmann::ordered_json line;
  const Stretch stretch{choices};
  arrivals.run(connections);
  stretch.describe(line, connections);
  const double cpu = broker.cpu_seconds();
  generator.run(arrivals, Clock::now() + seconds(held_seconds), [] { return false; });
  line["cpu_percent_held"] = 100 * (broker.cpu_seconds() - cpu) / held_seconds;
  line["pss_bytes_each"] = static_cast<double>(broker.proportional_bytes() - before) / connections;
  return line;
}

nlohmann::ordered_json storm(const Choices& choices) {
  const std::uint32_t connections = chosen(choices.connections, 10'000U);
  Generator generator{choices.port};
  Arrivals arrivals{generator, Arrivals::Then::leave};
  nlohmann::ordered_json line;
  const Stretch stretch{choices};
  arrivals.run(connections);
  stretch.describe(line, connections);
  line["p50_us"] = arrivals.delays().at(0.5);
  line["p99_us"] = arrivals.delays().at(0.99);
  return line;
}

}  // namespace mortise::bench
