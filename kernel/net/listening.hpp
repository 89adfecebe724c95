// Opens the socket a listener accepts on, and says in plain words why it cannot.
//
// Thread: any.   Fails: with a sentence that names the listener, the address and what to do.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "broker/ledger.hpp"
#include "broker/ports.hpp"
#include "net/descriptor.hpp"
#include "net/filter.hpp"
#include "net/unix_socket.hpp"

namespace mortise::net {

struct Endpoint {
  std::string address;     // "127.0.0.1", "::1", or "*": every address, IPv6 and IPv4
  std::uint16_t port = 0;  // 0: one the system chooses
};

// How people write it: "[::1]:1883".
std::string text_of(const Endpoint& endpoint);

// Whether a peer is a proxy, whose filters will tell the address of the client.
using LearnsAddress = std::function<bool(const Peer& peer)>;

// What clients come in through: a listener, and what stands between its sockets and the broker.
struct Door {
  Door(const broker::Listener& of, MakeFilters between, LearnsAddress later, Presence& present)
      : listener{of}, filters{std::move(between)}, learns_address{std::move(later)}, presence{present} {}
  const broker::Listener& listener;
  MakeFilters filters;           // empty: nothing
  LearnsAddress learns_address;  // empty: never
  Presence& presence;            // the listener's, which may have several doors
  broker::Counter accepted{};    // came in here
  int socket = -1;               // that listens, for as long as the door is open
};

struct Listening {
  Descriptor socket;       // does not block; accepted sockets inherit no delay and keep-alive from it
  std::uint16_t port = 0;  // 0: a Unix socket
  std::string path{};      // of a Unix socket
  SocketFile file{};       // likewise, if we have made it
};

// A door with its socket.
struct Entrance {
  std::unique_ptr<Door> door;
  Listening listening;
};

// `yielding`: doors that are to close, and whose sockets are not in the way for that reason.
base::Result<Entrance, std::string> listen_on(std::unique_ptr<Door> door, const Endpoint& endpoint,
                                              std::span<const Door* const> yielding = {});
base::Result<Entrance, std::string> listen_on(std::unique_ptr<Door> door, const UnixEndpoint& endpoint);
// A socket that listens already, opened by somebody else.
base::Result<Entrance, std::string> listen_on(std::unique_ptr<Door> door, Descriptor socket);

}  // namespace mortise::net
