// The broker core on some loops in one thread, in virtual time, without sockets: every step runs until all is
// quiet.
//
// After every turn that leaves no letter under way the ledger's balances have to hold, and at the end of the
// world, when all sessions are over, nothing may be charged any more.
//
// Fails: with Imbalance.
#pragma once

#include <deque>
#include <memory>
#include <stdexcept>
#include <string>

#include "broker/broker.hpp"
#include "broker/quiet.hpp"
#include "rehearsed_hooks.hpp"
#include "transcript.hpp"
#include "world.hpp"

namespace mortise::conformance {

struct Imbalance : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Storage { none, durable_at_once };

class CoreWorld : public World {
 public:
  CoreWorld(const BrokerSettings& settings, std::uint32_t loops, Storage storage);
  ~CoreWorld() override;

  Connection open() override;
  void send(Connection connection, std::span<const std::uint8_t> bytes) override;
  void drop(Connection connection) override;
  bool receive(Connection connection, std::vector<std::uint8_t>& into, Hope hope) override;
  bool is_closed(Connection connection) override;
  void wait(std::chrono::seconds time) override;
  bool needs_pings() const override { return false; }
  std::uint32_t slack_s() const override { return 0; }

  // Ends every connection and session, clears what is retained, and looks at the books.
  void end();
  std::uint64_t letters() const;
  const broker::Shared& shared() const { return *shared_; }
  // Of the options that transcripts have no word for; before anybody connects.
  broker::Listener& listener() { return listener_; }
  // The client reads nothing any more, until it does.
  void stop_reading(Connection connection, bool stops);
  // Bytes on all accounts of all loops.
  std::int64_t charged() const;

 private:
  class SyncedStore;
  struct Peer {  // one connection, seen from the network
    std::uint32_t loop = 0;
    broker::ClientKey client;
    std::vector<std::uint8_t> to_broker;
    std::vector<std::uint8_t> to_client;
    bool reads = true;
    bool fed = true;       // nothing new for the broker since it last stopped reading
    bool dropped = false;  // by the client; the broker is to be told
    bool closed = false;   // by the broker
    bool gone = false;     // the broker has been told
  };

  bool turn(std::uint32_t loop);
  bool feed(Peer& peer, broker::Broker& broker);
  bool carry_out(std::uint32_t loop, broker::Effects effects);
  void shed_largest(std::uint32_t loop);
  void flush(Peer& peer);
  Peer* find(std::uint32_t loop, broker::ClientKey client);
  void settle();
  void pass(base::Duration time);
  void store_everything();
  void balance() const;
  std::int64_t charged(broker::Account account) const;

  std::unique_ptr<SyncedStore> store_;
  RehearsedHooks hooks_;
  broker::QuietLog log_;
  std::unique_ptr<broker::Shared> shared_;
  broker::Listener listener_;
  base::Now now_;
  std::vector<std::unique_ptr<broker::Broker>> brokers_;
  std::deque<Peer> peers_;
  std::deque<std::pair<broker::Move, Peer*>> arrivals_;
};

}  // namespace mortise::conformance
