// One step of a transcript: what a client does, or what it has to see.
//
// Plain values, as the reader finds them; the player gives them their meaning.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "mqtt/packet.hpp"
#include "mqtt/property.hpp"

namespace mortise::conformance {

struct Property {
  mqtt::PropertyId id{};
  std::uint32_t number = 0;
  std::string value;  // of strings and binary data
  std::string name;   // of a user property
  friend bool operator==(const Property&, const Property&) = default;
};
using Properties = std::vector<Property>;

// A packet identifier as written: a number, a name for one the broker chose, or empty for "any".
using IdWord = std::string;

struct Will {
  std::string topic;
  std::string payload;
  int qos = 0;
  bool retain = false;
  Properties properties;
};

struct Connect {
  std::optional<std::string> client_id;  // empty: the client's name in the transcript
  bool clean_start = false;
  bool keep_session = false;  // outlives the connection, in either version
  std::uint16_t keep_alive_s = 0;
  std::optional<std::string> username;
  std::optional<std::string> password;
  Properties properties;
  std::optional<Will> will;
};

struct Filter {
  std::string text;
  int qos = 0;
  bool no_local = false;
  bool retain_as_published = false;
  int retain_handling = 0;
};

struct Subscribe {
  IdWord id;
  std::vector<Filter> filters;
  Properties properties;
};

struct Unsubscribe {
  IdWord id;
  std::vector<std::string> filters;
  Properties properties;
};

struct Publish {
  IdWord id;
  std::string topic;
  std::string payload;
  int qos = 0;
  bool retain = false;
  bool dup = false;
  Properties properties;
};

// PUBACK, PUBREC, PUBREL or PUBCOMP, sent by hand.
struct Acknowledge {
  mqtt::PacketType type{};
  IdWord id;
  mqtt::ReasonCode reason{};
};

struct Ping {};
struct Disconnect {
  mqtt::ReasonCode reason{};
  Properties properties;
};
struct Auth {
  mqtt::ReasonCode reason{};
  Properties properties;
};
struct Open {};  // a connection, and nothing said on it
struct Drop {};  // the connection ends without a word
struct Send {    // bytes as they are
  std::string bytes;
};
struct Wait {
  std::chrono::seconds time{};
};

// A packet that has to come. What is not said is at its default for a PUBLISH, and does not matter otherwise.
struct Expected {
  mqtt::PacketType type{};
  IdWord id;
  std::string topic;
  std::string payload;
  int qos = 0;
  bool retain = false;
  bool dup = false;
  std::vector<mqtt::ReasonCode> reasons;
  std::optional<bool> session_present;
  Properties properties;
  std::vector<mqtt::PropertyId> absent;
  bool unordered = false;   // anywhere among what has come, not next
  bool unanswered = false;  // a PUBLISH that is not acknowledged by itself
};
struct ExpectNothing {};
struct ExpectClosed {};

using Expectation = std::variant<Expected, ExpectNothing, ExpectClosed>;

using Action = std::variant<Connect, Subscribe, Unsubscribe, Publish, Acknowledge, Ping, Disconnect, Auth,
                            Open, Drop, Send, Wait, Expected, ExpectNothing, ExpectClosed>;

struct Step {
  int line = 0;
  std::string actor;                  // empty for a wait
  std::optional<mqtt::Version> only;  // empty: in each version the transcript is played in
  Action action;
  std::optional<Expectation> answer;  // after "->"; empty: the usual one
};

}  // namespace mortise::conformance
