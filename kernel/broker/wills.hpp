// Wills: kept while their client is connected, sent when its connection or its
// session ends without a goodbye.
//
// Thread: the session's loop.   Owns: wills that are due and wait for room.
// Source: MQTT 5.0 §3.1.2.5, §3.1.3.2; Rule::stored_will, Rule::cancel_will_before_connack.
#pragma once

#include <vector>

#include "broker/publishing.hpp"

namespace mortise::broker {

class Wills {
 public:
  Wills(Core& core, Commits& commits, Publishing& publishing)
      : core_{core}, commits_{commits}, publishing_{publishing} {}

  // The will of a CONNECT. Returns the level its record has to reach before CONNACK; memory: none.
  Level keep(Session& session, const mqtt::Will& will, std::string_view username);
  // DISCONNECT came, or the session is resumed in time: it is never sent.
  void cancel(Session& session, Level level);
  // The connection ended without DISCONNECT: sent now, or after its delay.  [MQTT-3.1.2-8] [MQTT-3.1.3-9]
  void start(Session& session);
  // Due: sent now.
  void fire(Session& session);
  // Sends what had no room before.
  void end_turn() {
    if (!due_.empty()) send_due();
  }

  // One that was found in the store at start: it counts from then, or from when it was due.
  void restore(Session& session, const record::Will& will);
  // Its client had no stored session, so it has none to wait for.
  void restore_alone(const record::Will& will);

 private:
  struct Due {
    MessageRef message;
    std::vector<Record> facts;
  };
  bool allowed(Session& session, const Message& message);
  MessageRef as_sent(const MessageRef& message, std::optional<std::uint32_t> expiry_s);
  void send(Due due);
  void send_due();

  Core& core_;
  Commits& commits_;
  Publishing& publishing_;
  std::vector<Due> due_;
};

}  // namespace mortise::broker
