// From the store's records to the sessions of all loops, once, before any loop runs.
//
// The store emits numbers, sessions, subscriptions, messages, deliveries, inbound identifiers, retained
// values and wills, in this order. What a damaged store left half (a delivery without its message, a will
// without its session) is taken out of it again and counted.
//
// Thread: one, before the loops start.   Owns: what it has read, until finish().
// Source: Rule::reserve_numbers, Rule::reserve_positions, Rule::store_time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/broker.hpp"

namespace mortise::broker {

class Restorer {
 public:
  explicit Restorer(Shared& shared) : shared_{shared} {}

  void on_record(Record record);
  void on_delivery(const DeliveryRecord& delivery);
  // What the messages that are given to it are charged to.
  Accounts& accounts() { return shared_.ledgers[0]->accounts; }

  // The latest wall time the store has seen; store time goes on from there if the clock is behind it.
  base::WallTime latest() const noexcept { return latest_; }

  struct Outcome {
    std::size_t sessions = 0;
    std::size_t subscriptions = 0;
    std::size_t deliveries = 0;
    std::size_t retained = 0;
    std::size_t wills = 0;
    std::size_t orphans = 0;  // records without what they belong to, taken out
  };
  // Puts everything in place, one broker a loop. The first batch, which reserves numbers, is handed over with
  // it: until that is synced nobody can connect, so listeners open when Journal::line(synced) has reached 1.
  Outcome finish(const std::vector<Broker*>& brokers, base::Now now);

 private:
  struct Found {
    record::Session session;
    std::vector<DeliveryRecord> deliveries;
    std::vector<record::Subscription> subscriptions;
    std::vector<mqtt::PacketId> inbound;
    std::unique_ptr<record::Will> will;
  };
  void assign_wills();
  void put_back(Found& found, Broker& home);
  void see(std::uint64_t number) { highest_ = std::max(highest_, number); }
  void see(base::WallTime time) { latest_ = std::max(latest_, time); }

  Shared& shared_;
  std::map<std::uint64_t, Found> sessions_;
  std::unordered_map<std::uint64_t, MessageRef> messages_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> identifiers_;
  std::vector<record::Retained> retained_;
  std::vector<record::Will> lone_wills_;
  std::vector<DeliveryRecord> orphans_;
  std::uint64_t reserved_ = 0;
  std::uint64_t highest_ = 0;
  base::WallTime latest_{};
  Outcome outcome_;
};

}  // namespace mortise::broker
