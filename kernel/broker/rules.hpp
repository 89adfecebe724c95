// The rules of durability, each with a switch that exists in test builds only.
//
// A test that claims to guard a rule must fail when the rule is taken out; the simulator takes them out one
// by one (tests/simulation). In a shipped build every rule is a constant and costs nothing.
#pragma once

namespace mortise::broker {

enum class Rule {
  acknowledge_after_commit,     // PUBACK and PUBREC wait for the batch of their message
  pubcomp_after_erase,          // PUBCOMP waits until the inbound identifier's erase is durable
  pubrel_after_pubrec_stored,   // PUBREL waits until PUBREC is durable
  connack_after_session,        // CONNACK waits until the session is created, resumed or discarded durably
  suback_after_subscription,    // SUBACK and UNSUBACK wait until the subscription is durable
  gate_qos_2,                   // an outgoing QoS 2 PUBLISH to a stored session waits for its batch
  one_publish_one_batch,        // message, deliveries on all loops and inbound identifier share a batch
  erase_after_put,              // an erase is handed over only when its put is durable
  message_outlives_deliveries,  // a message is erased with its last delivery, not before
  reserve_numbers,              // numbers are used only below a durable reservation
  reserve_positions,            // a position is sent only below the session's durable sent_to
  connection_generation,        // a waiting acknowledgement dies with its connection
  repeat_joins_pending,         // a repeated QoS 2 PUBLISH is not routed again
  retained_versions,            // the store keeps the higher version of a retained value
  stored_will,                  // wills are stored with their session
  cancel_will_before_connack,   // the erase of a will is in the batch that CONNACK waits for
  store_time,                   // expiry survives a wall clock that stepped back
  count
};

#ifdef MORTISE_RULE_SWITCHES
// Only the simulator's build has it; nothing else may write it.
inline bool rule_off[static_cast<int>(Rule::count)] = {};
inline bool holds(Rule rule) { return !rule_off[static_cast<int>(rule)]; }
#else
constexpr bool holds(Rule) { return true; }
#endif

}  // namespace mortise::broker
