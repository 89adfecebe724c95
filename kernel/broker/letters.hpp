// What one loop's broker tells another's: letters, and the rings they travel in.
//
// One publish that concerns another loop is one letter. If the publish has to be stored, the other loop
// answers with its delivery records, the publisher's loop commits them with its own in one batch, and tells
// the others when that batch is durable. Answers and commit notes have rings of their own, sized so that they
// always fit: a publish is posted only while fewer than `capacity` are outstanding with that loop.
//
// Thread: one producer and one consumer a ring.   Owns: the letters in it.
// Cost:   no allocation for a publish; an answer carries a vector when it has deliveries.
// Fails:  never; room() is asked before a publish is accepted, and the publisher waits.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/ring.hpp"
#include "base/slot_map.hpp"
#include "broker/message.hpp"
#include "broker/record.hpp"
#include "broker/shared_groups.hpp"

namespace mortise::broker {

using PendingKey =
    base::Handle<struct PendingPublish>;  // the publisher's side of a publish that waits for answers
using RemoteKey = base::Handle<struct RemotePublish>;  // the other side, which waits to be told of the commit

struct PublishLetter {
  MessageRef message;
  PendingKey pending;                   // none: no answer is wanted
  std::uint64_t retained_sequence = 0;  // of a retained publish; 0 otherwise
  // Members of shared subscriptions there that are to have it; null: none.
  std::unique_ptr<std::vector<Chosen>> chosen;
  bool is_for_chosen_only = false;
};

struct AnswerLetter {
  PendingKey pending;
  RemoteKey remote;  // none: nothing to store there, and no commit note is wanted
  std::vector<DeliveryRecord> deliveries;
  std::vector<record::DeliveryIdentifiers> identifiers;
  std::vector<Chosen> returned;  // a member had gone: these are to have it instead, on other loops
};

struct CommitLetter {
  RemoteKey remote;
};

// All rings from one loop to another.
struct Mailbox {
  static constexpr std::size_t capacity = 1024;
  base::Ring<PublishLetter> publishes{capacity};
  base::Ring<AnswerLetter> answers{capacity};
  base::Ring<CommitLetter> commits{capacity};

  bool empty() const noexcept { return publishes.empty() && answers.empty() && commits.empty(); }
};

class Mailroom {
 public:
  explicit Mailroom(std::uint32_t loops) : loops_{loops}, boxes_(std::size_t{loops} * loops) {
    for (auto& box : boxes_) box = std::make_unique<Mailbox>();
  }
  std::uint32_t loops() const noexcept { return loops_; }
  Mailbox& box(std::uint32_t from, std::uint32_t to) noexcept { return *boxes_[from * loops_ + to]; }

 private:
  std::uint32_t loops_;
  std::vector<std::unique_ptr<Mailbox>> boxes_;
};

}  // namespace mortise::broker
