// One run: brokers, clients, network, store and plugins in one thread and virtual time, all of it drawn from
// a seed.
//
// A loop's turn is taken step by step, and another loop's whole turn may come between two of its steps, as it
// can between threads. A crash comes between turns: everything but the store is gone.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.hpp"
#include "broker/output.hpp"
#include "broker/store_time.hpp"
#include "simulation/client.hpp"
#include "simulation/model_hooks.hpp"
#include "simulation/model_store.hpp"
#include "simulation/plan.hpp"

namespace mortise::simulation {

struct Outcome {
  bool passed = true;
  std::string what;  // the violation
  std::uint64_t trace_hash = 0;
  std::uint64_t letters = 0;  // that flowed between loops, over all processes of the run
  std::uint64_t crashes = 0;
  std::uint64_t received = 0;  // messages by clients
  std::string trace;           // when asked for
};

// Runs one seed. Never throws: a Violation is the outcome.
Outcome run(const Setup& setup);

class World {
 public:
  World(const Setup& setup, Random& random, Trace& trace);
  ~World();

  void chaos();
  void quiesce();
  // Letters that flowed between loops, in all processes so far.
  std::uint64_t letters() const;
  std::uint64_t crashes() const { return crashes_; }

 private:
  struct Process {
    Process(broker::Options options, std::uint32_t loops, broker::Store* store, broker::Hooks& hooks,
            broker::Log& log)
        : shared{std::move(options), loops, store, hooks, log} {}
    broker::Shared shared;
    std::vector<std::unique_ptr<broker::Broker>> brokers;
    std::optional<broker::StoreTime> time;
    std::uint64_t ready_at = 0;  // the listeners open when the store is synced to here
  };

  // ---- time and the process (world.cpp)
  void advance(Milliseconds by);
  base::Now clock() const;
  void start();
  void crash();
  bool is_listening() const;

  // ---- a loop (loops.cpp)
  void turn(std::uint32_t loop, bool may_interleave);
  void between_steps(std::uint32_t loop, bool may_interleave);
  void accept(std::uint32_t loop);
  void read(Connection& connection);
  void answer_questions(std::uint32_t loop);
  void answer_reads(std::uint32_t loop);
  void carry_out(std::uint32_t loop);
  void flush(Connection& connection);
  void close_broker_end(Connection& connection, bool by_broker);
  void forget_closed_connections();
  Connection* find(std::uint32_t loop, broker::ClientKey key);

  // ---- clients (chaos.cpp)
  void step();
  void client_step();
  void connect(Client& client);
  void drop_unread_connects(const Client& client);
  void cut(Client& client);
  void deliver_to_client(Client& client, bool all);
  void store_step();

  // ---- the end (quiesce.cpp)
  void settle();
  bool is_quiet() const;
  void wait_long();
  void drain_clients();
  std::map<std::string, MessageId> probe_retained();
  void check_retained();
  void end_sessions();
  void check_ledger(bool all_ended) const;

  std::uint32_t some(std::size_t count) { return random_.below(static_cast<std::uint32_t>(count)); }

  Random& random_;
  Trace& trace_;
  Plan plan_;
  Milliseconds now_ = 0;
  Milliseconds wall_offset_;  // of the machine's clock
  bool calm_ = false;         // no trouble any more: everything takes what it is offered
  Oracle oracle_;
  ModelStore store_;
  ModelHooks hooks_;
  SilentLog log_;
  broker::Listener listener_;
  std::unique_ptr<Process> process_;
  std::vector<Client> clients_;  // the last one is the probe, which only the end uses
  std::list<Connection> connections_;
  std::uint64_t connections_made_ = 0;
  std::uint64_t letters_ = 0;
  std::uint64_t crashes_ = 0;
  Milliseconds failing_until_ = 0;
  std::uint64_t unkept_to_ = 0;  // batches up to here may have been released without the store
};

}  // namespace mortise::simulation
