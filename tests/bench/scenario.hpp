// The scenarios of mortise-bench: each drives the broker at a port, and says what it saw as one JSON object.
//
// Thread: one.   Fails: by exception, see Generator; a scenario never outlasts its time by more than a
// minute.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mortise::bench {

// What may be chosen on the command line; 0: the scenario's own figure.
struct Choices {
  std::uint16_t port = 0;
  pid_t pid = 0;
  double seconds = 0;
  std::uint32_t rate = 0;         // messages published a second
  std::uint32_t connections = 0;  // publishers, subscribers, pairs or idle connections
  std::uint32_t messages = 0;
  std::uint32_t window = 0;          // messages without acknowledgement, a publisher
  std::uint32_t payload = 64;        // bytes, at least Stamp::size
  std::vector<std::string> command;  // start: what to run
};

struct Scenario {
  const char* name;
  const char* what;
  nlohmann::ordered_json (*run)(const Choices&);
};

// At a fixed rate.
nlohmann::ordered_json fan_in(const Choices&);
nlohmann::ordered_json fan_out(const Choices&);
// As fast as the window allows.
nlohmann::ordered_json pairs_qos0(const Choices&);
nlohmann::ordered_json pairs_qos1(const Choices&);
nlohmann::ordered_json pairs_qos2(const Choices&);
// Connections.
nlohmann::ordered_json idle(const Choices&);
nlohmann::ordered_json storm(const Choices&);
// Durability: fill kills the broker's process.
nlohmann::ordered_json fill_and_kill(const Choices&);
nlohmann::ordered_json drain(const Choices&);
// Starts the command, and stops it.
nlohmann::ordered_json start(const Choices&);

}  // namespace mortise::bench
