// Everything the host is made of, for its own files.
//
// Thread: see each member.   Owns: all of it; the order of the members is the order of their ends, backwards.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "broker/shared.hpp"
#include "host/alarm_clock.hpp"
#include "host/client_data.hpp"
#include "host/client_reads.hpp"
#include "host/decisions.hpp"
#include "host/hook_board.hpp"
#include "host/hook_port.hpp"
#include "host/inline_clients.hpp"
#include "host/log_ring.hpp"
#include "host/loops.hpp"
#include "host/losses.hpp"
#include "host/metrics.hpp"
#include "host/options.hpp"
#include "host/roster.hpp"
#include "host/store_port.hpp"
#include "host/tokens.hpp"
#include "host/worker_pool.hpp"

namespace mortise::host {

struct Instance;

struct Innards {
  explicit Innards(Options chosen);
  ~Innards();
  Innards(const Innards&) = delete;
  Innards& operator=(const Innards&) = delete;

  // The durability class of a topic; memory before connect() and without a store.
  broker::Level level_of(std::string_view topic) const;
  // The client that carries this is gone: tells its owner, on the calling loop or on the owner's strand.
  void forget(std::uint64_t plugin_data);
  void wake_loops();
  // The brokers' wall time; the machine's as long as there are no brokers.
  base::WallTime wall() const;

  const Options options;
  // What a reload may change of them.
  std::vector<std::filesystem::path> plugin_path;  // the control thread's
  std::atomic<base::Duration> hook_time;
  const base::TimePoint begun = monotonic_now();
  // Of messages that plugins make, one an instance: before whatever may hold such a message.
  std::deque<broker::Accounts> accounts;
  std::atomic<Loops*> loops{nullptr};
  std::atomic<broker::Shared*> shared{nullptr};
  LogRing log;
  Losses losses;
  MetricNames metric_names;
  AlarmClock clock;
  WorkerPool workers;
  Tokens tokens;
  ClientDataBook client_data;
  HookBoard board;
  Decisions decisions;
  HookPort hooks;
  StorePort store;
  InlineClients inline_clients;
  ClientReads client_reads;
  Roster roster;
};

}  // namespace mortise::host
