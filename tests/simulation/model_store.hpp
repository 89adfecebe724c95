// A store as the real one may behave, in memory: batches become written and synced when it pleases, a crash
// keeps a prefix, an ended session is a mark that is swept later, a cleared retained value leaves a
// tombstone.
//
// Owns: batches until they are synced; what is synced as plain values without a reference to a message.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "broker/journal.hpp"
#include "broker/restorer.hpp"
#include "broker/shared.hpp"
#include "simulation/trace.hpp"

namespace mortise::simulation {

enum class Crash { kill, power_cut };  // what was written survives; only what was synced does for certain

struct StoredMessage {
  std::string topic, payload, properties, publisher, username;
  mqtt::Qos qos{};
  bool retain = false;
  bool payload_is_utf8 = false;
  base::WallTime received{}, expires{};
  std::uint64_t number = 0;

  static StoredMessage of(const broker::Message& message);
  broker::MessageRef make(broker::Accounts& accounts, const broker::Options& options) const;
};

class ModelStore final : public broker::Store {
 public:
  explicit ModelStore(Trace& trace) : trace_{&trace} {}

  void hand_over(broker::Batch batch) override;
  void read(broker::StoreRead what) override { reads_.push_back(std::move(what)); }

  std::uint64_t handed_over() const { return last_; }
  std::uint64_t written() const { return written_; }
  std::uint64_t synced() const { return synced_; }
  bool is_idle() const { return synced_ == last_ && reads_.empty(); }

  // Progress by so many batches; the journal is told.
  void write(std::uint64_t batches, broker::Journal& journal);
  void sync(broker::Journal& journal);
  // The answer to the first question of a loop, from what is written; none: nobody asks.
  std::optional<broker::Page> answer_read(std::uint32_t loop, broker::Shared& shared);
  // A message that was handed over and not erased, written or not; null: there is none.
  std::optional<StoredMessage> find(std::uint64_t message) const { return find(message, last_); }

  // Takes out what belonged to one ended session. False: there is none.
  bool sweep();

  // Loses what this kind of crash loses; `keep` batches of what is written but not synced survive a power
  // cut.
  void crash(Crash kind, std::uint64_t keep);
  void restore(broker::Restorer& restorer, const broker::Options& options) const;
  void forget() { unsynced_.clear(); }
  // A new process: a new sequence.
  void begin();

  // What is still there, apart from numbers and tombstones; for the check that nothing is left over.
  std::string leftovers() const;

 private:
  struct Value {
    std::uint64_t version = 0;
    std::optional<StoredMessage> message;  // none: a tombstone
  };
  struct Will {
    broker::record::Will record;  // its message is empty
    StoredMessage message;
  };
  struct Tables {
    broker::record::Numbers numbers;
    std::map<std::uint64_t, broker::record::Session> sessions;
    std::set<std::uint64_t> ended;
    std::map<std::pair<std::uint64_t, std::string>, broker::record::Subscription> subscriptions;
    std::map<std::uint64_t, StoredMessage> messages;
    std::map<std::uint64_t, broker::DeliveryRecord> deliveries;
    std::map<std::uint64_t, std::vector<std::uint32_t>> identifiers;
    std::set<std::pair<std::uint64_t, mqtt::PacketId>> inbound;
    std::map<std::string, Value> retained;
    std::map<std::uint64_t, Will> wills;
  };

  std::optional<StoredMessage> find(std::uint64_t message, std::uint64_t up_to) const;
  void apply(const broker::Batch& batch);
  void apply(const broker::Record& entry);
  void apply(const broker::DeliveryRecord& delivery);
  static bool is_given_on(const broker::Batch& batch, std::uint64_t message);
  void check_whole(const broker::Batch& batch);
  void keep_value(const std::string& topic, std::uint64_t version, std::optional<StoredMessage> message);

  Trace* trace_;
  Tables tables_;
  std::deque<broker::Batch> unsynced_;
  std::deque<broker::StoreRead> reads_;
  std::uint64_t last_ = 0, written_ = 0, synced_ = 0;
  // Of this process: deliveries that were put, and in which batch each message's were.
  std::set<std::uint64_t> delivered_;
  std::map<std::uint64_t, std::uint64_t> delivered_in_;
};

}  // namespace mortise::simulation
