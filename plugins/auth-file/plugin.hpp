// The auth-file plugin: users and passwords from one file, access rules from another, keys of TLS clients
// from a third.
//
// Thread: hooks on the loops, several at once; passwords are hashed on the worker pool; reload on the control
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mortise/plugin.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include "access.hpp"
#include "psk_keys.hpp"
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
    },
    "psk": {
      "description": "file of the keys of TLS clients, from this file's folder on; absent: gives no keys",
      "type": "string",
      "minLength": 1
    }
  }
})";

// All files as read at one moment.
struct Files {
  std::optional<Users> users;
  std::optional<PskKeys> keys;
  std::optional<Access> access;
};

// The logins that wait for a thread of the pool and for whose answer somebody waits.
//
// Thread: any.   Cost: one lock.
class WaitingLogins {
 public:
  // Two workers at 20 ms a hash need ten seconds for them, so that all are answered within the deadline of
  // 30 s on a machine three times slower, too. Who comes after that is better told to try again later.
  static constexpr std::size_t max = 1000;

  // False: too many wait.
  bool add(mortise_token_t id);
  // False: it does not wait any more.
  bool take(mortise_token_t id);

 private:
  std::mutex mutex_;
  std::unordered_set<std::uint64_t> tokens_;
};

class Plugin {
 public:
  static constexpr bool attaches_itself = true;
  static constexpr const char* display_name = "auth-file";
  static constexpr const char* licence = "Apache-2.0";
  static constexpr const char* summary =
      "users with argon2id passwords, keys of TLS clients and access rules, in YAML files";

  // Reads the files, so that `mortise check` finds what is wrong with them. Throws findings.
  Plugin(host to, config from);

  void start();

  answer authenticate(call now, const mortise_connect_t& who);
  answer authorise(call now, const mortise_access_t& asked);
  answer find_psk(call now, const mortise_psk_query_t& asked, mortise_psk_key_t& key);
  // Of a login: its client has gone, its deadline has passed, or the broker stops.
  void cancelled(mortise_token_t id, std::uint32_t why);

  using Plan = std::shared_ptr<const Files>;
  Plan prepare(config from) const;
  void commit(Plan plan);

 private:
  void attach_to(const Files& files);
  void attach_or_detach(bool wanted, std::optional<mortise_hook_t>& hook, const char* extension,
                        const attach& how);

  host host_;
  Published<Files> files_;
  WaitingLogins logins_;
  std::optional<mortise_hook_t> authenticates_;
  std::optional<mortise_hook_t> authorises_;
  std::optional<mortise_hook_t> finds_keys_;
};

}  // namespace mortise::auth_file
