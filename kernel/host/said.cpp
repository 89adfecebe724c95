#include "host/said.hpp"

#include <array>

#include "host/abi_text.hpp"
#include "mqtt/utf8.hpp"

namespace mortise::host {

namespace {

using broker::Decision;

constexpr std::array<std::string_view, static_cast<std::size_t>(Point::count)> point_names{
    "authenticate.connect",
    "authenticate.exchange",
    "intercept.publish",
    "authorise.check (publish)",
    "authorise.check (subscribe)",
    "authorise.check (receive)",
    "authorise.check (will)",
    "authorise.check (retain)",
    "psk.find",
    "intercept.connect",
    "intercept.will",
    "accept.accept"};

Decision decision_of(mortise_answer_t answer) {
  switch (answer) {
    case MORTISE_PASS: return Decision::pass;
    case MORTISE_ALLOW: return Decision::allow;
    case MORTISE_DENY: return Decision::deny;
    case MORTISE_CHANGE: return Decision::change;
    case MORTISE_DROP: return Decision::drop;
    case MORTISE_CONTINUE: return Decision::proceed;
    case MORTISE_DISCONNECT: return Decision::disconnect;
    default: return Decision::pending;  // none of the above
  }
}

bool takes(Point point, Decision decision) {
  const bool replaces = point == Point::intercept || point == Point::intercept_will;
  const bool is_of_connect = is_login(point) || point == Point::intercept_connect || point == Point::accept;
  switch (decision) {
    case Decision::pass: return true;
    case Decision::deny: return point != Point::intercept_will;
    case Decision::allow: return !replaces && point != Point::intercept_connect;
    case Decision::change:
    case Decision::drop: return replaces;
    case Decision::disconnect: return !is_of_connect && point != Point::intercept_will;
    case Decision::proceed: return point == Point::exchange;
    case Decision::pending: return false;
  }
  return false;
}

// May the packet that answers this decision carry the code?
bool fits(Point point, Decision decision, mqtt::ReasonCode reason) {
  if (!mqtt::is_error(reason)) return false;
  if (decision == Decision::disconnect && point == Point::will)
    return mqtt::is_allowed(reason, mqtt::PacketType::connack);
  if (decision == Decision::disconnect) return mqtt::is_allowed(reason, mqtt::PacketType::disconnect);
  switch (point) {
    case Point::authenticate:
    case Point::exchange:
    case Point::intercept_connect: return mqtt::is_allowed(reason, mqtt::PacketType::connack);
    case Point::subscribe: return mqtt::is_allowed(reason, mqtt::PacketType::suback);
    case Point::publish:
    case Point::intercept:
      return mqtt::is_allowed(reason, mqtt::PacketType::puback) &&
             mqtt::is_allowed(reason, mqtt::PacketType::pubrec);
    default: return true;  // nobody is told
  }
}

}  // namespace

std::string_view name_of(Point point) noexcept { return point_names[static_cast<std::size_t>(point)]; }

Said copy_said(mortise_answer_t answer, const mortise_verdict_t* verdict) {
  Said said;
  said.answer = answer;
  if (!verdict) return said;
  if (!MORTISE_HAS(verdict, reason_code)) {
    said.verdict_too_short = true;
    return said;
  }
  said.reason_code = verdict->reason_code;
  if (MORTISE_HAS(verdict, loss)) said.loss = verdict->loss;
  if (MORTISE_HAS(verdict, client_data)) said.client_data = verdict->client_data;
  if (MORTISE_HAS(verdict, reason_string)) said.reason_string = view_of(verdict->reason_string);
  if (MORTISE_HAS(verdict, rule)) said.rule = view_of(verdict->rule);
  if (MORTISE_HAS(verdict, identity) && verdict->identity && MORTISE_HAS(verdict->identity, username))
    said.username = view_of(verdict->identity->username);
  if (MORTISE_HAS(verdict, authentication_data))
    said.authentication_data = characters_of(verdict->authentication_data);
  if (MORTISE_HAS(verdict, server_reference)) said.server_reference = view_of(verdict->server_reference);
  if (MORTISE_HAS(verdict, data)) said.data = characters_of(verdict->data);
  if (MORTISE_HAS(verdict, remedy)) said.remedy = view_of(verdict->remedy);
  if (MORTISE_HAS(verdict, message_count) && verdict->messages) {
    said.message_count = static_cast<std::uint32_t>(verdict->message_count);
    // All of them have passed to us; the first is the one that counts.
    for (std::size_t i = 0; i < verdict->message_count; ++i) {
      MessageHandle handle = MessageHandle::adopt(verdict->messages[i]);
      if (i == 0) said.message = std::move(handle);
    }
  }
  return said;
}

Judged judge(Point point, Said& said, const std::string& instance) {
  Judged judged;
  if (said.verdict_too_short)
    return judged.fault = "a verdict smaller than its reason code", std::move(judged);
  broker::Answer& answer = judged.answer;
  answer.decision = decision_of(said.answer);
  if (!takes(point, answer.decision))
    return judged.fault = "an answer this hook does not take", std::move(judged);
  if (answer.decision == Decision::pass) return judged;
  if (answer.decision == Decision::change) {
    if (said.message_count != 1 || !said.message)
      return judged.fault = "CHANGE without exactly one message", std::move(judged);
    return judged;
  }
  const bool refuses = answer.decision == Decision::deny || answer.decision == Decision::disconnect;
  if (said.reason_code != 0 && refuses) {
    answer.reason = static_cast<mqtt::ReasonCode>(said.reason_code);
    if (!fits(point, answer.decision, answer.reason))
      return judged.fault = "a reason code that the answering packet may not carry", std::move(judged);
  } else if (point == Point::intercept && refuses) {
    answer.reason = mqtt::ReasonCode::implementation_specific_error;
  }
  if (!mqtt::is_utf8(said.reason_string) || !mqtt::is_utf8(said.username) ||
      !mqtt::is_utf8(said.server_reference))
    return judged.fault = "a text that is not UTF-8", std::move(judged);
  answer.reason_string = std::move(said.reason_string);
  answer.rule = std::move(said.rule);
  answer.server_reference = std::move(said.server_reference);
  if (point == Point::exchange) answer.authentication_data = std::move(said.authentication_data);
  if (is_login(point) && answer.decision == Decision::allow) answer.username = std::move(said.username);
  if (answer.decision != Decision::allow) answer.by = instance;
  return judged;
}

}  // namespace mortise::host
