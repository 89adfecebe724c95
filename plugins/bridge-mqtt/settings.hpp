// What the operator says of each link.
//
// Thread: read in configure() and at a reload; constant afterwards.
// Fails:  by findings that name the place in the file, what is wrong there and what would be right.
#pragma once

#include <chrono>
#include <cstdint>
#include <mortise/plugin.hpp>
#include <optional>
#include <string>
#include <vector>

namespace mortise::bridge {

struct Address {
  std::string host;
  std::string port;
  std::string text() const {
    return host.find(':') == std::string::npos ? host + ":" + port : "[" + host + "]:" + port;
  }
  friend bool operator==(const Address&, const Address&) = default;
};

struct TlsSettings {
  std::string ca;           // file; empty: the system's
  std::string certificate;  // file of our own; empty: none
  std::string key;          // file; with a certificate
  std::string server_name;  // that the remote must prove; empty: the address's host
  friend bool operator==(const TlsSettings&, const TlsSettings&) = default;
};

// Topics in one direction. A local topic is local prefix + name, the remote one remote prefix + the same
// name.
struct Route {
  std::string filter;  // of names, without a prefix
  std::string local_prefix;
  std::string remote_prefix;
  std::uint8_t qos = 1;
  bool retain = true;  // false: nothing is passed on as retained
  std::string local_filter() const { return local_prefix + filter; }
  std::string remote_filter() const { return remote_prefix + filter; }
  friend bool operator==(const Route&, const Route&) = default;
};

struct LinkSettings {
  std::string name;
  std::vector<Address> addresses;
  bool is_v5 = true;
  bool bridge_bit = true;  // 3.1.1: says in CONNECT that it is a bridge, if the remote takes it
  std::string client_id;
  std::string username;
  std::string password;
  std::string password_file;
  std::optional<TlsSettings> tls;
  bool persistent = true;
  std::chrono::seconds session_expiry{};
  std::chrono::seconds keep_alive{60};
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds reconnect_first{1'000};
  std::chrono::milliseconds reconnect_longest{60'000};
  std::chrono::seconds return_after{300};  // from another address to the first; zero: never
  std::uint16_t inflight = 64;
  std::uint32_t packet_size = 8U << 20;  // bytes of the largest packet taken from the remote
  std::uint32_t rate = 0;                // messages a second at most; 0: as fast as it goes
  std::uint8_t hops = 8;
  std::uint32_t queue_messages = 100'000;
  std::uint64_t queue_bytes = 64ULL << 20;
  std::chrono::seconds queue_age{0};  // zero: any
  std::vector<Route> out;
  std::vector<Route> in;
  friend bool operator==(const LinkSettings&, const LinkSettings&) = default;
};

struct Settings {
  std::vector<LinkSettings> links;
};

// `config_dir`: where relative paths begin. Throws a finding.
Settings read_settings(const config& from, const std::string& config_dir);

// The files named there that cannot be read at present. A link tries to read them each time it connects, so
// this is to be known and stops nothing.
std::vector<finding> unreadable_files(const config& from, const std::string& config_dir);

}  // namespace mortise::bridge
