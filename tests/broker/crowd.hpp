// Clients of a broker core in virtual time, for tests of limits: each says something and hears what comes.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client_packet.hpp"
#include "core_world.hpp"
#include "mqtt/frame.hpp"

namespace mortise::broker {

using conformance::CoreWorld;

class Crowd {
 public:
  using Connection = CoreWorld::Connection;
  using Heard = std::vector<std::vector<std::uint8_t>>;  // packets

  Crowd(conformance::BrokerSettings settings, std::uint32_t loops = 1)
      : world{std::move(settings), loops, conformance::Storage::none} {}

  // `packets` may be any number of them, said at once.
  Heard say(Connection connection, const conformance::Bytes& packets) {
    world.send(connection, packets);
    return hear(connection);
  }
  Heard hear(Connection connection) {
    std::vector<std::uint8_t> bytes;
    world.receive(connection, bytes, CoreWorld::Hope::expected);
    Heard heard = std::exchange(unread_[connection], {});
    for (mqtt::Bytes left{bytes}; !left.empty();) {
      const auto frame = mqtt::read_frame(left, UINT32_MAX);
      heard.emplace_back(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(frame->size));
      left = left.subspan(frame->size);
    }
    return heard;
  }
  // What CONNACK says.
  mqtt::ReasonCode connect(Connection connection, const std::string& client_id, bool keeps = false) {
    conformance::Connect step;
    step.keep_session = keeps;
    step.clean_start = !keeps;
    Heard heard = say(connection, packet_of(step, mqtt::Version::v5_0, client_id));
    if (heard.empty()) return mqtt::ReasonCode::unspecified_error;
    unread_[connection].assign(heard.begin() + 1, heard.end());
    return mqtt::ReasonCode{heard[0][3]};
  }
  Connection connected(const std::string& client_id, bool keeps = false) {
    const Connection connection = world.open();
    connect(connection, client_id, keeps);
    return connection;
  }
  void subscribe(Connection connection, const std::string& filter, std::uint8_t qos) {
    conformance::Subscribe step;
    step.filters.push_back({filter, qos, false, false, 0});
    say(connection, packet_of(step, mqtt::Version::v5_0, 1));
  }
  static conformance::Bytes publication(const std::string& topic, std::size_t size, std::uint8_t qos,
                                        std::uint16_t packet_id = 1) {
    conformance::Publish step;
    step.topic = topic;
    step.payload.assign(size, 'x');
    step.qos = qos;
    return packet_of(step, mqtt::Version::v5_0, packet_id);
  }
  std::uint64_t hits(Limit limit) const {
    std::uint64_t sum = 0;
    for (const auto& ledger : world.shared().ledgers)
      sum += ledger->limited[static_cast<std::size_t>(limit)].value();
    return sum;
  }
  std::uint64_t dropped(Dropped why) const {
    std::uint64_t sum = 0;
    for (const auto& ledger : world.shared().ledgers)
      sum += ledger->dropped[static_cast<std::size_t>(why)].value();
    return sum;
  }

  CoreWorld world;

 private:
  std::map<Connection, Heard> unread_;  // what came right behind CONNACK
};

}  // namespace mortise::broker
