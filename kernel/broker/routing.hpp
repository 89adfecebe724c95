// From one message to the sessions of every loop, and from their deliveries to one atomic batch.
//
// Thread: the publisher's loop routes; a letter's work is done on the loop that got it.
// Owns:   the publishes that wait for other loops' answers, and this loop's side of theirs.
// Cost:   no allocation for receivers on this loop; one letter for each other loop that may have a
//         subscriber.
// Fails:  never; has_room() is asked before, and whoever publishes waits.
// Source: MQTT 5.0 §3.3.4, §4.7; Rule::one_publish_one_batch.
#pragma once

#include <array>
#include <vector>

#include "broker/delivery.hpp"

namespace mortise::broker {

// A publish whose batch has to wait for other loops.
struct PendingPublish {
  MessageRef message;
  std::uint32_t waits_for = 0;             // loops that have not answered
  std::vector<DeliveryRecord> deliveries;  // of all loops
  std::vector<record::DeliveryIdentifiers> identifiers;
  std::vector<Record> facts;  // further records of the same batch
  std::vector<std::pair<std::uint32_t, RemoteKey>>
      remotes;           // who is to be told of the commit, and by which key
  RemoteKey here;        // this loop's own part
  SessionKey publisher;  // with packet_id: whose inbound QoS 2 PUBLISH this is
  mqtt::PacketId packet_id = 0;
  ClientKey client;  // whose gate holds the acknowledgement, under which ticket
  std::uint64_t ticket = 0;
  Awaited awaited;
};

// The deliveries on this loop of a publish whose batch is not known yet.
struct RemotePublish {
  std::vector<SessionKey> sessions;
};

class Routing {
 public:
  Routing(Core& core, Commits& commits, Delivery& delivery)
      : core_{core}, commits_{commits}, delivery_{delivery} {}

  // Whether one more message can be routed now, to whatever loops.
  bool has_room() { return core_.numbers.has(1) && (core_.shared.loops() == 1 || others_have_room()); }

  struct Published {
    PendingKey pending;   // set: other loops have to answer first
    Ordinal ordinal = 0;  // else the batch it is in; 0: nothing had to be stored
  };
  // Shows the message to every loop's subscriptions. `facts` go into the same batch as its deliveries.
  Published publish(const MessageRef& message, std::uint64_t retained_sequence, SessionKey publisher,
                    std::vector<Record>&& facts);

  // The acknowledgement of a pending publish waits in this gate. (Again after a new connection.)
  void attach(PendingKey pending, SessionKey publisher, mqtt::PacketId packet_id, const Client& client,
              std::uint64_t ticket);

  // Hooks::kept is told when what was published is kept so well.
  void await(const Published& published, Awaited awaited);

  // One retained message to one new subscriber.
  void deliver_retained(Session& session, const MessageRef& message, mqtt::Qos qos,
                        std::span<const std::uint32_t> identifiers);

  // Gives what came to this session as a member of a group, and may still go to another, to that one; see
  // Delivery. Of one that lives only to members that are connected, of a stored one only to members on this
  // loop: their record and the end of its own have to be in one batch. Again when the session makes progress
  // while its hands_on_to is set.
  void hand_on(Session& session);
  // The same for a session that ends; nothing else stays of its queue.
  void hand_on_all(Session& session);

  // Takes letters from one loop, at most `budget` of each kind. Returns whether there were any.
  bool drain(std::uint32_t from, std::size_t budget);

  // Tells the other loops which publishes have become durable.
  void tell_committed();

 private:
  bool others_have_room() const;
  std::uint64_t choose(const Message& message);
  std::size_t deliver_chosen(Fanout& fanout);
  void deliver_to(Session& session, const Chosen& chosen, Fanout& fanout);
  void deliver_letter(PublishLetter& letter, Fanout& fanout, std::vector<Chosen>& returned);
  bool choose_another(Chosen& chosen);
  void count_lost();
  bool give_on(const Chosen& chosen, const MessageRef& message, PendingKey pending);
  Delivery::Give giving(const Session& session, Readiness at_worst);
  bool give_to_other(const Session& session, Readiness at_worst, const Waiting& waiting, GroupKey group);
  std::size_t show_here(std::uint64_t retained_sequence, SessionKey publisher, Fanout& fanout);
  Receiver receiver_of(const Subscriber& match, const Message& message);
  void merge(const Receiver& match);
  void post(std::uint64_t interested, const MessageRef& message, PendingKey pending,
            std::uint64_t retained_sequence);
  void post(std::uint32_t loop, PublishLetter letter);
  Ordinal commit_here(const MessageRef& message, std::uint32_t stored, std::vector<Record>&& facts,
                      std::vector<record::DeliveryIdentifiers>& identifiers);
  void on_publish(std::uint32_t from, PublishLetter letter);
  void on_answer(std::uint32_t from, AnswerLetter letter);
  void take_back(PendingKey key, PendingPublish& pending, Chosen chosen);
  void commit(PendingKey key, PendingPublish& pending);
  void settle(RemoteKey key, Ordinal ordinal);

  Core& core_;
  Commits& commits_;
  Delivery& delivery_;
  base::SlotMap<PendingPublish> pending_;
  base::SlotMap<RemotePublish> remote_;
  std::array<std::uint32_t, 64> outstanding_{};  // by loop: letters whose answer or commit note is still owed
  // Scratch, kept for its memory.
  std::vector<SubscriptionIndex::Subscribers> matches_;
  std::vector<Receiver> receivers_;
  std::vector<std::vector<std::uint32_t>> several_;
  std::size_t several_used_ = 0;
  std::vector<record::DeliveryIdentifiers> identifiers_;
  std::uint64_t routing_ = 0;
  std::vector<Chosen> chosen_;
};

}  // namespace mortise::broker
