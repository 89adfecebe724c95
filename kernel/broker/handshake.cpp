#include "broker/handshake.hpp"

#include <array>

#include "broker/mount_point.hpp"
#include "broker/rules.hpp"
#include "broker/telling.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/reader.hpp"
#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"
#include "mqtt/writer.hpp"

namespace mortise::broker {

namespace {

// What the client asked for, in 5.0's terms: 3.1.1 knows only "until the connection ends" and "for ever".
std::uint32_t asked_expiry_s(const mqtt::Connect& packet) {
  if (packet.version == mqtt::Version::v5_0) return packet.session_expiry_s;
  return packet.clean_start ? 0 : mqtt::session_never_expires;
}

bool allows(const Listener& listener, mqtt::Version version) {
  switch (version) {
    case mqtt::Version::v3_1: return listener.allows_3_1;
    case mqtt::Version::v3_1_1: return listener.allows_3_1_1;
    case mqtt::Version::v5_0: return listener.allows_5_0;
  }
  return false;
}

template <class T>
std::optional<T> unless(T value, T absent) {
  return value == absent ? std::nullopt : std::optional{value};
}

std::string with_client_id(std::string text, std::string_view client_id) {
  for (std::size_t at = 0; (at = text.find("%c", at)) != std::string::npos; at += client_id.size())
    text.replace(at, 2, client_id);
  return text;
}

}  // namespace

Handshake::Handshake(Core& core, Commits& commits, Delivery& delivery, Wills& wills, Sessions& sessions,
                     Pacing& pacing)
    : core_{core},
      commits_{commits},
      delivery_{delivery},
      wills_{wills},
      sessions_{sessions},
      pacing_{pacing},
      rates_{core.options.client_id_rate, core.options.seed} {}

std::optional<Fault> Handshake::check(const Client& client, const mqtt::Connect& packet) const {
  const Listener& listener = *client.listener;
  if (!allows(listener, packet.version))
    return Fault{mqtt::ReasonCode::unsupported_protocol_version,
                 "this listener does not serve that version of MQTT"};
  if (packet.client_id.starts_with(inline_prefix) != listener.is_inline)
    return Fault{mqtt::ReasonCode::client_identifier_not_valid,
                 "client identifiers that begin with $inline/ are those of plugins"};
  if (packet.client_id.empty() && packet.version == mqtt::Version::v3_1)  // (MQTT 3.1 §3.1)
    return Fault{mqtt::ReasonCode::client_identifier_not_valid, "MQTT 3.1 knows no empty client identifier"};
  if (packet.client_id.empty() && packet.version == mqtt::Version::v3_1_1 &&
      !packet.clean_start)  // 3.1.1 [MQTT-3.1.3-8]
    return Fault{mqtt::ReasonCode::client_identifier_not_valid,
                 "an empty client identifier needs a clean session"};
  if (packet.will && packet.will->qos > listener.maximum_qos)  // [MQTT-3.2.2-12]
    return Fault{mqtt::ReasonCode::qos_not_supported, "the will's QoS is above the maximum of this listener"};
  if (packet.will && packet.will->retain && !listener.retain)  // [MQTT-3.2.2-13]
    return Fault{mqtt::ReasonCode::retain_not_supported,
                 "the will is retained, and this listener keeps none"};
  if (packet.will && packet.will->properties.payload_is_utf8 && listener.checks_payload_format &&
      !mqtt::is_utf8_payload(mqtt::as_text(packet.will->payload)))
    return Fault{mqtt::ReasonCode::payload_format_invalid,
                 "the will's payload is not UTF-8, as its format indicator says"};
  if (packet.will && mqtt::level_count(packet.will->topic) > core_.options.topic_levels_max)
    return Fault{mqtt::ReasonCode::topic_name_invalid,
                 "the will's topic has more levels than limits.topic_levels allows", Limit::topic_levels};
  if (packet.will && packet.will->topic.size() > core_.options.topic_length_max)
    return Fault{mqtt::ReasonCode::topic_name_invalid,
                 "the will's topic is longer than limits.topic_length allows", Limit::topic_length};
  return {};
}

Progress Handshake::on_connect(Client& client, const mqtt::Connect& packet, Fault& fault) {
  if (client.is_connected() || (client.authenticating && client.authenticating->is_open)) {
    fault = {mqtt::ReasonCode::protocol_error, "a second CONNECT"};  // [MQTT-3.1.0-2]
    return Progress::fault;
  }
  client.version = packet.version;
  client.is_bridge = packet.is_bridge;
  client.wants_problem_information = packet.request_problem_information;
  client.packet_size_max = packet.maximum_packet_size.value_or(0);
  if (packet.authentication_method && !client.authenticating) {
    client.authenticating = std::make_unique<Authenticating>();
    client.authenticating->method = *packet.authentication_method;
  }
  if (!client.entering) {
    if (const auto problem = check(client, packet)) {
      core_.ledger.hit(problem->limit);
      refuse(client, {.reason = problem->reason, .why = problem->what, .told = problem->what});
      return Progress::done;
    }
    const Progress progress = authenticate(client, packet);
    if (progress != Progress::done || !client.entering) return progress;
  }
  return go_on(client, packet);
}

// Who it is is known; what remains happens on the home loop of its session.
Progress Handshake::go_on(Client& client, const mqtt::Connect& packet) {
  const std::string client_id{packet.client_id.empty() ? std::string_view{client.entering->assigned_client_id}
                                                       : packet.client_id};
  if (core_.shared.home_of(client_id) != core_.loop) return go_home(client, client_id);
  return enter(client, packet, client_id);
}

void Handshake::on_kept_connect(Client& client) {
  mqtt::Buffer packet = std::move(client.entering->rest);
  const auto frame = mqtt::read_frame(packet, packet.size());
  const auto connect = mqtt::decode_as<mqtt::Connect>(*frame, mqtt::Version::v5_0);
  Fault none;  // what could be wrong with it was seen on the loop it comes from
  if (on_connect(client, *connect, none) == Progress::waits) client.entering->rest = std::move(packet);
}

// ---- home

Progress Handshake::go_home(Client& client, std::string_view client_id) {
  Move move;
  move.client = client.key;
  move.loop = core_.shared.home_of(client_id);
  move.listener = client.listener;
  move.address = client.address;
  move.answer = std::move(client.entering->answer);
  if (client.authenticating) move.connect = std::move(client.authenticating->connect);
  move.introduction = std::move(client.introduction);
  core_.effects.moves.push_back(std::move(move));
  return Progress::waits;
}

// Gives it its place in the topics. False: there is none, and it was refused.
bool Handshake::mount(Client& client, const mqtt::Connect& packet, std::string_view client_id) {
  const auto refuse_for = [&](mqtt::ReasonCode reason, const char* why) {
    refuse(client, {.reason = reason, .why = why, .told = why});
    return false;
  };
  auto mount_point = mount_point_for(client.listener->mount_point, client.username, client_id);
  if (!mount_point) return refuse_for(mount_point.error().reason, mount_point.error().why);
  if (packet.will && mount_point->size() + packet.will->topic.size() > mqtt::topic_size_max)
    return refuse_for(mqtt::ReasonCode::topic_name_invalid,
                      "the will's topic is over 65,535 bytes together with this listener's mount point");
  if (packet.will && mount_point->size() + packet.will->topic.size() > core_.options.topic_length_max)
    return refuse_for(mqtt::ReasonCode::topic_name_invalid,
                      "the will's topic is longer than limits.topic_length allows, with its mount point");
  if (packet.will && mqtt::level_count(*mount_point) - 1 + mqtt::level_count(packet.will->topic) >
                         core_.options.topic_levels_max)
    return refuse_for(mqtt::ReasonCode::topic_name_invalid,
                      "the will's topic has more levels than limits.topic_levels allows");
  client.is_mounted = true;
  client.names = std::make_unique<TopicNames>(core_.options.seed, core_.ledger.accounts);
  client.names->mount(std::move(mount_point).take());
  return true;
}

// What both sides go by from now on.
void Handshake::agree(Client& client, const mqtt::Connect& packet, Session& session, std::uint32_t expiry_s) {
  if (!session.is_connected()) core_.ledger.connected.add(1);
  session.client = client.key;
  session.username = client.username;
  core_.charge(session);
  core_.charge(client);
  session.expiry_s = expiry_s;
  client.session = session.key;
  client.session_expiry_s = asked_expiry_s(packet);
  if (!client.is_v5() && core_.options.retry_interval > base::Duration::zero()) {  // 5.0: [MQTT-4.4.0-1]
    client.retry = std::make_unique<Retry>(client.key.value());
    core_.deadlines.set(client.retry->timer, core_.now.monotonic + core_.options.retry_interval);
  }
  pacing_.begin(client);
  client.state = Client::State::connected;
  client.was_let_in = true;
  client.listener->half_open.fetch_sub(1, std::memory_order_relaxed);
  client.told_receive_maximum = core_.options.receive_maximum;
  client.told_topic_alias_maximum = core_.options.topic_alias_maximum;
  client.told_packet_size_max = core_.packet_size_max(*client.listener);
  client.quota = std::min(packet.receive_maximum, core_.options.inflight_maximum);
  client.topic_alias_max = std::min(packet.topic_alias_maximum, core_.options.topic_alias_maximum);
  client.keep_alive_s = packet.keep_alive_s;
  if (client.listener->is_inline) return;
  const bool too_long = packet.keep_alive_s == 0 || packet.keep_alive_s > core_.options.keep_alive_max_s;
  if (too_long && core_.options.keep_alive_max_s != 65535 && packet.version == mqtt::Version::v5_0)
    client.keep_alive_s = core_.options.keep_alive_max_s;  // 3.1.1 could not be told of it
}

// Whether the session is this client's, and limits leave room for it. Otherwise it is refused.
bool Handshake::takes_in(Client& client, const Session* session, std::string_view client_id) {
  const auto refuse_for = [&](Limit limit, mqtt::ReasonCode reason, std::string_view why) {
    core_.ledger.hit(limit);
    refuse(client, {.reason = reason, .why = why, .told = why});
    return false;
  };
  if (session && core_.options.sessions_belong_to_users && session->username != client.username) {
    const char* const why = "this client identifier is another user's";
    refuse(client, {.reason = mqtt::ReasonCode::client_identifier_not_valid, .why = why, .told = why});
    return false;
  }
  if (client.listener->is_closed.load(std::memory_order_relaxed)) {
    const char* const why = "its listener has been closed";
    refuse(client, {.reason = mqtt::ReasonCode::server_unavailable, .why = why, .told = why});
    return false;
  }
  if (!rates_.allows(client_id, core_.now.monotonic))
    return refuse_for(
        Limit::client_id_connect_rate, mqtt::ReasonCode::connection_rate_exceeded,
        "this client identifier connects more often than limits.connect_rate_per_client allows");
  if (!session && core_.pressure >= Pressure::new_sessions)
    return refuse_for(Limit::memory, mqtt::ReasonCode::quota_exceeded,
                      "limits.memory is nearly used up: no new sessions at present");
  return true;
}

// Whether a session can be stored at present. Otherwise the client is refused.
bool Handshake::can_store(Client& client, bool is_failing) {
  const auto refuse_for = [&](mqtt::ReasonCode reason, const char* why, const char* told) {
    refuse(client, {.reason = reason, .why = why, .told = told});
    return false;
  };
  if (is_failing)
    return refuse_for(mqtt::ReasonCode::quota_exceeded, "the store cannot take a new session at present",
                      "the store cannot take a new session at present");
  if (!core_.numbers.has(2))  // a session's and its will's
    return refuse_for(mqtt::ReasonCode::server_unavailable,
                      "the store is behind: no numbers are reserved yet",
                      "the store is behind; try again soon");
  return true;
}

Progress Handshake::enter(Client& client, const mqtt::Connect& packet, std::string_view client_id) {
  const std::uint32_t expiry_s = std::min(asked_expiry_s(packet), core_.options.session_expiry_max_s);
  const std::string& decided = client.entering->answer.username;
  client.username = decided.empty() ? name_of(client, packet) : decided;
  const bool has_place = client.is_mounted || client.listener->mount_point.empty();
  if (!has_place && !mount(client, packet, client_id)) return Progress::done;
  if (packet.will) {  // while that waits nothing has happened to the session
    ClientFacts facts = core_.facts_of(client, nullptr);
    facts.client_id = client_id;
    facts.session_expiry_s = expiry_s;
    facts.keep_alive_s = packet.keep_alive_s;
    if (const auto progress = take_will(client, packet, facts)) return *progress;
  }
  const MessageRef will = std::move(client.entering->will);
  Session* session = core_.find_session(client_id);
  if (!takes_in(client, session, client_id)) return Progress::done;
  const bool failing = core_.shared.refuses_new();
  const bool begins = !session || packet.clean_start;
  if (!can_store(client, failing && begins && expiry_s > 0)) return Progress::done;

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
  if (will) need(wills_.keep(*session, *packet.will, will));
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
  return Progress::done;
}

// CONNACK, behind whatever it has to wait for.
void Handshake::answer(Client& client, const mqtt::Connect& packet, Session& session, bool present,
                       Level waits) {
  mqtt::Connack connack = connack_for(client, packet, session);
  connack.session_present = present;
  std::string response_information;
  if (packet.request_response_information && !core_.options.response_information.empty()) {
    response_information = with_client_id(core_.options.response_information, session.client_id);
    connack.response_information = response_information;
  }
  const Answer verdict = std::move(client.entering->answer);
  client.entering.reset();
  if (client.authenticating) {
    client.authenticating->connect = {};
    core_.charge(client);
    connack.authentication_method = client.authenticating->method;  // [MQTT-4.12.0-5]
    connack.authentication_data = mqtt::as_bytes(verdict.authentication_data);
  }
  auto bytes = std::make_unique<mqtt::Buffer>();
  mqtt::encode(connack, client.version, *bytes);
  if (!client.takes(bytes->size()))  // [MQTT-3.1.2-24]
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
  connack.receive_maximum = client.told_receive_maximum;
  connack.maximum_packet_size = client.told_packet_size_max;
  connack.topic_alias_maximum = client.told_topic_alias_maximum;
  const Listener& listener = *client.listener;
  connack.maximum_qos = unless(listener.maximum_qos, mqtt::Qos::exactly_once);  // [MQTT-3.2.2-9]
  connack.retain_available = unless(listener.retain, true);
  connack.wildcard_subscription_available = unless(listener.wildcard_subscriptions, true);
  connack.subscription_identifiers_available = unless(listener.subscription_identifiers, true);
  connack.shared_subscription_available = unless(listener.shared_subscriptions, true);
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
  if (!client.is_connected()) {  // it gives up its authentication
    close(client, packet.reason, "by the client");
    return Progress::done;
  }
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
  if (client.is_v5() && client.connack_sent) {
    mqtt::Disconnect packet;
    packet.reason = reason;
    packet.reason_string = why;
    if (const Answer* said = client.answer.get(); said && said->decision == Decision::disconnect) {
      packet.reason_string = told(said->reason_string);
      packet.server_reference = told(said->server_reference);
    }
    encode_telling(client, packet, core_.output(client));
  }
  detach(client, reason, why, level);
  client.state = Client::State::closing;
  core_.effects.close.push_back(client.key);
}

void Handshake::refuse(Client& client, const Refusal& refusal) {
  if (client.state == Client::State::closing) return;
  mqtt::Connack connack;
  connack.reason = refusal.reason;
  connack.reason_string = told(refusal.told);
  connack.server_reference = told(refusal.server_reference);
  encode_telling(client, connack, core_.output(client));
  const ClientFacts facts = core_.facts_of(client, nullptr);
  core_.log(LogLevel::warning, "auth", "client.refused", refusal.why, &facts,
            {{"reason", mqtt::text_of(refusal.reason)}, {"by", refusal.by}, {"rule", refusal.rule}});
  happened(EventKind::refused, client, nullptr, refusal.reason);
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
