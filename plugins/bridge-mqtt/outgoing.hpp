// Messages as they go to the remote and as they come from it: which topic they have on the other side, and
// the marks by which a message that goes round is recognised.
//
// A message that leaves through a link of MQTT 5.0 carries two user properties: `mortise-origin`, the broker
// it was published at, and `mortise-hops`, through how many bridges it has come. It is not taken back where
// it began, and not passed on from the last hop.
//
// Thread: any.   Owns: nothing.
// Source: README.md, "Loops".
#pragma once

#include <cstdint>
#include <mortise/plugin.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mqtt/encode.hpp"
#include "remote.hpp"
#include "settings.hpp"

namespace mortise::bridge {

inline constexpr std::string_view origin_property = "mortise-origin";
inline constexpr std::string_view hops_property = "mortise-hops";

// The marks in the properties of a message, as far as there are any. Hops are 0 where a message came in from
// a remote that does not mark, until it leaves again.
struct Marks {
  std::string origin;
  unsigned hops = 0;
};
Marks marks_of(mqtt::Bytes properties);
// `properties` without the marks they have, and with these.
mqtt::Buffer marked(mqtt::Bytes properties, const Marks& marks);

// Why a message that goes round is not passed on.
inline constexpr const char* came_back = "loop: back where it began";
inline constexpr const char* too_many_hops = "loop: too many hops";

// The topic on the other side; nothing when the topic is none of the route's.
std::optional<std::string> remote_topic(const Route& route, std::string_view local);
std::optional<std::string> local_topic(const Route& route, std::string_view remote);

// A message on its way out.
struct Outgoing {
  std::uint16_t packet_id = 0;  // of the delivery, and of the PUBLISH
  std::uint8_t qos = 0;         // of the PUBLISH
  bool from_qos_2 = false;      // of the delivery
  mqtt::Buffer bytes;           // the PUBLISH; empty: it is not passed on, and `refused` says why
  std::string refused;
  mqtt::ReasonCode reason{};
  std::size_t print = 0;  // of what goes out in 3.1.1, see rounds.hpp; else 0
  std::string topic;      // the remote one, or the local one where there is none
};
// `node`: this broker.
Outgoing make_outgoing(const mortise_delivery_t& delivery, const LinkSettings& settings, const Limits& limits,
                       const std::string& node);

}  // namespace mortise::bridge
