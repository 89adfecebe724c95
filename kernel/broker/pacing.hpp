// Keeps publishers at the pace the operator allows, each and all of a listener together, by not reading them.
//
// A message that comes too early is taken, and its sender is not read until it would have been due: nothing
// is lost, and TCP tells the sender.
//
// Thread: the loop.   Cost: nothing for clients without a limit.
#pragma once

#include "broker/core.hpp"

namespace mortise::broker {

class Pacing {
 public:
  explicit Pacing(Core& core) : core_{core} {}

  // Of a client that is let in.
  void begin(Client& client);
  // The operator's limits are others: whoever has to wait already still does.
  void renew(Client& client);
  // One more message has come, and is dealt with.
  void count(Client& client, const mqtt::Publish& packet);
  void on_timer(Client& client) { core_.resume(client, Client::for_pace); }

 private:
  void hold(Client& client, base::TimePoint until);
  Core& core_;
};

}  // namespace mortise::broker
