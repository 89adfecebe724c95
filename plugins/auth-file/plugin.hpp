// The auth-file plugin: users and passwords from one file, access rules from another.
//
// Thread: hooks on the loops, several at once; passwords are hashed on the worker pool; reload on the control
// thread.
#pragma once

#include <memory>
#include <mortise/plugin.hpp>
#include <optional>
#include <string>

#include "access.hpp"
#include "published.hpp"
#include "users.hpp"

namespace mortise::auth_file {

inline constexpr const char* schema = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "additionalProperties": false,
  "minProperties": 1,
  "properties": {
    "users": {
      "description": "file of users and hashes, from this file's folder on; absent: authenticates nobody",
      "type": "string",
      "minLength": 1
    },
    "access": {
      "description": "file of access rules, from this file's folder on; absent: authorises nothing",
      "type": "string",
      "minLength": 1
    }
  }
})";

// Both files as read at one moment.
struct Files {
  std::optional<Users> users;
  std::optional<Access> access;
};

class Plugin {
 public:
  static constexpr bool attaches_itself = true;
  static constexpr const char* display_name = "auth-file";
  static constexpr const char* licence = "Apache-2.0";
  static constexpr const char* summary = "users with argon2id passwords and access rules, both in YAML files";

  // Reads the files, so that `mortise check` finds what is wrong with them. Throws findings.
  Plugin(host to, config from);

  void start();

  answer authenticate(call now, const mortise_connect_t& who);
  answer authorise(call now, const mortise_access_t& asked);

  using Plan = std::shared_ptr<const Files>;
  Plan prepare(config from) const;
  void commit(Plan plan);

 private:
  void attach_to(const Files& files);
  void attach_or_detach(bool wanted, std::optional<mortise_hook_t>& hook, const char* extension,
                        const attach& how);

  host host_;
  Published<Files> files_;
  std::optional<mortise_hook_t> authenticates_;
  std::optional<mortise_hook_t> authorises_;
};

}  // namespace mortise::auth_file
