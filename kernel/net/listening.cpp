#include "net/listening.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

namespace mortise::net {

namespace {

constexpr int backlog = 4096;  // the system lowers it to what it allows
// A peer that vanished without a word is noticed after about four minutes, whatever its keep alive.
constexpr int idle_s = 120, interval_s = 30, probes = 4;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  bool dual_stack = false;

  int family() const { return storage.ss_family; }
  sockaddr* pointer() { return reinterpret_cast<sockaddr*>(&storage); }
};

Address make_v4(in_addr address, std::uint16_t port) {
  Address made;
  auto& v4 = reinterpret_cast<sockaddr_in&>(made.storage);
  v4.sin_family = AF_INET;
  v4.sin_addr = address;
  v4.sin_port = htons(port);
  made.size = sizeof(sockaddr_in);
  return made;
}

Address make_v6(const in6_addr& address, std::uint16_t port) {
  Address made;
  auto& v6 = reinterpret_cast<sockaddr_in6&>(made.storage);
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = address;
  v6.sin6_port = htons(port);
  made.size = sizeof(sockaddr_in6);
  return made;
}

base::Result<Address, std::string> parse(const Endpoint& endpoint) {
  in_addr v4{};
  in6_addr v6{};
  if (endpoint.address == "*") {
    Address every = make_v6(in6addr_any, endpoint.port);
    every.dual_stack = true;
    return every;
  }
  if (::inet_pton(AF_INET, endpoint.address.c_str(), &v4) == 1) return make_v4(v4, endpoint.port);
  if (::inet_pton(AF_INET6, endpoint.address.c_str(), &v6) == 1) return make_v6(v6, endpoint.port);
  return base::Failure{std::string{"not an address; write an IPv4 or IPv6 address, or *"}};
}

void set(int socket, int level, int option, int value) {
  ::setsockopt(socket, level, option, &value, sizeof value);
}

std::string remedy(int error, std::uint16_t port) {
  switch (error) {
    case EADDRINUSE:
      return "the port is in use; stop the program that has it (ss -ltnp 'sport = :" + std::to_string(port) +
             "' names it) or choose another port";
    case EACCES:
      return "not permitted; ports below 1024 need the capability CAP_NET_BIND_SERVICE, or choose a higher "
             "port";
    case EADDRNOTAVAIL: return "this machine does not have that address; 'ip address' lists those it has";
    case EMFILE:
    case ENFILE: return "no file descriptor is left; raise the limit of open files (LimitNOFILE in systemd)";
    default: return std::strerror(error);
  }
}

// Accepted sockets inherit them.
void set_for_connections(int socket) {
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, idle_s);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, interval_s);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, probes);
}

// Two sockets may have one port when both say so; from the end of this on these say so no more.
class SharedPorts {
 public:
  explicit SharedPorts(std::span<const Door* const> doors) : doors_{doors} { set_all(1); }
  ~SharedPorts() { set_all(0); }
  SharedPorts(const SharedPorts&) = delete;
  SharedPorts& operator=(const SharedPorts&) = delete;

 private:
  void set_all(int value) const {
    for (const Door* const door : doors_) set(door->socket, SOL_SOCKET, SO_REUSEPORT, value);
  }
  std::span<const Door* const> doors_;
};

base::Result<Descriptor, int> bound_socket(Address& address, bool shares_port) {
  Descriptor socket{::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) return base::Failure{errno};
  set(socket.number(), SOL_SOCKET, SO_REUSEADDR, 1);
  set_for_connections(socket.number());
  if (address.family() == AF_INET6)
    set(socket.number(), IPPROTO_IPV6, IPV6_V6ONLY, address.dual_stack ? 0 : 1);
  if (shares_port) set(socket.number(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(socket.number(), address.pointer(), address.size) != 0) return base::Failure{errno};
  if (::listen(socket.number(), backlog) != 0) return base::Failure{errno};
  if (shares_port) set(socket.number(), SOL_SOCKET, SO_REUSEPORT, 0);
  return socket;
}

// Of a socket of the internet; empty: it is none.
std::optional<std::uint16_t> port_of(int socket) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size) != 0) return std::nullopt;
  if (own.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in&>(own).sin_port);
  if (own.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6&>(own).sin6_port);
  return std::nullopt;
}

base::Failure<std::string> failure(const Door& door, const std::string& where, const std::string& why) {
  return base::Failure{"listener \"" + door.listener.name + "\": cannot listen on " + where + ": " + why};
}

Entrance entrance(std::unique_ptr<Door> door, Listening listening) {
  door->socket = listening.socket.number();
  return {std::move(door), std::move(listening)};
}

}  // namespace

std::string text_of(const Endpoint& endpoint) {
  const bool bracketed = endpoint.address.find(':') != std::string::npos;
  return (bracketed ? "[" + endpoint.address + "]" : endpoint.address) + ":" + std::to_string(endpoint.port);
}

base::Result<Entrance, std::string> listen_on(std::unique_ptr<Door> door, const Endpoint& endpoint,
                                              std::span<const Door* const> yielding) {
  const SharedPorts shared{yielding};
  const std::string where = text_of(endpoint);
  auto address = parse(endpoint);
  if (!address) return failure(*door, where, address.error());
  auto socket = bound_socket(*address, !yielding.empty());
  if (!socket && socket.error() == EAFNOSUPPORT && address->dual_stack) {  // a system without IPv6
    address = make_v4(in_addr{htonl(INADDR_ANY)}, endpoint.port);
    socket = bound_socket(*address, !yielding.empty());
  }
  if (!socket) return failure(*door, where, remedy(socket.error(), endpoint.port));
  const auto port = port_of(socket->number());
  if (!port) return failure(*door, where, std::strerror(errno));
  return entrance(std::move(door), {std::move(*socket), *port});
}

base::Result<Entrance, std::string> listen_on(std::unique_ptr<Door> door, const UnixEndpoint& endpoint) {
  auto listening = listen_on_unix(endpoint);
  if (!listening) return failure(*door, endpoint.path, listening.error());
  return entrance(std::move(door),
                  {std::move(listening->socket), 0, endpoint.path, std::move(listening->file)});
}

base::Result<Entrance, std::string> listen_on(std::unique_ptr<Door> door, Descriptor socket) {
  const std::uint16_t port = port_of(socket.number()).value_or(0);
  if (port != 0) set_for_connections(socket.number());
  std::string path = unix_path_of(socket.number());
  if (port == 0 && path.empty())
    return failure(*door, "the socket that was passed",
                   "it is neither of the internet nor in the file system");
  return entrance(std::move(door), {std::move(socket), port, std::move(path), {}});
}

}  // namespace mortise::net
