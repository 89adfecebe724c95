// A PUBLISH on its way in: checked, asked about, made, kept, routed, acknowledged;
// and the PUBREL that ends QoS 2.
//
// Thread: the publisher's loop.
// Source: MQTT 5.0 §3.3, §4.3; Rule::acknowledge_after_commit, Rule::pubcomp_after_erase,
//         Rule::repeat_joins_pending.
#pragma once

#include <vector>

#include "broker/complaint.hpp"
#include "broker/routing.hpp"

namespace mortise::broker {

// What became of a packet that was offered.
enum class Progress : std::uint8_t {
  done,   // it is dealt with
  waits,  // it was not taken: it is offered again when the client resumes
  fault,  // the connection has to be closed, see Fault
};

// A client's mistake that ends its connection.
struct Fault {
  mqtt::ReasonCode reason{};
  const char* what = "";
  std::optional<Limit> limit{};  // the one that it exceeds
};

class Publishing {
 public:
  Publishing(Core& core, Commits& commits, Routing& routing)
      : core_{core}, commits_{commits}, routing_{routing} {}

  Progress on_publish(Client& client, const mqtt::Publish& packet, Fault& fault);
  void on_pubrel(Client& client, const mqtt::Pubrel& packet);

  // A message of nobody's connection: a will that is due, or a plugin's. `facts` go into its batch.
  // False: there is no room for its letters now, and `facts` are untouched; ask again next turn.
  bool publish(const MessageRef& message, std::vector<Record>&& facts, Awaited awaited = {});

  // Lets publishers go on that waited for room or for the store.
  void end_turn() {
    if (!wait_for_room_.empty() || !wait_for_store_.empty()) let_go_on();
  }

 private:
  bool resolve_alias(Client& client, mqtt::Publish& packet, Fault& fault);
  [[gnu::cold]] Progress on_aliased(Client& client, const mqtt::Publish& packet, Fault& fault);
  [[gnu::cold]] Progress on_mounted(Client& client, const mqtt::Publish& packet, Fault& fault);
  Progress take(Client& client, const mqtt::Publish& packet, Fault& fault);
  Progress check(Client& client, const mqtt::Publish& packet, Fault& fault) const;
  bool repeats(Client& client, const mqtt::Publish& packet);
  [[gnu::cold]] Progress refuse_payload(Client& client, Session& session, const mqtt::Publish& packet);
  Progress wait(Client& client, Client::Pause why);
  void let_go_on();
  bool store_refuses(const mqtt::Publish& packet, Level level) const;
  // `text`: what the sender is told.
  Progress refuse_for_now(Client& client, const mqtt::Publish& packet, Refused why, std::string_view text);
  MessageRef make(const Client& client, const Session& session, const mqtt::Publish& packet, Level level);
  // What is to be accepted of a packet.
  struct Accepted {
    MessageRef message;
    bool may_be_kept = true;  // when it is retained
  };
  // Nothing: accept it. Otherwise what became of the packet.
  std::optional<Progress> ask(Client& client, Session& session, const mqtt::Publish& packet,
                              Accepted& accepted, Fault& fault);
  bool wants(Client::Asked question, const Message& message) const;
  Answer put(Client::Asked question, Client& client, const Session& session, const MessageRef& message);
  Progress follow(Client& client, Session& session, const mqtt::Publish& packet, const Answer& answer,
                  Fault& fault);
  // `text`: the reason string for the client; empty: none.
  void refuse(Client& client, Session& session, const mqtt::Publish& packet, mqtt::ReasonCode reason,
              Refused why, std::string_view text = {});
  void accept(Client& client, Session& session, const mqtt::Publish& packet, const Accepted& accepted);
  void number(const MessageRef& message);
  void tell_not_kept(const Message& message, const ClientFacts* facts, Limit limit);
  std::vector<Record> keep(const MessageRef& message, const ClientFacts* facts, std::uint64_t& sequence);
  void tell(Client& client, Session& session, const Message& message) const;

  Core& core_;
  Commits& commits_;
  Routing& routing_;
  std::vector<ClientKey> wait_for_room_;
  std::vector<ClientKey> wait_for_store_;  // or for memory
  Complaint retained_refused_;
  Complaint payload_refused_;
};

}  // namespace mortise::broker
