// Where the clients of a listener live: a prefix of every topic they name, which they do not see.
//
// "site/%u/" gives each user a place of its own: %u is the user name, %c the client identifier. What lies
// outside a client's place it can neither reach nor be sent, topics that begin with $ included. Sessions,
// hooks and logs know whole topics only.
//
// Thread: any; these are functions of their arguments.
// Source: not in MQTT; Mosquitto knows it by the same name.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "mqtt/reason_code.hpp"

namespace mortise::broker {

inline constexpr std::size_t mount_point_size_max = 1024;

// Why a client has no place; a sentence for the log and the client.
struct NoPlace {
  mqtt::ReasonCode reason{};
  const char* why = "";
};

// The prefix of one client. `pattern` is well-formed, see mount_point_fault. Neither name may reach into
// another's place, so one that is more than a level of its own is refused.
base::Result<std::string, NoPlace> mount_point_for(std::string_view pattern, std::string_view username,
                                                   std::string_view client_id);

// What is wrong with a pattern, as a sentence's end, and what to do about it; null: nothing.
struct PatternFault {
  const char* what = nullptr;
  const char* remedy = "";
};
PatternFault mount_point_fault(std::string_view pattern);

// Whether it is another one for each user. Then a session belongs to its user, too: see
// Options::sessions_belong_to_users.
bool has_place_for_each_user(std::string_view pattern);

// A filter as sessions know it: behind the prefix, which stands behind the name of a shared subscription. One
// that is not well-formed stays as it is; the result may be longer than a filter can be.
std::string mounted_filter(std::string_view mount_point, std::string_view filter);

}  // namespace mortise::broker
