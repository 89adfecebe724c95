// Addresses of peers, and the networks an operator trusts.
//
// IPv4 is kept as IPv6 keeps it (::ffff:a.b.c.d), so that one comparison serves both, also for a peer that
// came in over an IPv6 socket.
//
// Thread: any.   Source: RFC 4291 §2.5.5.2, RFC 4632.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mortise::net {

struct Address {
  std::array<std::uint8_t, 16> bytes{};

  // "10.0.0.17" or "fe80::1", no port, no brackets.
  static std::optional<Address> from(std::string_view text);
  static Address from_v4(std::span<const std::uint8_t, 4> four);
  bool is_v4() const noexcept;
  std::string text() const;
  friend bool operator==(const Address&, const Address&) = default;
};

// How people write it: "10.0.0.17:50122", "[::1]:50122".
std::string text_of(const Address& address, std::uint16_t port);

// The address in what people write, with or without a port; empty: there is none in it.
std::optional<Address> address_in(std::string_view peer);

// Who has connected, as the system says.
struct Peer {
  std::optional<Address> address;  // empty: over a Unix socket
  std::uint16_t port = 0;
};
Peer peer_of(const sockaddr_storage& peer);

// "10.0.0.0/8", "fd00::/8", or an address alone.
struct Network {
  Address address;
  unsigned bits = 128;  // of the sixteen bytes

  static std::optional<Network> from(std::string_view text);
  bool contains(const Address& other) const noexcept;
};

}  // namespace mortise::net
