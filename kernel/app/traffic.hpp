// What goes through the broker, in one line for people.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"

namespace mortise::app {

struct Traffic {
  std::uint32_t connections = 0;
  std::uint64_t in = 0;   // messages published, since the start
  std::uint64_t out = 0;  // messages delivered, since the start
};

// "12 connections, 340 messages/s in, 1020 out". Less than one a second, but not none, is "under 1".
std::string to_text(const Traffic& now, const Traffic& before, base::Duration between);

}  // namespace mortise::app
