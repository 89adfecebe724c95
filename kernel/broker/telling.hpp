// Packets that may say why: a reason string goes along when the client wants to hear it and has room for it.
//
// Thread: the loop.
// Source: MQTT 5.0 §3.1.2.11.7; [MQTT-3.1.2-29], and of each packet that its reason string must not take it
//         over the client's maximum packet size: [MQTT-3.2.2-19], [MQTT-3.4.2-2] and so on.
#pragma once

#include "broker/client.hpp"
#include "mqtt/encode.hpp"

namespace mortise::broker {

template <class Packet>
void encode_telling(const Client& client, const Packet& packet, mqtt::Buffer& out) {
  const std::size_t before = out.size();
  if (!packet.reason_string || client.wants_problem_information) [[likely]] {
    mqtt::encode(packet, client.version, out);
    if (!packet.reason_string || client.takes(out.size() - before)) return;
    out.resize(before);
  }
  Packet bare = packet;
  bare.reason_string.reset();
  mqtt::encode(bare, client.version, out);
}

inline std::optional<std::string_view> told(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional{text};
}

}  // namespace mortise::broker
