#include "broker/handshake.hpp"

#include <array>

#include "broker/rules.hpp"
#include "mqtt/topic.hpp"

namespace mortise::broker {

namespace {

// A certificate's word counts more than CONNECT's.
std::string_view name_of(const Client& client, const mqtt::Connect& packet) {
  if (client.introduction && !client.introduction->identity.empty()) return client.introduction->identity;
  return packet.username.value_or(std::string_view{});
}

// What the client asked for, in 5.0's terms: 3.1.1 knows only "until the connection ends" and "for ever".
std::uint32_t asked_expiry_s(const mqtt::Connect& packet) {
  if (packet.version == mqtt::Version::v5_0) return packet.session_expiry_s;
  return packet.clean_start ? 0 : mqtt::session_never_expires;
}

}  // namespace

Handshake::Handshake(Core& core, Commits& commits, Delivery& delivery, Wills& wills, Sessions& sessions)
    : core_{core}, commits_{commits}, delivery_{delivery}, wills_{wills}, sessions_{sessions} {}

std::optional<Fault> Handshake::check(const Client& client, const mqtt::Connect& packet) const {
  const bool v5 = packet.version == mqtt::Version::v5_0;
  if (v5 ? !client.listener->allows_5_0 : !client.listener->allows_3_1_1)
    return Fault{mqtt::ReasonCode::unsupported_protocol_version,
                 "this listener does not serve that version of MQTT"};
  if (packet.authentication_method)
    return Fault{mqtt::ReasonCode::bad_authentication_method, "no plugin offers enhanced authentication"};
  if (packet.client_id.empty() && !v5 && !packet.clean_start)  // 3.1.1 [MQTT-3.1.3-8]
    return Fault{mqtt::ReasonCode::client_identifier_not_valid,
                 "an empty client identifier needs a clean session"};
  if (packet.will && mqtt::level_count(packet.will->topic) > core_.options.topic_levels_max)
    return Fault{mqtt::ReasonCode::topic_name_invalid,
                 "the will's topic has more levels than limits.topic_levels allows"};
  return {};
}

Progress Handshake::on_connect(Client& client, const mqtt::Connect& packet, Fault& fault) {
  if (client.is_connected()) {
    fault = {mqtt::ReasonCode::protocol_error, "a second CONNECT"};  // [MQTT-3.1.0-2]
    return Progress::fault;
  }
  client.version = packet.version;
  if (!client.entering) {
    if (const auto problem = check(client, packet)) {
      refuse(client, problem->reason, problem->what);
      return Progress::done;
    }
    const Progress progress = authenticate(client, packet);
    if (progress != Progress::done || client.state == Client::State::closing) return progress;
  }
  const std::string client_id{packet.client_id.empty() ? std::string_view{client.entering->assigned_client_id}
                                                       : packet.client_id};
  if (core_.shared.home_of(client_id) != core_.loop) return go_home(client, client_id);
  enter(client, packet, client_id);
  return Progress::done;
}

// ---- who is it

Progress Handshake::authenticate(Client& client, const mqtt::Connect& packet) {
  Answer answer;
  if (client.answer) {
    answer = std::move(*std::exchange(client.answer, nullptr));
  } else if (core_.wanted().authenticate) {
    ClientFacts facts = core_.facts_of(client, nullptr);
    facts.client_id = packet.client_id;
    facts.username = name_of(client, packet);
    const Question question{core_.loop, client.key, ++client.question_serial};
    answer = core_.shared.hooks.authenticate(facts, packet, question, core_.now);
    if (answer.decision == Decision::pending) {
      core_.pause(client, Client::for_answer);
      return Progress::waits;
    }
  }
  client.username = name_of(client, packet);
  if (!admit(client, packet, answer)) return Progress::done;
  client.plugin_data = answer.plugin_data;
  client.entering = std::make_unique<Entering>();
  if (packet.client_id.empty()) client.entering->assigned_client_id = assign_client_id();
  client.entering->answer = std::move(answer);
  return Progress::done;
}

bool Handshake::admit(Client& client, const mqtt::Connect& packet, const Answer& answer) {
  if (answer.decision == Decision::allow) return true;
  if (answer.decision == Decision::pass) {
    if (client.introduction && !client.introduction->identity.empty())
      return true;  // it has proved who it is
    if (!packet.username && client.listener->anonymous) return true;
    refuse(client,
           packet.username ? mqtt::ReasonCode::bad_user_name_or_password : mqtt::ReasonCode::not_authorized,
           packet.username ? "no authenticator knows this user"
                           : "this listener admits nobody without a user name");
    return false;
  }
  refuse(client, mqtt::is_error(answer.reason) ? answer.reason : mqtt::ReasonCode::bad_user_name_or_password,
         "refused by a plugin", answer.by, answer.rule);
  return false;
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

// ---- home

Progress Handshake::go_home(Client& client, std::string_view client_id) {
  Move move;
  move.client = client.key;
  move.loop = core_.shared.home_of(client_id);
  move.listener = client.listener;
  move.address = client.address;
  move.answer = std::move(client.entering->answer);
  move.introduction = std::move(client.introduction);
  core_.effects.moves.push_back(std::move(move));
  return Progress::waits;
}

// What both sides go by from now on.
void Handshake::agree(Client& client, const mqtt::Connect& packet, Session& session, std::uint32_t expiry_s) {
  const Answer& answer = client.entering->answer;
  client.username = answer.username.empty() ? name_of(client, packet) : answer.username;
  session.client = client.key;
  session.username = client.username;
  session.expiry_s = expiry_s;
  client.session = session.key;
  client.session_expiry_s = asked_expiry_s(packet);
  client.state = Client::State::connected;
  client.quota = std::min(packet.receive_maximum, core_.options.inflight_maximum);
  client.packet_size_max = packet.maximum_packet_size.value_or(0);
  client.keep_alive_s = packet.keep_alive_s;
  const bool too_long = packet.keep_alive_s == 0 || packet.keep_alive_s > core_.options.keep_alive_max_s;
  if (too_long && core_.options.keep_alive_max_s != 65535 && packet.version == mqtt::Version::v5_0)
    client.keep_alive_s = core_.options.keep_alive_max_s;  // 3.1.1 could not be told of it
}

void Handshake::enter(Client& client, const mqtt::Connect& packet, std::string_view client_id) {
  const std::uint32_t expiry_s = std::min(asked_expiry_s(packet), core_.options.session_expiry_max_s);
  Session* session = core_.find_session(client_id);
  const bool failing = core_.shared.refuses_new();
  if (failing && expiry_s > 0 && (!session || packet.clean_start))
    return refuse(client, mqtt::ReasonCode::quota_exceeded, "the store cannot take a new session at present");
  if (!core_.numbers.has(2))  // a session's and its will's
    return refuse(client, mqtt::ReasonCode::server_unavailable,
                  "the store is behind: no numbers are reserved yet");

  Level waits = Level::memory;  // what CONNACK has to wait for
  const auto need = [&](Level level) { waits = std::max(waits, level); };
  if (session && session->is_connected()) take_over(*session);
  session = core_.find_session(client_id);  // it may have ended with its connection
  if (session && packet.clean_start) {
    if (session->is_stored()) need(core_.options.session_store);
    sessions_.discard(*session);
    session = nullptr;
  }
  const bool present = session != nullptr;
  if (!session) {
    session = &sessions_.create(client_id, core_.has_store() && expiry_s > 0);
  } else {
    if (session->will && session->will->record != 0 && !failing) need(core_.options.session_store);
    if (holds(Rule::cancel_will_before_connack))
      wills_.cancel(*session, core_.options.session_store);
    else
      session->will.reset();
    sessions_.resume(*session);
  }
  agree(client, packet, *session, expiry_s);
  if (packet.will) need(wills_.keep(*session, *packet.will, client.username));
  if (session->is_stored()) {
    if (present && failing && expiry_s > 0) {
      commits_.ride(record_of(*session));  // a consumer must be able to come and drain a full disk
    } else {
      need(core_.options.session_store);
      if (!present) {
        delivery_.ask_positions(*session);
        session->created = commits_.open_ordinal();
      }
      commits_.add(record_of(*session), core_.options.session_store);
    }
    session->last_ordinal = commits_.open_ordinal();
  }
  delivery_.begin_resend(*session, client);

  client.timer.cancel();
  if (client.keep_alive_s != 0)
    core_.deadlines.set(client.timer, core_.now.monotonic + silence_allowed(client.keep_alive_s));
  answer(client, packet, *session, present, waits);
}

// CONNACK, behind whatever it has to wait for.
void Handshake::answer(Client& client, const mqtt::Connect& packet, Session& session, bool present,
                       Level waits) {
  mqtt::Connack connack = connack_for(client, packet, session);
  connack.session_present = present;
  auto bytes = std::make_unique<mqtt::Buffer>();
  mqtt::encode(connack, client.version, *bytes);
  client.entering.reset();
  if (client.packet_size_max != 0 && bytes->size() > client.packet_size_max)  // [MQTT-3.1.2-24]
    return close(client, mqtt::ReasonCode::packet_too_large,
                 "CONNACK would be over the client's maximum packet size", LogLevel::warning);
  Ordinal ordinal = commits_.open_ordinal();
  if (waits == Level::memory) {  // nothing new is stored, but its beginning or the end of the one before may
                                 // be under way
    ordinal =
        present ? session.created : std::max(sessions_.last_end(), wills_.taken_back(session.client_id));
    waits = core_.options.session_store;
  }
  if (!holds(Rule::connack_after_session)) waits = Level::memory;
  commits_.gate(client, {ordinal, waits, mqtt::PacketType::connack, {}, 0, std::move(bytes)});
  happened(EventKind::connected, client, &session, {});
  const ClientFacts facts = core_.facts_of(client, &session);
  const std::string_view what = present ? "connected, session resumed" : "connected";
  if (facts.cipher.empty())
    core_.log(LogLevel::info, "clients", "client.connected", what, &facts);
  else
    core_.log(LogLevel::info, "clients", "client.connected", what, &facts, {{"cipher", facts.cipher}});
}

mqtt::Connack Handshake::connack_for(const Client& client, const mqtt::Connect& packet,
                                     const Session& session) const {
  mqtt::Connack connack;
  if (session.expiry_s != packet.session_expiry_s) connack.session_expiry_s = session.expiry_s;
  connack.receive_maximum = core_.options.receive_maximum;
  connack.maximum_packet_size = core_.options.packet_size_max;
  connack.topic_alias_maximum = 0;
  connack.shared_subscription_available = false;
  if (packet.client_id.empty()) connack.assigned_client_id = session.client_id;  // [MQTT-3.2.2-16]
  if (client.keep_alive_s != packet.keep_alive_s) connack.server_keep_alive_s = client.keep_alive_s;
  return connack;
}

// Another connection has come for this session.  [MQTT-3.1.4-3]
void Handshake::take_over(Session& session) {
  Client& before = core_.clients.at(session.client);
  happened(EventKind::session_taken_over, before, &session, mqtt::ReasonCode::session_taken_over);
  close(before, mqtt::ReasonCode::session_taken_over,
        "taken over by a new connection with the same client identifier");
}

// ---- goodbye

Progress Handshake::on_disconnect(Client& client, const mqtt::Disconnect& packet, Fault& fault) {
  Session& session = core_.sessions.at(client.session);
  if (packet.session_expiry_s) {
    if (client.session_expiry_s == 0 && *packet.session_expiry_s != 0) {  // [MQTT-3.14.2-2]
      fault = {mqtt::ReasonCode::protocol_error,
               "DISCONNECT: a session expiry interval after CONNECT had none"};
      return Progress::fault;
    }
    session.expiry_s = std::min(*packet.session_expiry_s, core_.options.session_expiry_max_s);
  }
  if (packet.reason != mqtt::ReasonCode::disconnect_with_will)
    client.will_on_close = false;  // [MQTT-3.14.4-3]
  detach(client, packet.reason, "by the client");
  client.state = Client::State::closing;
  core_.effects.close.push_back(client.key);
  return Progress::done;
}

void Handshake::close(Client& client, mqtt::ReasonCode reason, std::string_view why, LogLevel level) {
  if (client.state == Client::State::closing) return;
  if (client.version == mqtt::Version::v5_0 && client.connack_sent) {
    mqtt::Disconnect packet;
    packet.reason = reason;
    mqtt::encode(packet, client.version, core_.output(client));
  }
  detach(client, reason, why, level);
  client.state = Client::State::closing;
  core_.effects.close.push_back(client.key);
}

void Handshake::refuse(Client& client, mqtt::ReasonCode reason, std::string_view why, std::string_view by,
                       std::string_view rule) {
  if (client.state == Client::State::closing) return;
  mqtt::Connack connack;
  connack.reason = reason;
  mqtt::encode(connack, client.version, core_.output(client));
  const ClientFacts facts = core_.facts_of(client, nullptr);
  core_.log(LogLevel::warning, "auth", "client.refused", why, &facts,
            {{"reason", mqtt::text_of(reason)}, {"by", by}, {"rule", rule}});
  happened(EventKind::refused, client, nullptr, reason);
  client.timer.cancel();
  client.state = Client::State::closing;
  core_.effects.close.push_back(client.key);
}

void Handshake::detach(Client& client, mqtt::ReasonCode reason, std::string_view why, LogLevel level) {
  client.timer.cancel();
  client.stall.reset();
  Session* session = core_.sessions.find(client.session);
  if (!session || session->client != client.key) return;
  const ClientFacts facts = core_.facts_of(client, session);
  core_.log(level, "clients", "client.disconnected", why, &facts, {{"reason", mqtt::text_of(reason)}});
  happened(EventKind::disconnected, client, session, reason);
  client.gate.clear();
  if (!client.will_on_close) wills_.cancel(*session, Level::memory);
  client.session = {};
  sessions_.leave(*session);
}

void Handshake::happened(EventKind kind, const Client& client, const Session* session,
                         mqtt::ReasonCode reason) {
  if (!core_.wanted().wants(kind)) return;
  const ClientFacts facts = core_.facts_of(client, session);
  Event event;
  event.kind = kind;
  event.client = &facts;
  event.reason = reason;
  core_.shared.hooks.happened(event, core_.loop, core_.now);
}

}  // namespace mortise::broker
