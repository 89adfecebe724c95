// Opens the socket a listener accepts on, and says in plain words why it cannot.
//
// Thread: any.   Fails: with a sentence that names the listener, the address and what to do.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "broker/ports.hpp"
#include "net/descriptor.hpp"

namespace mortise::net {

struct Endpoint {
  std::string address;     // "127.0.0.1", "::1", or "*": every address, IPv6 and IPv4
  std::uint16_t port = 0;  // 0: one the system chooses
};

// How people write it: "[::1]:1883".
std::string text_of(const Endpoint& endpoint);

struct Listening {
  Descriptor socket;  // does not block; accepted sockets inherit no delay and keep-alive from it
  std::uint16_t port = 0;
  const broker::Listener* listener = nullptr;
};

base::Result<Listening, std::string> listen_on(const broker::Listener& listener, const Endpoint& endpoint);

// A peer, for people: "10.0.0.17:50122", also if it came in over an IPv6 socket.
std::string text_of(const sockaddr_storage& peer);

}  // namespace mortise::net
