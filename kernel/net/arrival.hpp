// A connection on its way to a loop: accepted for it, or moving to its session's home with all its unread
// bytes.
//
// Thread: handed from one to another.   Owns: the socket and the bytes; dropped on the way, it closes.
#pragma once

#include <optional>
#include <string>

#include "broker/effects.hpp"
#include "net/descriptor.hpp"
#include "net/line.hpp"
#include "net/listening.hpp"
#include "net/unread.hpp"

namespace mortise::net {

struct Arrival {
  Socket socket;
  Door* door = nullptr;              // just accepted: where
  std::string address;               // "10.0.0.17:50122"; of a move, in there
  Peer peer;                         // just accepted: who
  std::optional<broker::Move> move;  // empty: just accepted
  Unread unread;                     // it and the line are charged to nobody while they are under way
  std::unique_ptr<Line> line;        // of a move; just accepted, the door makes one if it has filters
};

}  // namespace mortise::net
