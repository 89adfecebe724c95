// The part of Publishing that asks plugins about a packet. While one of them thinks, the packet is not taken:
// it is offered again with the answer, and what was answered before that is not asked again.
#include "broker/publishing.hpp"

namespace mortise::broker {

namespace {

using Asked = Client::Asked;

bool passes(const Answer& answer) {
  return answer.decision == Decision::pass || answer.decision == Decision::allow;
}

}  // namespace

bool Publishing::wants(Asked question, const Message& message) const {
  const Hooks::Wanted& wanted = core_.wanted();
  switch (question) {
    case Asked::interception: return wanted.intercept_publish;
    case Asked::access: return wanted.wants(Action::publish);
    case Asked::retain: return wanted.wants(Action::retain) && message.retain();
  }
  return false;
}

Answer Publishing::put(Asked question, Client& client, const Session& session, const MessageRef& message) {
  const ClientFacts facts = core_.facts_of(client, &session);
  const Question later{core_.loop, client.key, ++client.question_serial};
  if (question == Asked::interception)
    return core_.shared.hooks.intercept_publish(facts, message, later, core_.now);
  const Action action = question == Asked::retain ? Action::retain : Action::publish;
  return core_.shared.hooks.authorise(facts, {action, message->topic(), message.get(), message->qos()}, later,
                                      core_.now);
}

std::optional<Progress> Publishing::ask(Client& client, Session& session, const mqtt::Publish& packet,
                                        Accepted& accepted, Fault& fault) {
  MessageRef& message = accepted.message;
  for (const Asked question : {Asked::interception, Asked::access, Asked::retain}) {
    Answer answer;
    if (client.answer) {
      if (question != client.asked) continue;  // answered before that one
      answer = std::move(*std::exchange(client.answer, nullptr));
    } else if (wants(question, *message)) {
      answer = put(question, client, session, message);
    } else {
      continue;
    }
    if (answer.decision == Decision::pending) {
      client.asked = question;
      client.asked_about = std::move(message);
      core_.pause(client, Client::for_answer);
      return Progress::waits;
    }
    if (question == Asked::retain)
      accepted.may_be_kept = passes(answer);
    else if (answer.decision == Decision::change && answer.message)
      message = std::move(answer.message);
    else if (!passes(answer))
      return follow(client, session, packet, answer, fault);
  }
  return {};
}

// A plugin would not have it.
Progress Publishing::follow(Client& client, Session& session, const mqtt::Publish& packet,
                            const Answer& answer, Fault& fault) {
  core_.count_published(client, packet.qos);
  if (answer.decision == Decision::drop) {
    refuse(client, session, packet, mqtt::ReasonCode::success, Refused::dropped_by_plugin);
    return Progress::done;
  }
  const ClientFacts facts = core_.facts_of(client, &session);
  core_.log(LogLevel::warning, "auth", "client.denied", "denied publish", &facts,
            {{"topic", packet.topic}, {"by", answer.by}, {"rule", answer.rule}});
  if (core_.wanted().wants(EventKind::denied)) {
    Event event;
    event.kind = EventKind::denied;
    event.client = &facts;
    event.name = packet.topic;
    event.reason = answer.reason;
    core_.shared.hooks.happened(event, core_.loop, core_.now);
  }
  const auto reason = mqtt::is_error(answer.reason) ? answer.reason : mqtt::ReasonCode::not_authorized;
  if (answer.decision == Decision::disconnect) {
    core_.ledger.refuse(Refused::disconnected);
    fault = {reason, "a plugin ended the connection"};
    client.answer = std::make_unique<Answer>(answer);
    return Progress::fault;
  }
  refuse(client, session, packet, reason, Refused::not_authorized, answer.reason_string);
  return Progress::done;
}

}  // namespace mortise::broker
