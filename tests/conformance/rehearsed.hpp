// What the plugin of the transcripts says, for both drivers: as hooks of the core, and as a plugin of a
// process.
#pragma once

#include <cstdint>
#include <string_view>

namespace mortise::conformance {

struct Rehearsed {
  enum class Word : std::uint8_t { pass, allow, deny, disconnect, challenge } word = Word::pass;
  std::uint8_t reason = 0;
  std::string_view text{};       // the reason string
  std::string_view data{};       // for the client that authenticates
  std::string_view reference{};  // another server
};

// What the broker tells who asks for response information, with the setting of that name.
inline constexpr const char* response_information = "answers/%c/";

// Where clients live, with the setting "mounted".
inline constexpr const char* mount_point = "%u/";

// By user name.
inline Rehearsed on_connect(std::string_view username) {
  using enum Rehearsed::Word;
  if (username == "moved") return {deny, 0x9D, "this house has moved", {}, "elsewhere.example:1883"};
  if (username == "elsewhere") return {deny, 0x9C, "this house is full", {}, "next.example:1883"};
  if (username == "misnamed") return {deny, 0x85, "that is no name here", {}, {}};
  return username.empty() ? Rehearsed{} : Rehearsed{.word = allow};
}

// The method "password-game" only. A challenge to whoever says nothing or "again".
inline Rehearsed on_exchange(std::string_view method, std::string_view data) {
  using enum Rehearsed::Word;
  if (method != "password-game") return {};
  if (data.empty() || data == "again") return {.word = challenge, .data = "who goes there"};
  if (data == "a friend") return {.word = allow, .data = "come in"};
  return {deny, 0x87, "friends only", {}, {}};
}

// By the first level of a topic or filter.
inline Rehearsed on_access(std::string_view topic) {
  using enum Rehearsed::Word;
  if (topic.starts_with("forbidden/")) return {deny, 0x87, "this is not for you", {}, {}};
  if (topic.starts_with("expelled/")) return {disconnect, 0x98, "leave this house", {}, {}};
  if (topic.starts_with("sent_away/")) return {disconnect, 0x9C, "go next door", {}, "next.example:1883"};
  return {};
}

}  // namespace mortise::conformance
