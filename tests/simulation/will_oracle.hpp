// Whether a will is to be sent: the oracle's part that knows when a will becomes due and what takes it back.
#pragma once

#include <cstdint>
#include <vector>

#include "broker/message.hpp"

namespace mortise::simulation {

using MessageId = std::uint32_t;  // index of a message in the run; its payload begins with it
using ClientIndex = std::uint32_t;
using Milliseconds = std::int64_t;
inline constexpr Milliseconds not_yet = -1;

// How sure the oracle is.
enum class Sure { no, yes, maybe };

class WillOracle {
 public:
  struct Will {
    ClientIndex client = 0;
    std::uint64_t connection = 0;
    MessageId id = 0;
    std::uint32_t delay_s = 0;     // the shorter of will delay and session expiry
    bool stored = false;           // it survives a crash
    bool survives_surely = false;  // … of any kind
    enum class State { armed, waiting, over } state = State::armed;
    Sure fate = Sure::maybe;  // once over: was it to be sent
    bool confirmed = false;   // its CONNACK came
    Milliseconds due_from = 0, due_to = 0;
    bool settled = false;  // what became of it is durable
  };

  void armed(Will will) { wills_.push_back(will); }
  void connected(ClientIndex client, std::uint64_t connection, bool session_present, Milliseconds asked,
                 Milliseconds now);
  void ended(ClientIndex client, std::uint64_t connection, bool orderly, Milliseconds now);
  // A connection ended without a CONNACK: what it did to earlier wills is not known.
  void doubt(ClientIndex client);
  void crashed();
  void restarted(Milliseconds now);
  void settled();
  // Time has passed everywhere: what is long due was sent.
  void closed(Milliseconds now);

  const std::vector<Will>& wills() const { return wills_; }

 private:
  static void finish(Will& will, Sure fate);

  std::vector<Will> wills_;
};

}  // namespace mortise::simulation
