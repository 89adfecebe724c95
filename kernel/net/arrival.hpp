// A connection on its way to a loop: accepted for it, or moving to its session's home with all its unread
// bytes.
//
// Thread: handed from one to another.   Owns: the socket and the bytes; dropped on the way, it closes.
#pragma once

#include <optional>
#include <string>

#include "broker/effects.hpp"
#include "net/descriptor.hpp"
#include "net/unread.hpp"

namespace mortise::net {

struct Arrival {
  Socket socket;
  const broker::Listener* listener = nullptr;
  std::string address;               // "10.0.0.17:50122"; of a move, in there
  std::optional<broker::Move> move;  // empty: just accepted
  Unread unread;                     // charged to nobody while it is under way
};

}  // namespace mortise::net
