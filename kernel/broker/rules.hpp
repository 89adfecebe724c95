// The rules of durability, each with a switch that exists in test builds only.
//
// A test that claims to guard a rule must fail when the rule is taken out; the simulator takes them out one
// by one (tests/simulation). In a shipped build every rule is a constant and costs nothing.
// "Durable" means as durable as the class of the message or session asks.
#pragma once

namespace mortise::broker {

enum class Rule {
  // PUBACK and PUBREC wait until the batch with their message and its deliveries is durable.
  acknowledge_after_commit,
  // PUBCOMP waits until the erase of the inbound packet identifier is durable.
  pubcomp_after_erase,
  // PUBREL waits until it is durable that PUBREC came, so that a crash does not lead to PUBLISH again.
  pubrel_after_pubrec_stored,
  // CONNACK waits until it is durable that the session was created, resumed or discarded.
  connack_after_session,
  // SUBACK and UNSUBACK wait until the change of the subscription is durable.
  suback_after_subscription,
  // A QoS 2 PUBLISH to a stored session waits for its batch, or a crash would send it as a new one.
  gate_qos_2,
  // A message, its deliveries on all loops and its inbound packet identifier are in one atomic batch.
  one_publish_one_batch,
  // The erase of a delivery is handed over only when its put is durable.
  erase_after_put,
  // What a member of a shared subscription leaves behind goes to another when its own put can no longer come
  // after that or stand beside it: else a crash leaves the message with both.
  hand_on_after_put,
  // A message is erased from the store with its last stored delivery, not before.
  message_outlives_deliveries,
  // The body of a queued message leaves memory only when its put is durable.
  page_out_after_put,
  // Only numbers below a durable reservation are used, so that none is given twice across restarts.
  reserve_numbers,
  // Only positions below the session's durable `sent_to` are sent, and a restart goes on above it: a packet
  // identifier that a client may still hold is not given to another message.
  reserve_positions,
  // An acknowledgement that waits belongs to one connection and ends with it.
  connection_generation,
  // A QoS 2 PUBLISH repeated while the first is under way waits with it and is not routed again.
  repeat_joins_pending,
  // Of two values of a retained topic the store keeps the one with the higher version, in whatever order the
  // batches come; a cleared value leaves its version behind.
  retained_versions,
  // A will is stored while its client is connected, and a restart sends it when it is due.
  stored_will,
  // The erase of a will is in the batch its client's CONNACK waits for, so that no crash sends it afterwards.
  cancel_will_before_connack,
  // The time that expiry is counted by goes on from the latest the store has seen and never steps back.
  store_time,
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
