#include "net/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace mortise::net {

namespace {

constexpr std::array<std::uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned v4_bits = 96;

}  // namespace

Address Address::from_v4(std::span<const std::uint8_t, 4> four) {
  Address address;
  std::ranges::copy(v4_prefix, address.bytes.begin());
  std::ranges::copy(four, address.bytes.begin() + v4_prefix.size());
  return address;
}

std::optional<Address> Address::from(std::string_view text) {
  if (text.find('\0') != text.npos) return std::nullopt;
  const std::string whole{text};
  std::array<std::uint8_t, 4> four{};
  if (::inet_pton(AF_INET, whole.c_str(), four.data()) == 1) return from_v4(four);
  Address address;
  if (::inet_pton(AF_INET6, whole.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

bool Address::is_v4() const noexcept { return std::equal(v4_prefix.begin(), v4_prefix.end(), bytes.begin()); }

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (is_v4())
    ::inet_ntop(AF_INET, bytes.data() + v4_prefix.size(), out.data(), out.size());
  else
    ::inet_ntop(AF_INET6, bytes.data(), out.data(), out.size());
  return out.data();
}

std::string text_of(const Address& address, std::uint16_t port) {
  const std::string text = address.text();
  return (address.is_v4() ? text : "[" + text + "]") + ":" + std::to_string(port);
}

std::optional<Address> address_in(std::string_view peer) {
  if (const auto whole = Address::from(peer)) return whole;
  std::string_view address = peer.substr(0, peer.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return Address::from(address);
}

Peer peer_of(const sockaddr_storage& peer) {
  Address address;
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    std::array<std::uint8_t, 4> four{};
    std::memcpy(four.data(), &v4.sin_addr, four.size());
    return {Address::from_v4(four), ntohs(v4.sin_port)};
  }
  if (peer.ss_family != AF_INET6) return {};
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer);
  std::memcpy(address.bytes.data(), &v6.sin6_addr, address.bytes.size());
  return {address, ntohs(v6.sin6_port)};
}

std::optional<Network> Network::from(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = Address::from(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Network{*address};
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [rest, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  const bool is_v4 = text.find(':') == std::string_view::npos;
  if (fault != std::errc{} || rest != digits.data() + digits.size() || bits > (is_v4 ? 32U : 128U))
    return std::nullopt;
  return Network{*address, bits + (is_v4 ? v4_bits : 0)};
}

bool Network::contains(const Address& other) const noexcept {
  const std::size_t whole = bits / 8;
  if (!std::equal(other.bytes.begin(), other.bytes.begin() + whole, address.bytes.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (other.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0;
}

}  // namespace mortise::net
