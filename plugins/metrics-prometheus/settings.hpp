// The plugin's section of mortise.yaml.
//
// Thread: any.   Fails: with a text that begins with a JSON pointer to the value and says what to write instead.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <mortise/plugin.hpp>
#include <string_view>

namespace mortise::prometheus {

struct Settings {
  boost::asio::ip::tcp::endpoint bind;
  std::chrono::nanoseconds timeout{};  // for a request to come, and for its answer to go
  std::size_t connections = 0;         // at once
};

Settings read_settings(const config& from);

// "127.0.0.1:9464", "[::1]:9464"; an address that can be bound, and no name.
boost::asio::ip::tcp::endpoint endpoint_of(std::string_view text);

inline constexpr const char* schema = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "bind": {
      "description": "address:port Prometheus scrapes; beyond loopback everybody who reaches it can read it",
      "type": "string", "default": "127.0.0.1:9464"
    },
    "timeout": {
      "description": "how long a request may take to come, and its answer to go, 100ms to 5m",
      "type": ["string", "integer"], "default": "10s"
    },
    "connections": {
      "description": "how many may be open at once; one more is closed",
      "type": "integer", "minimum": 1, "maximum": 1000, "default": 16
    }
  }
})";

}  // namespace mortise::prometheus
