// Wills: kept while their client is connected, sent when its connection or its
// session ends without a goodbye.
//
// Thread: the session's loop.   Owns: wills that are due and wait for room.
// Source: MQTT 5.0 §3.1.2.5, §3.1.3.2; Rule::stored_will, Rule::cancel_will_before_connack.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "broker/publishing.hpp"

namespace mortise::broker {

class Wills {
 public:
  Wills(Core& core, Commits& commits, Publishing& publishing)
      : core_{core},
        commits_{commits},
        publishing_{publishing},
        taken_back_{0, base::StringHash{core.options.seed}} {}

  // The message of a CONNECT's will.
  MessageRef make(const mqtt::Will& will, std::string_view client_id, std::string_view username) const;
  // Keeps it for the session. Returns the level its record has to reach before CONNACK; memory: none.
  Level keep(Session& session, const mqtt::Will& will, MessageRef message);
  // DISCONNECT came, or the session is resumed in time: it is never sent.
  void cancel(Session& session, Level level);
  // The batch that erases a will this client took back when it left, until that is durable; 0: none. Its next
  // CONNACK waits for it.
  Ordinal taken_back(std::string_view client_id) const;
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
  bool intercept(Session& session, MessageRef& message);
  MessageRef as_sent(const MessageRef& message, std::optional<std::uint32_t> expiry_s);
  void remember(std::string_view client_id);
  void send(Due due);
  void send_due();

  Core& core_;
  Commits& commits_;
  Publishing& publishing_;
  std::vector<Due> due_;
  // Of clients without a stored session: in one that is stored the next CONNACK waits for a later batch.
  std::unordered_map<std::string, Ordinal, base::StringHash, std::equal_to<>> taken_back_;
  std::size_t look_through_at_ = taken_back_least;
  static constexpr std::size_t taken_back_least = 32;
};

}  // namespace mortise::broker
