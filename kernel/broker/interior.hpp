// The parts of one loop's broker, put together. Included by broker.cpp and restorer.cpp only.
#pragma once

#include "broker/broker.hpp"
#include "broker/handshake.hpp"
#include "broker/shedding.hpp"
#include "broker/subscribing.hpp"

namespace mortise::broker {

class Broker::Interior {
 public:
  Interior(Shared& shared, std::uint32_t loop, base::Now now)
      : core{shared, loop, now},
        commits{core},
        delivery{core, commits},
        shedding{core, delivery},
        routing{core, commits, delivery},
        publishing{core, commits, routing},
        pacing{core},
        wills{core, commits, publishing},
        sessions{core, commits, delivery, routing, wills},
        subscribing{core, commits, routing, sessions},
        handshake{core, commits, delivery, wills, sessions, pacing} {
    if (loop == 0) core.deadlines.set(retained_expiry, now.monotonic + retained_expiry_period);
  }

  void on_timer(Timer& timer);
  void on_silence(Client& client);
  [[gnu::cold]] void on_fault(Client& client, bool answered, const Fault& fault);
  void on_room(ClientKey key);
  [[gnu::cold]] void close_overrun();
  std::uint32_t packet_size_max(const Client& client) const;
  [[gnu::cold]] std::optional<Limit> limit_of(const Client& client, mqtt::ReasonCode reason) const;

  Core core;
  Commits commits;
  Delivery delivery;
  Shedding shedding;
  Routing routing;
  Publishing publishing;
  Pacing pacing;
  Wills wills;
  Sessions sessions;
  Subscribing subscribing;
  Handshake handshake;

 private:
  static constexpr auto retained_expiry_period = std::chrono::seconds{4};
  Timer retained_expiry{TimerKind::retained_expiry, 0};
};

}  // namespace mortise::broker
