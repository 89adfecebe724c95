// Output commit on one loop: the open batch, what waits for which batch,
// and what may be said once it is durable.
//
// Thread: the loop.   Owns: the batch being filled, and who is to be looked at when a batch becomes durable.
// Cost:   one hand-over a turn; a session or client registers once a batch, not once a message.
// Fails:  never. Without a store everything counts as durable and no record is kept. With
//         Options::OnFailure::memory a store that has failed holds nothing back either.
// Source: Rule::acknowledge_after_commit and the five after it, Rule::erase_after_put,
//         Rule::connection_generation.
#pragma once

#include <vector>

#include "base/queue.hpp"
#include "broker/core.hpp"

namespace mortise::broker {

// Who published as a plugin and is told when it is kept so well. Level memory: nobody.
struct Awaited {
  Level level = Level::memory;
  std::uint64_t ticket = 0;
};

class Commits {
 public:
  explicit Commits(Core& core) : core_{core} {}

  // ---- the open batch
  Ordinal open_ordinal() const { return open_ordinal_; }
  // Adds a fact that need not be committed for its own sake:
  // it leaves with the next batch, at most a second later.
  void ride(Record record);
  // Adds a fact that is handed over at the end of this turn; `level` is what somebody will wait for.
  void add(Record record, Level level);
  void add(const DeliveryRecord& put) { batch_.deliveries.push_back(put); }
  std::vector<DeliveryRecord>& deliveries() { return batch_.deliveries; }
  // The end of a stored delivery; kept back while its put is not durable.
  void erase(Session& session, Position position, std::uint64_t number, MessageRef message);
  // The open batch is to be handed over at the end of this turn.
  void hurry(Level level);

  // ---- what may be said
  // Whether a batch has reached a level.
  bool is_durable(Ordinal ordinal, Level level) const;
  // Whether a packet that waits for this would leave at once.
  bool lets_through(const Client& client, Ordinal ordinal, Level level) const {
    return client.gate.empty() && is_durable(ordinal, level);
  }
  // Queues a packet behind the client's gate and lets it out at once if nothing holds it. Returns its ticket.
  std::uint64_t gate(Client& client, Gated packet);
  // An unsettled packet's batch is known now.
  void settle_gate(ClientKey client, std::uint64_t ticket, Ordinal ordinal, Level level);
  // Lets out what is ready, in order.
  void release(Client& client);

  // ---- deliveries, of which something waits for their batch
  void add_run(Session& session, Position end, Ordinal ordinal, RemoteKey remote, Level level);
  // The batch of the deliveries with this key is known: ordinal 0 means durable already, elsewhere.
  void settle_run(Session& session, RemoteKey remote, Ordinal ordinal);
  // Whether the batch of this position is not known yet.
  bool is_unsettled(const Session& session, Position position) const {
    const Run* run = run_of(session, position);
    return run && run->ordinal == unsettled;
  }
  // Whether it is not durable yet.
  bool is_under_way(const Session& session, Position position) const {
    return run_of(session, position) != nullptr;
  }
  // Whether a QoS 2 PUBLISH at this position has to wait.
  bool is_gated(const Session& session, Position position) const;

  // ---- other things that wait for the open batch
  void when_durable(Level level, PendingKey pending) {
    wait(level, open_ordinal_, Waiter::Kind::pending, pending.value());
  }
  void when_reserved(std::uint64_t up_to) {
    wait(Level::synced, open_ordinal_, Waiter::Kind::reservation, up_to);
  }
  void when_sent_to_reserved(Session& session, Level level) {
    wait(level, open_ordinal_, Waiter::Kind::session, session.key.value());
  }

  // Tells Hooks::kept when the batch is durable so well; at once when it is, or when there was nothing to
  // store.
  void await(Ordinal ordinal, Awaited awaited);

  // ---- the turn
  void on_lines(std::uint64_t written, std::uint64_t synced);
  void end_turn();
  base::TimePoint next_deadline() const;

  // Who made progress since it was last asked: sessions that may send, publishes whose batch is durable.
  std::vector<SessionKey> progressed;
  std::vector<PendingKey> committed;

 private:
  struct Waiter {
    enum class Kind : std::uint8_t { client, session, pending, reservation, ticket };
    Ordinal ordinal = 0;
    std::uint64_t what = 0;
    Kind kind{};
  };
  struct HandedOver {
    Ordinal ordinal = 0;
    std::uint64_t sequence = 0;
  };
  static constexpr std::size_t levels = 2;
  static std::size_t row(Level level) { return level == Level::synced ? 1 : 0; }

  void wait(Level level, Ordinal ordinal, Waiter::Kind kind, std::uint64_t what);
  void wake(const Waiter& waiter);
  void release_without_store();
  static const Run* run_of(const Session& session, Position position);
  void settle(Session& session);
  void send(Client& client, const Gated& packet);
  void reserve_numbers();
  void hand_over();

  Core& core_;
  Batch batch_;
  Ordinal open_ordinal_ = 1;
  bool hurried_ = false;
  std::size_t erased_bytes_ = 0;
  base::TimePoint opened_ = base::never;
  std::array<Ordinal, levels> durable_{};
  std::array<base::Queue<HandedOver>, levels> handed_over_;
  std::array<base::Queue<Waiter>, levels> waiters_;
};

}  // namespace mortise::broker
