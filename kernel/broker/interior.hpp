// The parts of one loop's broker, put together. Included by broker.cpp and restorer.cpp only.
#pragma once

#include "broker/broker.hpp"
#include "broker/handshake.hpp"
#include "broker/subscribing.hpp"

namespace mortise::broker {

class Broker::Interior {
 public:
  Interior(Shared& shared, std::uint32_t loop, base::Now now)
      : core{shared, loop, now},
        commits{core},
        delivery{core, commits},
        routing{core, commits, delivery},
        publishing{core, commits, routing},
        wills{core, commits, publishing},
        sessions{core, commits, delivery, wills},
        subscribing{core, commits, routing, sessions},
        handshake{core, commits, delivery, wills, sessions} {}

  Core core;
  Commits commits;
  Delivery delivery;
  Routing routing;
  Publishing publishing;
  Wills wills;
  Sessions sessions;
  Subscribing subscribing;
  Handshake handshake;
};

}  // namespace mortise::broker
