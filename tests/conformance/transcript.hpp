// A conversation with a broker, written down: who says what, what has to come back, which statements that
// proves.
//
// The language is described in README.md beside this file.
//
// Fails: with Unreadable, "file:line:column  what to write instead", for the first fault in a file.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "step.hpp"

namespace mortise::conformance {

// How the broker has to be set up, by the words of the line "broker"; switches are 1. Empty: as it is by
// default.
using BrokerSettings = std::map<std::string, std::uint32_t>;

struct Statement {
  mqtt::Version version{};
  std::string id;  // such as MQTT-3.1.2-10
  friend auto operator<=>(const Statement&, const Statement&) = default;
};

struct Transcript {
  std::string file;   // as given
  int line = 0;       // of "versions"
  std::string title;  // the comment in front
  std::vector<mqtt::Version> versions;
  std::vector<Statement> proves;
  BrokerSettings broker;
  bool virtual_time_only = false;
  std::vector<Step> steps;

  std::size_t steps_in(mqtt::Version version) const;
};

// Sockets cannot hurry: a transcript that waits longer in all says "virtual time only".
inline constexpr std::chrono::seconds longest_real_wait{2};

std::string_view word_of(mqtt::Version version);

std::vector<Transcript> read_transcripts(std::string_view text, const std::string& file);
// Throws Unreadable also when the file cannot be opened.
std::vector<Transcript> read_transcript_file(const std::string& path);

}  // namespace mortise::conformance
