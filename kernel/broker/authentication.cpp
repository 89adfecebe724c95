// The part of Handshake that finds out who a client is: by CONNECT, by questions and answers, and anew.
#include <array>

#include "broker/handshake.hpp"
#include "broker/telling.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/writer.hpp"

namespace mortise::broker {

// A certificate's word counts more than CONNECT's.
std::string_view Handshake::name_of(const Client& client, const mqtt::Connect& packet) {
  if (client.introduction && !client.introduction->identity.empty()) return client.introduction->identity;
  return packet.username.value_or(std::string_view{});
}

// Asks, or takes the answer that came later. Nothing: it will.
std::optional<Answer> Handshake::ask(Client& client, const mqtt::Connect& packet) {
  if (client.answer) return std::move(*std::exchange(client.answer, nullptr));
  if (client.listener->is_inline) {
    Answer trusted;
    trusted.decision = Decision::allow;
    return trusted;
  }
  if (!core_.wanted().authenticate) return Answer{};
  ClientFacts facts = core_.facts_of(client, nullptr);
  facts.client_id = packet.client_id;
  facts.username = name_of(client, packet);
  const Question question{core_.loop, client.key, ++client.question_serial};
  Answer answer = packet.authentication_method
                      ? core_.shared.hooks.exchange(
                            facts, {*packet.authentication_method, packet.authentication_data, &packet},
                            question, core_.now)
                      : core_.shared.hooks.authenticate(facts, packet, question, core_.now);
  if (answer.decision != Decision::pending) return answer;
  core_.pause(client, Client::for_answer);
  return {};
}

// `client.entering` is set when it is let in; done without it: it was refused, or has to answer a challenge.
Progress Handshake::authenticate(Client& client, const mqtt::Connect& packet) {
  if (client.asked == Client::Asked::interception)
    if (const auto progress = intercept(client, packet)) return *progress;
  std::optional<Answer> answer = ask(client, packet);
  if (!answer) return Progress::waits;
  client.username = name_of(client, packet);
  core_.charge(client);
  if (answer->decision == Decision::proceed && client.authenticating) {
    mqtt::encode(packet, client.authenticating->connect);
    client.authenticating->is_open = true;
    core_.charge(client);
    challenge(client, mqtt::ReasonCode::continue_authentication, *answer);
    return Progress::done;
  }
  if (admit(client, packet, *answer)) let_in(client, packet, std::move(*answer));
  return Progress::done;
}

void Handshake::let_in(Client& client, const mqtt::Connect& packet, Answer answer) {
  client.plugin_data = answer.plugin_data;
  client.entering = std::make_unique<Entering>();
  if (packet.client_id.empty()) client.entering->assigned_client_id = assign_client_id();
  client.entering->answer = std::move(answer);
}

bool Handshake::admit(Client& client, const mqtt::Connect& packet, const Answer& answer) {
  if (answer.decision == Decision::allow) return true;
  if (answer.decision == Decision::pass) {
    if (packet.authentication_method) {
      refuse(client, {.reason = mqtt::ReasonCode::bad_authentication_method,  // [MQTT-4.12.0-1]
                      .why = "no plugin knows this authentication method",
                      .told = "this broker does not know this authentication method"});
      return false;
    }
    if (client.introduction && !client.introduction->identity.empty())
      return true;  // it has proved who it is
    if (!packet.username && client.listener->anonymous) return true;
    if (packet.username)  // the client is not told whether it is the name or the password
      refuse(client, {.reason = mqtt::ReasonCode::bad_user_name_or_password,
                      .why = "no authenticator knows this user"});
    else
      refuse(client, {.reason = mqtt::ReasonCode::not_authorized,
                      .why = "this listener admits nobody without a user name",
                      .told = "this listener admits nobody without a user name"});
    return false;
  }
  refuse(client, {.reason = mqtt::is_error(answer.reason) ? answer.reason
                                                          : mqtt::ReasonCode::bad_user_name_or_password,
                  .why = "refused by a plugin",
                  .told = answer.reason_string,
                  .by = answer.by,
                  .rule = answer.rule,
                  .server_reference = answer.server_reference});
  return false;
}

// ---- AUTH

void Handshake::challenge(Client& client, mqtt::ReasonCode reason, const Answer& answer) {
  mqtt::Auth packet;
  packet.reason = reason;
  packet.authentication_method = client.authenticating->method;  // [MQTT-4.12.0-5]
  packet.authentication_data = mqtt::as_bytes(answer.authentication_data);
  packet.reason_string = told(answer.reason_string);
  if (!client.is_connected() || commits_.lets_through(client, 0, Level::memory))
    return encode_telling(client, packet, core_.output(client));
  auto bytes = std::make_unique<mqtt::Buffer>();
  encode_telling(client, packet, *bytes);
  commits_.gate(client, {0, Level::memory, mqtt::PacketType::auth, {}, 0, std::move(bytes)});
}

std::optional<Answer> Handshake::ask(Client& client, const Exchange& step) {
  if (client.answer) return std::move(*std::exchange(client.answer, nullptr));
  if (!core_.wanted().authenticate) return Answer{};
  ClientFacts facts = core_.facts_of(client, core_.sessions.find(client.session));
  if (step.connect) facts.client_id = step.connect->client_id;
  const Question question{core_.loop, client.key, ++client.question_serial};
  Answer answer = core_.shared.hooks.exchange(facts, step, question, core_.now);
  if (answer.decision != Decision::pending) return answer;
  core_.pause(client, Client::for_answer);
  return {};
}

Progress Handshake::on_auth(Client& client, const mqtt::Auth& packet, Fault& fault) {
  const auto wrong = [&](const char* what) {
    fault = {mqtt::ReasonCode::protocol_error, what};
    return Progress::fault;
  };
  Authenticating* const state = client.authenticating.get();
  if (!state) return wrong("AUTH without an authentication method in CONNECT");  // [MQTT-4.12.0-6]
  if (packet.authentication_method != state->method)  // [MQTT-4.12.0-5], [MQTT-4.12.1-1]
    return wrong("AUTH with another authentication method than CONNECT");
  const bool goes_on = packet.reason == mqtt::ReasonCode::continue_authentication;
  const bool fits = state->is_open ? goes_on : packet.reason == mqtt::ReasonCode::reauthenticate;
  if (!fits && !client.entering)  // [MQTT-3.15.2-1]
    return wrong(state->is_open ? "AUTH has to continue the authentication that is under way"
                                : "AUTH has to begin an authentication: none is under way");
  if (client.is_connected()) return authenticate_anew(client, packet, fault);

  const auto frame = mqtt::read_frame(state->connect, state->connect.size());
  const auto connect = mqtt::decode_as<mqtt::Connect>(*frame, client.version);
  if (client.entering) return go_on_after_auth(client, *connect);
  std::optional<Answer> answer = ask(client, {state->method, packet.authentication_data, &*connect});
  if (!answer) return Progress::waits;
  if (answer->decision == Decision::proceed) {  // [MQTT-4.12.0-2], [MQTT-4.12.0-3]
    challenge(client, mqtt::ReasonCode::continue_authentication, *answer);
    return Progress::done;
  }
  if (!admit(client, *connect, *answer)) return Progress::done;
  state->is_open = false;
  let_in(client, *connect, std::move(*answer));
  return go_on_after_auth(client, *connect);
}

// Its AUTH is dealt with, wherever it goes from here; but for one whose will is thought about, which waits
// with it in the CONNECT's place.
Progress Handshake::go_on_after_auth(Client& client, const mqtt::Connect& packet) {
  go_on(client, packet);
  return client.paused & Client::for_answer ? Progress::waits : Progress::done;
}

Progress Handshake::authenticate_anew(Client& client, const mqtt::Auth& packet, Fault& fault) {
  Authenticating& state = *client.authenticating;
  std::optional<Answer> answer = ask(client, {state.method, packet.authentication_data, nullptr});
  if (!answer) return Progress::waits;
  state.is_open = answer->decision == Decision::proceed;
  if (state.is_open) {
    challenge(client, mqtt::ReasonCode::continue_authentication, *answer);
    return Progress::done;
  }
  const bool is_another = !answer->username.empty() && answer->username != client.username;
  const bool is_stranger = is_another && core_.options.sessions_belong_to_users;
  if (answer->decision != Decision::allow || is_stranger) {  // [MQTT-4.12.1-2]
    const bool fits =
        mqtt::is_error(answer->reason) && mqtt::is_allowed(answer->reason, mqtt::PacketType::disconnect);
    fault = {fits ? answer->reason : mqtt::ReasonCode::not_authorized,
             is_stranger ? "the client authenticated anew as another user"
                         : "the client could not authenticate anew"};
    answer->decision = Decision::disconnect;
    client.answer = std::make_unique<Answer>(std::move(*answer));
    return Progress::fault;
  }
  if (client.plugin_data != 0) core_.shared.hooks.forget(core_.loop, client.plugin_data);
  client.plugin_data = answer->plugin_data;
  if (is_another) rename(client, answer->username);
  challenge(client, mqtt::ReasonCode::success, *answer);
  const ClientFacts facts = core_.facts_of(client, core_.sessions.find(client.session));
  core_.log(LogLevel::info, "clients", "client.authenticated", "authenticated anew", &facts);
  return Progress::done;
}

void Handshake::rename(Client& client, const std::string& username) {
  Session& session = core_.sessions.at(client.session);
  client.username = session.username = username;
  core_.charge(client);
  core_.charge(session);
  if (session.is_stored()) commits_.ride(record_of(session));
}

// One that hashes to this loop, so that the client need not move.
std::string Handshake::assign_client_id() {
  for (;;) {
    const std::uint64_t drawn =
        base::hash({core_.options.seed.first ^ ++assigned_, core_.options.seed.second + core_.loop},
                   "client identifier");
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(drawn));
    std::string client_id = std::string{"auto-"} + text.data();
    if (core_.shared.home_of(client_id) == core_.loop && !core_.find_session(client_id)) return client_id;
  }
}

}  // namespace mortise::broker
