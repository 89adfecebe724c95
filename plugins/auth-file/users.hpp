// users.yaml: who may connect, with what password, and which groups each belongs to.
//
// Thread: any; unchanged once read.   Cost: a look-up is one hash of the name.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "yaml.hpp"

namespace mortise::auth_file {

// Groups nobody has to be put into: clients without a user name, and all clients.
inline constexpr std::string_view anonymous_group = "anonymous";
inline constexpr std::string_view everyone_group = "everyone";

inline constexpr std::size_t name_bytes_max = 65535;  // MQTT 5.0 §1.5.4

// Why no client could ever send this user name, as a sentence; empty: one can.
std::string fault_of_name(std::string_view name);

struct User {
  std::string name;
  std::string hash;
  std::vector<std::string> groups;
  std::uint32_t line = 0;
};

// Lets a map of strings be asked with a view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class Value>
using ByName = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

struct Users {
  std::string file;  // as the operator knows it
  ByName<User> by_name;
  std::vector<std::string> groups;

  const User* find(std::string_view name) const;

  // What to check a password against when there is no such user, so that the answer takes as long: a hash
  // with the costs of the first user's.
  const std::string& stand_in() const { return first_hash; }
  std::string first_hash;
};

// Reads the text of `file`; every mistake is added. Empty only if it cannot be followed at all.
std::optional<Users> read_users(const std::string& text, const std::string& file, Mistakes& mistakes);

}  // namespace mortise::auth_file
