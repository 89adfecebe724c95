// All clients of plugins: found by handle from any thread, and by the broker's key on each loop.
//
// Thread: open, find and close_all from any; enter, on_resumed and on_output on the loop concerned; begin_all and
//         end_all on the control thread.
// Owns:   the clients, until they are closed.
// Cost:   a loop without such clients: one branch twice a turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "host/inline_client.hpp"

namespace mortise::host {

struct Innards;

class InlineClients {
 public:
  static constexpr std::size_t open_max = 80;  // of one instance

  InlineClients(Innards& inside, std::uint32_t loops);

  mortise_status_t open(Instance& owner, const mortise_inline_open_t& how, mortise_inline_t& client);
  // Null: it is closed, or another instance's.
  std::shared_ptr<InlineClient> find(const Instance& owner, mortise_inline_t client);
  std::size_t open_of(const Instance& owner);
  // Begins to close those of an instance. Without loops they are closed at once.
  void close_all(const Instance& owner);

  // There are loops, and this instance counts, from now on: what it opened before comes to life.
  void begin_all(const Instance& owner);

  // ---- on a loop
  // It has a key now.
  void enter(std::shared_ptr<InlineClient> client);
  void on_resumed(std::uint32_t loop, broker::Broker& broker);
  void on_output(std::uint32_t loop, broker::Broker& broker);

 private:
  using OnLoop = std::unordered_map<std::uint64_t, std::shared_ptr<InlineClient>>;
  static std::shared_ptr<InlineClient> find(const OnLoop& here, broker::ClientKey key);
  void begin(InlineClient& client);
  void forget(const InlineClient& client);

  Innards& in_;
  broker::Listener trusted_;
  broker::Listener asked_;
  std::vector<OnLoop> on_loops_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<InlineClient>> all_;  // by handle
  std::uint64_t last_id_ = 0;
  std::vector<const Instance*> begun_;  // under mutex_
};

}  // namespace mortise::host
