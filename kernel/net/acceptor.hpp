// Accepts connections, up to the operator's limits, and rests when the system has no descriptor left or too
// many have not sent their CONNECT yet: the rest waits in the system's queue, and those who are in come
// first.
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

#include "broker/complaint.hpp"
#include "broker/shared.hpp"
#include "net/arrival.hpp"
#include "net/guests.hpp"
#include "net/listening.hpp"
#include "net/poller.hpp"

namespace mortise::net {

class Acceptor {
 public:
  // Listening sockets have the tokens given to add().
  Acceptor(Poller& poller, broker::Shared& shared, Guests& guests)
      : poller_{poller}, shared_{shared}, guests_{guests} {}

  void add(Listening listening, Door& door, std::uint64_t token);
  // Who comes by the one comes by the other from now on: its socket stays.
  void replace(const Door& door, Door& by);
  // Whoever waits at it comes in yet, unless it `turns_away`.
  void remove(const Door& door, bool turns_away, base::TimePoint now, std::vector<Arrival>& accepted);
  // While it is held nobody is accepted.
  void hold(bool is_held);
  void close();  // all of them

  // Appends what was accepted.
  void accept(std::uint64_t token, base::TimePoint now, std::vector<Arrival>& accepted);

  void on_time(base::TimePoint now);
  base::TimePoint next_deadline() const { return resting_until_; }

 private:
  struct Watched {
    Listening listening;
    Door* door;
    std::uint64_t token = 0;
    bool is_resting = false;
  };
  // `most`: how many; without a look at how many are half open when it is the door's last time.
  void accept(const Watched& entrance, int most, base::TimePoint now, std::vector<Arrival>& accepted);
  void refuse(const Door& door, broker::Limit limit, const Peer& peer, base::TimePoint now);
  bool is_crowded(const Door& door, const std::vector<Arrival>& under_way) const;
  void rest(const Door* door, base::TimePoint now);
  void watch(Watched& one);

  Poller& poller_;
  broker::Shared& shared_;
  Guests& guests_;
  std::vector<Watched> watched_;
  bool is_held_ = false;
  base::TimePoint resting_until_ = base::never;  // some of them
  std::array<broker::Complaint, static_cast<std::size_t>(broker::Limit::count)> over_limit_;
  broker::Complaint exhausted_;
};

}  // namespace mortise::net
