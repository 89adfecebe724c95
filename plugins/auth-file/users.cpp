#include "users.hpp"

#include <algorithm>

#include "nearest.hpp"
#include "password.hpp"
#include "utf8.hpp"

namespace mortise::auth_file {

namespace {

class UsersReader {
 public:
  UsersReader(const std::string& file, Mistakes& mistakes) : yaml_{file, mistakes} { out_.file = file; }

  std::optional<Users> read(const std::string& text) {
    const auto root = yaml_.parse(text);
    if (!root) return std::nullopt;
    const auto keys = yaml_.map(*root, {}, {"groups", "users"});
    if (keys.contains("groups")) read_groups(keys.at("groups"));
    if (const auto users = yaml_.required(keys, "users", "nobody could log in")) {
      std::size_t index = 0;
      for (const YAML::Node& entry : yaml_.list(*users, "users"))
        read_user(entry, "users/" + std::to_string(index++));
    }
    if (out_.first_hash.empty()) out_.first_hash = hash_of_nobody();
    return std::move(out_);
  }

 private:
  void read_groups(const YAML::Node& node) {
    std::size_t index = 0;
    for (const YAML::Node& entry : yaml_.list(node, "groups")) {
      const std::string path = "groups/" + std::to_string(index++);
      const auto name = yaml_.text(entry, path);
      if (!name) continue;
      if (*name == anonymous_group || *name == everyone_group)
        yaml_.complain(entry, path, "\"" + *name + "\" is a group by itself", "choose another name");
      else if (std::ranges::find(out_.groups, *name) != out_.groups.end())
        yaml_.complain(entry, path, "\"" + *name + "\" is there twice", "remove one");
      else
        out_.groups.push_back(*name);
    }
  }

  void read_user(const YAML::Node& node, const std::string& path) {
    const auto keys = yaml_.map(node, path, {"name", "password", "groups"});
    if (!keys.contains("name")) {
      if (!node.IsNull() && !node.IsMap()) return;
      return yaml_.complain(node, path, "has no name");
    }
    User user;
    user.line = line_of(node);
    const auto name = yaml_.text(keys.at("name"), path + "/name");
    if (!name) return;
    if (const std::string fault = fault_of_name(*name); !fault.empty())
      return yaml_.complain(keys.at("name"), path + "/name", fault);
    user.name = *name;
    read_password(node, keys, path, user);
    if (keys.contains("groups")) read_memberships(keys.at("groups"), path + "/groups", user);
    if (const User* other = out_.find(user.name))
      return yaml_.complain(keys.at("name"), path + "/name",
                            "\"" + user.name + "\" is there already, in line " + std::to_string(other->line),
                            "remove one");
    if (out_.first_hash.empty()) out_.first_hash = user.hash;
    out_.by_name.emplace(user.name, std::move(user));
  }

  void read_password(const YAML::Node& node, const std::map<std::string, YAML::Node>& keys,
                     const std::string& path, User& user) {
    const std::string command = "mortise passwd " + yaml_.file() + " " + user.name;
    if (!keys.contains("password") || keys.at("password").IsNull())
      return yaml_.complain(node, path, "\"" + user.name + "\" has no password", "set one with: " + command);
    const auto hash = yaml_.text(keys.at("password"), path + "/password");
    if (!hash) return;
    const std::string fault = fault_of(*hash);
    if (fault.empty())
      user.hash = *hash;
    else
      yaml_.complain(keys.at("password"), path + "/password", fault,
                     (hash->starts_with('$') ? "make one with: " : "hash it with: ") + command);
  }

  void read_memberships(const YAML::Node& node, const std::string& path, User& user) {
    std::size_t index = 0;
    for (const YAML::Node& entry : yaml_.list(node, path)) {
      const std::string place = path + "/" + std::to_string(index++);
      const auto name = yaml_.text(entry, place);
      if (!name) continue;
      if (std::ranges::find(out_.groups, *name) == out_.groups.end()) {
        const std::string meant = suggestion(*name, out_.groups);
        yaml_.complain(entry, place, "there is no group \"" + *name + "\"",
                       meant.empty() ? "name it in the list groups at the top of this file" : meant);
      } else if (std::ranges::find(user.groups, *name) != user.groups.end())
        yaml_.complain(entry, place, "\"" + *name + "\" is there twice", "remove one");
      else
        user.groups.push_back(*name);
    }
  }

  YamlReader yaml_;
  Users out_;
};

}  // namespace

std::string fault_of_name(std::string_view name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (name.empty()) return "a user name is not empty";
  if (std::ranges::any_of(name, is_control)) return "a user name holds no control characters";
  if (utf8_fault(name) != name.npos) return "a user name is UTF-8, and this one is not";
  if (name.size() > name_bytes_max)
    return "a user name of " + std::to_string(name.size()) +
           " bytes does not fit into MQTT, where it has 65535 at most";
  return {};
}

const User* Users::find(std::string_view name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : &found->second;
}

std::optional<Users> read_users(const std::string& text, const std::string& file, Mistakes& mistakes) {
  return UsersReader{file, mistakes}.read(text);
}

}  // namespace mortise::auth_file
