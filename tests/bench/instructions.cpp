// mortise-instructions SCENARIO: one fixed scenario of the broker core, for callgrind to count.
//
// Prints how many operations (messages, deliveries, subscriptions) the counted instructions are to be
// divided by.
//
// Fails:  exit code 1 when the broker has not delivered all of it, 2 for a name that is not in the table.
#include <cstdio>
#include <string>

#include "base/contract.hpp"
#include "fixed_broker.hpp"

namespace mortise::bench {

namespace {

constexpr std::size_t payload_size = 64;
constexpr std::size_t window = 20;  // messages a publisher has outstanding, and sends at once

mqtt::Publish message(std::string_view topic, mqtt::Qos qos, mqtt::PacketId packet_id, bool retain = false) {
  static const mqtt::Buffer payload(payload_size, 'x');
  return {.qos = qos, .retain = retain, .topic = topic, .packet_id = packet_id, .payload = payload};
}

std::string numbered(const char* before, std::size_t number, const char* after = "") {
  return before + std::to_string(number) + after;
}

// Each message comes in a turn of its own, as it does under light load.
std::size_t fan_in_qos0() {
  constexpr std::size_t publishers = 50, messages = 5000;
  FixedBroker broker{Storage::none};
  const auto subscriber = broker.connect("subscriber");
  broker.subscribe(subscriber, "site/+/temperature", mqtt::Qos::at_most_once);
  std::vector<FixedBroker::Peer> peers;
  std::vector<std::string> topics;
  for (std::size_t i = 0; i < publishers; ++i) {
    peers.push_back(broker.connect(numbered("publisher-", i)));
    topics.push_back(numbered("site/", i, "/temperature"));
  }
  broker.count();
  for (std::size_t i = 0; i < messages; ++i) {
    broker.say(peers[i % publishers], message(topics[i % publishers], mqtt::Qos::at_most_once, 0));
    broker.turn();
  }
  MORTISE_EXPECT(broker.delivered() == messages);
  return messages;
}

std::size_t fan_out_200_qos0() {
  constexpr std::size_t subscribers = 200, messages = 200;
  FixedBroker broker{Storage::none};
  for (std::size_t i = 0; i < subscribers; ++i)
    broker.subscribe(broker.connect(numbered("subscriber-", i)), "site/news", mqtt::Qos::at_most_once);
  const auto publisher = broker.connect("publisher");
  broker.count();
  for (std::size_t i = 0; i < messages; ++i) {
    broker.say(publisher, message("site/news", mqtt::Qos::at_most_once, 0));
    broker.turn();
  }
  MORTISE_EXPECT(broker.delivered() == subscribers * messages);
  return subscribers * messages;
}

// A window of messages at a time, until the last acknowledgement of both sides is in.
std::size_t pairs(mqtt::Qos qos, Storage storage) {
  constexpr std::size_t count = 50, rounds = 10;
  FixedBroker broker{storage};
  std::vector<FixedBroker::Peer> publishers;
  std::vector<std::string> topics;
  for (std::size_t i = 0; i < count; ++i) {
    topics.push_back(numbered("pair/", i, "/data"));
    broker.subscribe(broker.connect(numbered("subscriber-", i)), topics.back(), qos);
    publishers.push_back(broker.connect(numbered("publisher-", i)));
  }
  broker.count();
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t n = 0; n < window; ++n)
        broker.say(publishers[i], message(topics[i], qos, static_cast<mqtt::PacketId>(n + 1)));
    broker.settle();
  }
  MORTISE_EXPECT(broker.delivered() == count * rounds * window);
  MORTISE_EXPECT(broker.acknowledged() == count * rounds * window);
  return broker.delivered();
}

// Each topic's first value, and then a second one in its place.
std::size_t retained_set() {
  constexpr std::size_t topics = 4000, values = 2;
  FixedBroker broker{Storage::none};
  const auto publisher = broker.connect("publisher");
  broker.count();
  for (std::size_t i = 0; i < topics * values; ++i) {
    const std::string topic = numbered("site/", i % topics, "/state");
    broker.say(publisher,
               message(topic, mqtt::Qos::at_least_once, static_cast<mqtt::PacketId>(1 + i % window), true));
    if (i % window == window - 1) broker.turn();
  }
  MORTISE_EXPECT(broker.acknowledged() == topics * values);
  return topics * values;
}

// Four exact filters to one with a wildcard, one SUBSCRIBE each.
std::size_t subscribe_10k() {
  constexpr std::size_t subscribers = 100, filters = 10'000;
  FixedBroker broker{Storage::none};
  std::vector<FixedBroker::Peer> peers;
  for (std::size_t i = 0; i < subscribers; ++i) peers.push_back(broker.connect(numbered("subscriber-", i)));
  broker.count();
  for (std::size_t i = 0; i < filters; ++i) {
    const std::string filter = numbered("site/", i, i % 5 == 0 ? "/+/state" : "/valve/state");
    mqtt::Subscribe subscribe;
    subscribe.packet_id = 1;
    subscribe.entries.push_back({filter, {.maximum_qos = mqtt::Qos::at_least_once}});
    broker.say(peers[i % subscribers], subscribe);
    if (i % subscribers == subscribers - 1) broker.turn();
  }
  MORTISE_EXPECT(broker.subscribed() == filters);
  return filters;
}

struct Row {
  const char* name;
  std::size_t (*run)();
};
constexpr Row scenarios[]{
    {"fan_in_qos0", fan_in_qos0},
    {"fan_out_200_qos0", fan_out_200_qos0},
    {"pairs_qos1", [] { return pairs(mqtt::Qos::at_least_once, Storage::none); }},
    {"pairs_qos2", [] { return pairs(mqtt::Qos::exactly_once, Storage::none); }},
    {"pairs_qos1_stored", [] { return pairs(mqtt::Qos::at_least_once, Storage::durable_at_once); }},
    {"retained_set", retained_set},
    {"subscribe_10k", subscribe_10k},
};

}  // namespace

}  // namespace mortise::bench

int main(int count, char** arguments) {
  const std::string_view wanted = count == 2 ? arguments[1] : "";
  for (const auto& [name, run] : mortise::bench::scenarios)
    if (wanted == name) return std::printf("%zu\n", run()) > 0 ? 0 : 1;
  std::fputs("usage: mortise-instructions SCENARIO, which is one of:\n", stderr);
  for (const auto& row : mortise::bench::scenarios) std::fprintf(stderr, "  %s\n", row.name);
  return 2;
}
