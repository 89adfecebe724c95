// SUBSCRIBE and UNSUBSCRIBE: each filter checked, asked about, indexed, and shown what is retained.
//
// Thread: the session's loop.   Source: MQTT 5.0 §3.8 to §3.11.
#pragma once

#include "broker/sessions.hpp"

namespace mortise::broker {

class Subscribing {
 public:
  Subscribing(Core& core, Commits& commits, Routing& routing, Sessions& sessions)
      : core_{core}, commits_{commits}, routing_{routing}, sessions_{sessions} {}

  Progress on_subscribe(Client& client, const mqtt::Subscribe& packet, Fault& fault);
  Progress on_unsubscribe(Client& client, const mqtt::Unsubscribe& packet, Fault& fault);

  // A subscription from the store.
  void restore(Session& session, const record::Subscription& stored);

 private:
  Progress take(Client& client, Session& session, const mqtt::Subscribe& packet, Fault& fault);
  bool is_offered(const Client& client, const mqtt::Subscribe& packet, Fault& fault) const;
  // The answer for one more filter. waits: a plugin still has to give it; fault: it ends the connection.
  Progress decide(Client& client, Session& session, const mqtt::Subscribe::Entry& entry,
                  FilterAnswers& answers, Fault& fault);
  Progress follow(Client& client, Session& session, const mqtt::Subscribe::Entry& entry, Answer answer,
                  FilterAnswers& answers, Fault& fault);
  void subscribe(Client& client, Session& session, mqtt::Subscribe::Entry entry, std::uint32_t identifier);
  bool has_subscription(const Session& session, std::string_view filter) const;
  bool store_refuses(const Session& session) const;
  template <class Packet>
  void acknowledge(Client& client, Session& session, bool changed, const Packet& packet);
  void happened(EventKind kind, Client& client, Session& session, std::string_view filter, mqtt::Qos qos);

  Core& core_;
  Commits& commits_;
  Routing& routing_;
  Sessions& sessions_;
  std::vector<MessageRef> retained_;  // scratch
};

}  // namespace mortise::broker
