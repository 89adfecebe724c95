// The seam between a transcript and what it is played against: connections that carry bytes, and time.
//
// Two worlds exist: the broker core in virtual time (core_world.hpp) and a process behind sockets
// (socket_world.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace mortise::conformance {

class World {
 public:
  using Connection = std::size_t;
  // What the caller thinks of more input. In real time it says how long to wait.
  enum class Hope { expected, unlikely };

  virtual ~World() = default;

  virtual Connection open() = 0;
  virtual void send(Connection connection, std::span<const std::uint8_t> bytes) = 0;
  // Ends the connection without a word and waits until the broker knows.
  virtual void drop(Connection connection) = 0;
  // Appends what has come since. False: nothing has, and nothing will.
  virtual bool receive(Connection connection, std::vector<std::uint8_t>& into, Hope hope) = 0;
  // Whether the broker has ended it; what it said before may still be unread.
  virtual bool is_closed(Connection connection) = 0;
  virtual void wait(std::chrono::seconds time) = 0;

  // Whether an answer to a PINGREQ is needed to know that everything sent before has been taken in.
  virtual bool needs_pings() const = 0;
  // By how much a time that the broker counts down may be less than in virtual time.
  virtual std::uint32_t slack_s() const = 0;
};

}  // namespace mortise::conformance
