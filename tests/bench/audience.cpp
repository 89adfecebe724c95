#include "audience.hpp"

#include <numeric>
#include <stdexcept>

namespace mortise::bench {

void Audience::on_message(Peer& peer, const mqtt::Publish& message) {
  ++arrived_;
  const Stamp stamp = Stamp::read(message.payload);
  const bool own = hears_ == Hears::its_own;
  if (message.payload.size() < Stamp::size || stamp.stream >= streams_ ||
      (own && stamp.stream != peer.number)) {
    ++strays_;
    return;
  }
  tallies_[own ? peer.number : std::size_t{peer.number} * streams_ + stamp.stream].see(stamp.number);
  if (times_) delays_.add(Stamp::now_ns() - stamp.sent_ns);
}

void Audience::wait_until_ready(Generator& generator, std::size_t connections, std::size_t subscriptions) {
  const auto done = [&] { return ready_ >= connections && subscribed_ >= subscriptions; };
  if (!generator.run(*this, Clock::now() + patience, done))
    throw std::runtime_error{"the broker did not answer every CONNECT and SUBSCRIBE"};
}

std::uint64_t Audience::expected() const {
  const std::uint64_t sent = std::accumulate(sent_.begin(), sent_.end(), std::uint64_t{0});
  return hears_ == Hears::its_own ? sent : sent * (tallies_.size() / streams_);
}

void Audience::describe(nlohmann::ordered_json& line) {
  std::uint64_t received = 0, late = 0, repeated = 0;
  for (const Tally& tally : tallies_) {
    received += tally.received();
    late += tally.late();
    repeated += tally.repeated();
  }
  line["sent"] = std::accumulate(sent_.begin(), sent_.end(), std::uint64_t{0});
  line["received"] = received;
  line["lost"] = expected() - received;
  line["out_of_order"] = late;
  line["repeated"] = repeated;
  line["strays"] = strays_;
  if (!times_ || delays_.empty()) return;
  line["p50_us"] = delays_.at(0.5);
  line["p99_us"] = delays_.at(0.99);
  line["p999_us"] = delays_.at(0.999);
}

void Stretch::describe(nlohmann::ordered_json& line, std::uint64_t operations) const {
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const double cpu = broker_.cpu_seconds() - cpu_;
  line["operations"] = operations;
  line["seconds"] = elapsed;
  line["cpu_seconds"] = cpu;
  line["cpu_us"] = operations == 0 ? 0.0 : cpu * 1e6 / static_cast<double>(operations);
  line["per_second"] = static_cast<double>(operations) / elapsed;
  line["rss_bytes"] = broker_.resident_bytes();
}

}  // namespace mortise::bench
