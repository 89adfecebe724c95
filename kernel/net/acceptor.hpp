// Accepts connections, up to the operator's limit, and rests when the system has no descriptor left.
//
// All listeners are on loop 0, which hands the sockets to the loops in turn. A listening socket for each loop
// (SO_REUSEPORT) would save that hand-over, but lets a second broker of the same user open the same port
// unnoticed, and deals connections unevenly. With one loop nothing is handed over.
//
// Thread: loop 0's.   Owns: the listening sockets.
// Cost:   one system call a connection, one more when there are none.
// Fails:  never; what cannot be accepted is counted, logged at most once in ten seconds, and waits or is
//         closed.
#pragma once

#include <optional>
#include <vector>

#include "broker/shared.hpp"
#include "net/arrival.hpp"
#include "net/listening.hpp"
#include "net/poller.hpp"

namespace mortise::net {

class Acceptor {
 public:
  // `connections_max` empty: unlimited. Listening sockets have the tokens given to add().
  Acceptor(Poller& poller, broker::Log& log, OpenSockets& open, std::optional<std::uint32_t> connections_max)
      : poller_{poller}, log_{log}, open_{open}, connections_max_{connections_max} {}

  void add(Listening listening, std::uint64_t token);
  void close();  // all of them

  // Appends what was accepted.
  void accept(std::uint64_t token, base::TimePoint now, std::vector<Arrival>& accepted);

  void on_time(base::TimePoint now);
  base::TimePoint next_deadline() const { return resting_until_; }

 private:
  struct Entrance {
    Listening listening;
    std::uint64_t token = 0;
  };
  struct Complaint {
    base::TimePoint quiet_until{};
    std::uint64_t times = 0;
  };
  void rest(base::TimePoint now, int error);
  void complain(Complaint& complaint, base::TimePoint now, std::string_view event, std::string_view text);

  Poller& poller_;
  broker::Log& log_;
  OpenSockets& open_;
  const std::optional<std::uint32_t> connections_max_;
  std::vector<Entrance> entrances_;
  base::TimePoint resting_until_ = base::never;
  Complaint over_limit_;
  Complaint exhausted_;
};

}  // namespace mortise::net
