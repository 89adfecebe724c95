// The HTTP request that asks for a WebSocket, and what it is answered.
//
// Thread: any.   Owns: nothing.   Cost: one parse a connection.
// Fails:  with the page that is sent, and a sentence for the log.
// Source: RFC 6455 §4; MQTT 5.0 §6 [MQTT-6.0.0-3], [MQTT-6.0.0-4].
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.hpp"

namespace mortise::net {

struct WebSocketOptions {
  std::string path = "/mqtt";
  // Pages that may connect, such as "https://panel.example"; empty: any. A client that is no browser sends
  // none and is let in.
  std::optional<std::vector<std::string>> origins;
  std::vector<Network> trusted_proxies;  // whose X-Forwarded-For is believed
};

struct UpgradeAnswer {
  std::string response;        // what the client is sent, whole
  std::string wrong;           // for the log; empty: it is a WebSocket from here on
  bool harmless = false;       // somebody who looks what is there, such as a health check
  std::string client_address;  // as a trusted proxy says; empty: unknown
};

// `head`: the request up to and with its empty line.
UpgradeAnswer answer_upgrade(std::string_view head, const WebSocketOptions& options, const Peer& peer);
// For a head that is longer than we read.
UpgradeAnswer refuse_long_head();

}  // namespace mortise::net
