// The real process: mortise run, on a free port of the loopback, in a folder of its own, with a transcript's
// settings.
//
// Owns: the process and its folder; both are gone with it.
// Fails: with std::runtime_error when the process ends, or does not listen in time.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "transcript.hpp"

namespace mortise::conformance {

struct SpawnChoices {
  std::string program;      // the path of mortise
  std::string plugin_path;  // empty: none is given
  std::uint32_t threads = 1;
  bool with_store = false;  // the plugin store-sqlite
};

class SpawnedBroker {
 public:
  SpawnedBroker(const SpawnChoices& choices, const BrokerSettings& settings);
  ~SpawnedBroker();
  SpawnedBroker(const SpawnedBroker&) = delete;
  SpawnedBroker& operator=(const SpawnedBroker&) = delete;

  std::uint16_t port() const { return port_; }

  // Stops it in order. What was wrong with that or with its books, or empty. Called once.
  std::string stop();

 private:
  void claim_a_port();
  void write_configuration(const SpawnChoices& choices, const BrokerSettings& settings) const;
  void start(const SpawnChoices& choices);
  void wait_until_it_listens();
  std::string said() const;

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  int claim_ = -1;  // a socket whose name says that the port is ours
  pid_t process_ = -1;
};

}  // namespace mortise::conformance
