// The part of Handshake that asks plugins what a client may beside who it is: connect from where it does,
// send its CONNECT, leave a will.
#include "broker/handshake.hpp"

namespace mortise::broker {

bool Handshake::accepts(const Listener& listener, std::string_view address) {
  ClientFacts peer;
  peer.loop = core_.loop;
  peer.address = address;
  peer.listener = &listener;
  const Answer answer = core_.shared.hooks.accept(peer, core_.now);
  if (answer.decision != Decision::deny) return true;
  const std::string why = "a plugin does not accept its address (" + answer.by +
                          (answer.rule.empty() ? "" : ": " + answer.rule) + ")";
  not_accepted_.say(core_.shared.log, core_.now.monotonic, LogLevel::warning, "auth", "client.not_accepted",
                    why, &peer);
  return false;
}

// Once a CONNECT. Nothing: it goes on.
std::optional<Progress> Handshake::intercept(Client& client, const mqtt::Connect& packet) {
  Answer answer;
  if (client.answer) {
    answer = std::move(*std::exchange(client.answer, nullptr));
  } else if (core_.wanted().intercept_connect && !client.listener->is_inline) {
    ClientFacts facts = core_.facts_of(client, nullptr);
    facts.client_id = packet.client_id;
    facts.username = name_of(client, packet);
    const Question question{core_.loop, client.key, ++client.question_serial};
    answer = core_.shared.hooks.intercept_connect(facts, packet, question, core_.now);
    if (answer.decision == Decision::pending) {
      core_.pause(client, Client::for_answer);
      return Progress::waits;
    }
  }
  client.asked = Client::Asked::access;
  if (answer.decision != Decision::deny) return {};
  client.username = name_of(client, packet);
  core_.charge(client);
  refuse(client, {.reason = mqtt::is_error(answer.reason) ? answer.reason : mqtt::ReasonCode::not_authorized,
                  .why = "a plugin does not take its CONNECT",
                  .told = answer.reason_string,
                  .by = answer.by,
                  .rule = answer.rule,
                  .server_reference = answer.server_reference});
  return Progress::done;
}

// Makes the message of its will, and asks whether it may leave it. Nothing: it goes on, with the will in
// `entering` or without.
std::optional<Progress> Handshake::take_will(Client& client, const mqtt::Connect& packet,
                                             const ClientFacts& facts) {
  Answer answer;
  if (client.answer) {
    answer = std::move(*std::exchange(client.answer, nullptr));
  } else {
    mqtt::Will will = *packet.will;
    std::string topic;
    if (client.is_mounted) will.topic = topic = client.mount_point() + std::string{will.topic};
    const MessageRef& message = client.entering->will = wills_.make(will, facts.client_id, client.username);
    if (!core_.wanted().wants(Action::will) || !client.listener->asks_hooks) return {};
    answer =
        core_.shared.hooks.authorise(facts, {Action::will, message->topic(), message.get(), message->qos()},
                                     {core_.loop, client.key, ++client.question_serial}, core_.now);
    if (answer.decision == Decision::pending) {
      core_.pause(client, Client::for_answer);
      return Progress::waits;
    }
  }
  if (answer.decision == Decision::pass || answer.decision == Decision::allow) return {};
  return refuse_will(client, facts, answer);
}

// A plugin would not have it: the client comes in without it, or not at all.
std::optional<Progress> Handshake::refuse_will(Client& client, const ClientFacts& facts,
                                               const Answer& answer) {
  const MessageRef will = std::move(client.entering->will);
  core_.ledger.published.add(will->qos());
  core_.ledger.refuse(Refused::not_authorized);
  if (answer.decision == Decision::disconnect) {
    refuse(client,
           {.reason = mqtt::is_error(answer.reason) ? answer.reason : mqtt::ReasonCode::not_authorized,
            .why = "a plugin does not take its will",
            .told = answer.reason_string,
            .by = answer.by,
            .rule = answer.rule,
            .server_reference = answer.server_reference});
    return Progress::done;
  }
  core_.log(LogLevel::warning, "auth", "client.denied", "denied will", &facts,
            {{"topic", will->topic()}, {"by", answer.by}, {"rule", answer.rule}});
  if (core_.wanted().wants(EventKind::denied)) {
    Event event;
    event.kind = EventKind::denied;
    event.client = &facts;
    event.name = will->topic();
    event.reason = answer.reason;
    core_.shared.hooks.happened(event, core_.loop, core_.now);
  }
  return {};
}

}  // namespace mortise::broker
