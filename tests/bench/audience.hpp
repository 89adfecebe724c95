// Who listens in a scenario: counts what is ready and what came, stream by stream, and writes the common
// fields.
//
// Thread: one.   Owns: one Tally for each receiver and stream that belong together.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "generator.hpp"
#include "process.hpp"
#include "scenario.hpp"
#include "tally.hpp"

namespace mortise::bench {

constexpr auto patience = std::chrono::seconds{20};  // for connecting, and for the last message to arrive

class Audience : public Watcher {
 public:
  enum class Hears : std::uint8_t { every_stream, its_own };

  Audience(std::uint32_t receivers, std::uint32_t streams, Hears hears)
      : streams_{streams},
        hears_{hears},
        tallies_(hears == Hears::its_own ? receivers : std::size_t{receivers} * streams),
        sent_(streams) {}

  void on_ready(Peer&) override { ++ready_; }
  void on_subscribed(Peer&) override { ++subscribed_; }
  void on_message(Peer& peer, const mqtt::Publish& message) override;

  // The next message of a stream, in `payload`.
  void stamp(std::uint32_t stream, mqtt::Buffer& payload) {
    Stamp{sent_[stream]++, Stamp::now_ns(), stream}.write_to(payload);
  }

  // Connects and subscribes are all answered, or std::runtime_error.
  void wait_until_ready(Generator& generator, std::size_t connections, std::size_t subscriptions);

  std::uint64_t expected() const;
  std::uint64_t arrived() const { return arrived_; }
  bool is_complete() const { return arrived_ >= expected(); }
  // What came before was warming up: it is checked, but not timed.
  void forget_delays() { delays_ = {}; }
  // The delays of a closed loop say how long its queue is.
  void ignore_delays() { times_ = false; }

  void describe(nlohmann::ordered_json& line);

 private:
  const std::uint32_t streams_;
  const Hears hears_;
  std::vector<Tally> tallies_;
  std::vector<std::uint64_t> sent_;
  std::size_t ready_ = 0;
  std::size_t subscribed_ = 0;
  std::uint64_t arrived_ = 0;
  std::uint64_t strays_ = 0;  // at somebody who had not subscribed to them
  bool times_ = true;
  Delays delays_;
};

// From its making on: the broker's CPU time and the wall's.
class Stretch {
 public:
  explicit Stretch(const Choices& choices)
      : broker_{choices.pid}, cpu_{broker_.cpu_seconds()}, start_{Clock::now()} {}

  // Adds the cost of one of `operations` that were done since.
  void describe(nlohmann::ordered_json& line, std::uint64_t operations) const;

 private:
  Process broker_;
  double cpu_;
  Clock::time_point start_;
};

template <class Number>
Number chosen(Number choice, Number otherwise) {
  return choice > 0 ? choice : otherwise;
}

inline Clock::duration seconds(double count) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>{count});
}

}  // namespace mortise::bench
