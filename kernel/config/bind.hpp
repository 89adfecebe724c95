// Where a listener listens: 127.0.0.1:1883, [::1]:1883 or *:1883.
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
  std::string address;     // "127.0.0.1", "::1" without brackets, or "*": every address, IPv6 and IPv4
  std::uint16_t port = 0;  // 1 to 65535
  std::string text;        // as written

  bool every_address() const { return address == "*"; }
  bool is_loopback() const;
};

base::Result<Bind, Refusal> parse_bind(std::string_view text);

// Whether both cannot be open at once: same port, and the same address or one that stands for all of its
// kind.
bool overlap(const Bind& a, const Bind& b);

}  // namespace mortise::config
