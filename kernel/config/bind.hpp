// Where a listener listens: 127.0.0.1:1883, [::1]:1883, *:1883, unix:/run/mortise/mortise.sock, or systemd
// for a socket that was passed to the process.
//
// Thread: any.   Fails: with what is wrong and what to write instead. Names are not looked up: a listener
// that moves with a DNS answer surprises people, so only addresses are accepted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/finding.hpp"

namespace mortise::config {

struct Bind {
  enum class Kind { internet, unix_socket, passed };

  std::string address;     // "127.0.0.1", "::1" without brackets, or "*": every address, IPv6 and IPv4
  std::uint16_t port = 0;  // 1 to 65535
  std::string text;        // as written; empty: it could not be read
  Kind kind = Kind::internet;
  std::string path{};  // of a Unix socket; absolute once it is among the settings
  std::string name{};  // of a socket that was passed; empty: whatever it is called

  bool every_address() const { return address == "*"; }
  // Reached from this machine only.
  bool is_local() const;
};

base::Result<Bind, Refusal> parse_bind(std::string_view text);

// Whether both cannot be open at once: same port, and the same address or one that stands for all of its
// kind; the same path; the same passed socket.
bool overlap(const Bind& a, const Bind& b);

}  // namespace mortise::config
