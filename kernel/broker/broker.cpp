#include "broker/broker.hpp"

#include "broker/interior.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/reader.hpp"
#include "mqtt/varint.hpp"

namespace mortise::broker {

namespace {

// A malformed CONNECT is answered in the version it claims, if it gets that far.
mqtt::Version claimed_version(mqtt::PacketType type, mqtt::Bytes body) {
  const bool is_v5 = type == mqtt::PacketType::connect && body.size() > 6 && body[6] == 5;
  return is_v5 ? mqtt::Version::v5_0 : mqtt::Version::v3_1_1;
}

// Whether a faulty packet before the CONNACK gets one: never what is no CONNECT; and 3.1.1 has a word for an
// unknown protocol level only, everything else is closed in silence.  [MQTT-3.1.0-1], 3.1.1 [MQTT-3.1.4-1]
bool is_answered(const mqtt::Frame& frame, const Client& client, const Fault& fault) {
  if (client.authenticating) return true;  // it is told what was wrong with its AUTH
  return frame.type == mqtt::PacketType::connect &&
         (client.is_v5() || fault.reason == mqtt::ReasonCode::unsupported_protocol_version);
}

// The same for bytes that are no packet we take: a CONNECT of 5.0 that says it is too long is told so.
bool is_answered_unframed(mqtt::Bytes input, Client& client) {
  if (client.is_connected() || input[0] != static_cast<std::uint8_t>(mqtt::PacketType::connect) << 4)
    return false;
  const auto length = mqtt::read_variable(input.subspan(1));
  if (length.size == 0) return false;
  const mqtt::Bytes body = input.subspan(1 + length.size);
  if (body.size() < 7 || mqtt::as_text(body.subspan(2, 4)) != "MQTT") return false;
  client.version = claimed_version(mqtt::PacketType::connect, body);
  return client.is_v5();
}

// While a client with an authentication method has no CONNACK yet.  [MQTT-3.1.2-30]
bool may_come_before_connack(mqtt::PacketType type) {
  return type == mqtt::PacketType::auth || type == mqtt::PacketType::disconnect;
}

// Hands one packet to the step it belongs to.
class Dispatch {
 public:
  Dispatch(Broker::Interior& inside, Client& client, Fault& fault)
      : in_{inside}, client_{client}, fault_{fault} {}

  Progress operator()(const mqtt::Connect& packet) {
    return in_.handshake.on_connect(client_, packet, fault_);
  }
  Progress operator()(const mqtt::Publish& packet) {
    const Progress progress = in_.publishing.on_publish(client_, packet, fault_);
    if (client_.paced && progress == Progress::done) [[unlikely]]
      in_.pacing.count(client_, packet);
    return progress;
  }
  Progress operator()(const mqtt::Puback& packet) {
    return in_.delivery.on_puback(client_, packet), Progress::done;
  }
  Progress operator()(const mqtt::Pubrec& packet) {
    return in_.delivery.on_pubrec(client_, packet), Progress::done;
  }
  Progress operator()(const mqtt::Pubrel& packet) {
    return in_.publishing.on_pubrel(client_, packet), Progress::done;
  }
  Progress operator()(const mqtt::Pubcomp& packet) {
    return in_.delivery.on_pubcomp(client_, packet), Progress::done;
  }
  Progress operator()(const mqtt::Subscribe& packet) {
    return in_.subscribing.on_subscribe(client_, packet, fault_);
  }
  Progress operator()(const mqtt::Unsubscribe& packet) {
    return in_.subscribing.on_unsubscribe(client_, packet, fault_);
  }
  Progress operator()(const mqtt::Pingreq&) {
    if (client_.connack_sent) {
      mqtt::encode(mqtt::Pingresp{}, client_.version, in_.core.output(client_));
      return Progress::done;
    }
    // Nothing leaves a connection before its CONNACK, so it queues behind the gate.
    auto packet = std::make_unique<mqtt::Buffer>();
    mqtt::encode(mqtt::Pingresp{}, client_.version, *packet);
    in_.commits.gate(client_, {0, Level::memory, mqtt::PacketType::pingresp, {}, 0, std::move(packet)});
    return Progress::done;
  }
  Progress operator()(const mqtt::Disconnect& packet) {
    return in_.handshake.on_disconnect(client_, packet, fault_);
  }
  Progress operator()(const mqtt::Auth& packet) { return in_.handshake.on_auth(client_, packet, fault_); }
  template <class Other>
  Progress operator()(const Other&) {
    return wrong("a packet that only a server sends");
  }

 private:
  Progress wrong(const char* what) {
    fault_ = {mqtt::ReasonCode::protocol_error, what};
    return Progress::fault;
  }
  Broker::Interior& in_;
  Client& client_;
  Fault& fault_;
};

}  // namespace

Broker::Broker(Shared& shared, std::uint32_t loop, base::Now now)
    : interior_{std::make_unique<Interior>(shared, loop, now)} {}
Broker::~Broker() = default;

Effects& Broker::effects() { return interior_->core.effects; }

void Broker::begin_turn(base::Now now) {
  interior_->core.begin_turn(now);
  interior_->shedding.begin_turn();
}

void Broker::Interior::on_timer(Timer& timer) {
  switch (timer.kind()) {
    case TimerKind::silence: return on_silence(core.clients.at(ClientKey::from(timer.owner())));
    case TimerKind::store_stall:
      return handshake.close(
          core.clients.at(ClientKey::from(timer.owner())), mqtt::ReasonCode::quota_exceeded,
          core.pressure == Pressure::full ? "limits.memory did not leave room for its messages in time"
                                          : "the store could not take its messages in time");
    case TimerKind::retry: {
      Client& client = core.clients.at(ClientKey::from(timer.owner()));
      if (core.options.retry_interval == base::Duration::zero()) return;  // the operator wants no more of it
      if (client.is_connected()) delivery.retry(client);
      return core.deadlines.set(timer, core.now.monotonic + core.options.retry_interval);
    }
    case TimerKind::session_expiry: return sessions.expire(core.sessions.at(SessionKey::from(timer.owner())));
    case TimerKind::will_delay: return wills.fire(core.sessions.at(SessionKey::from(timer.owner())));
    case TimerKind::pace: return pacing.on_timer(core.clients.at(ClientKey::from(timer.owner())));
    case TimerKind::shedding: return shedding.on_timer();
    case TimerKind::retained_expiry:
      core.shared.retained.expire_some(core.now.wall, [&](std::string_view topic, std::uint64_t version) {
        commits.ride(record::RetainedErase{version, std::string{topic}});
      });
      core.deadlines.set(timer, core.now.monotonic + retained_expiry_period);
  }
}

void Broker::Interior::on_silence(Client& client) {
  if (client.paused != 0) {  // what it sends lies unread for our sake: its silence counts from resume() on
    const auto patience = client.is_connected() ? Handshake::silence_allowed(client.keep_alive_s)
                                                : core.options.connect_timeout;
    return core.deadlines.set(client.timer, core.now.monotonic + patience);
  }
  if (!client.is_connected()) {
    core.ledger.hit(Limit::connect_timeout);
    core.log(LogLevel::info, "clients", "client.connect_timeout", "no CONNECT within limits.connect_timeout",
             nullptr, {{"address", client.address}, {"listener", client.listener->name}});
    client.state = Client::State::closing;
    core.effects.close.push_back(client.key);
    return;
  }
  const auto due = client.last_packet + Handshake::silence_allowed(client.keep_alive_s);
  if (due > core.now.monotonic)
    core.deadlines.set(client.timer, due);  // packets came since: they do not move the timer, this does
  else
    handshake.close(client, mqtt::ReasonCode::keep_alive_timeout, "keep alive: nothing came in time");
}

// One line for one fault: that of the refusal, of the end of the connection, or of a stranger.
void Broker::Interior::on_fault(Client& client, bool answered, const Fault& fault) {
  core.ledger.hit(fault.limit);
  if (client.is_connected()) return handshake.close(client, fault.reason, fault.what, LogLevel::warning);
  if (answered)
    return handshake.refuse(client, {.reason = fault.reason, .why = fault.what, .told = fault.what});
  const ClientFacts facts = core.facts_of(client, nullptr);
  core.log(LogLevel::warning, "clients", "client.fault", fault.what, &facts,
           {{"reason", mqtt::text_of(fault.reason)}});
  handshake.close(client, fault.reason, fault.what);
}

void Broker::end_turn() {
  Interior& in = *interior_;
  // After what came in: a packet that waited in its socket while the process did not run is no silence.
  in.core.deadlines.advance(in.core.now.monotonic, [&](Timer& timer) { in.on_timer(timer); });
  while (!in.commits.progressed.empty() || !in.commits.committed.empty()) {
    in.routing.tell_committed();
    std::vector<SessionKey> progressed = std::exchange(in.commits.progressed, {});
    std::ranges::sort(progressed, {}, &SessionKey::value);  // each once, however many batches it waited for
    progressed.erase(std::unique(progressed.begin(), progressed.end()), progressed.end());
    for (const SessionKey key : progressed)
      if (Session* session = in.core.sessions.find(key)) {
        if (session->ended) {
          in.sessions.on_progress(*session);
          continue;
        }
        if (session->hands_on_to) in.routing.hand_on(*session);
        in.delivery.pump(*session);
      }
  }
  while (!in.core.overrun.empty()) in.close_overrun();
  in.wills.end_turn();
  in.publishing.end_turn();
  in.commits.end_turn();
  in.delivery.end_turn();
}

void Broker::end_last_turn() {
  interior_->commits.hurry(Level::synced);
  end_turn();
}

base::TimePoint Broker::next_deadline() const {
  if (!interior_->commits.progressed.empty() || !interior_->core.overrun.empty())
    return interior_->core.now.monotonic;  // written since end_turn
  return std::min(interior_->core.deadlines.next(), interior_->commits.next_deadline());
}

void Broker::on_stored(std::uint64_t written, std::uint64_t synced) {
  interior_->commits.on_lines(written, synced);
}

void Broker::limit_queue(ClientKey key, const QueueLimit& limit) {
  const Client* const client = interior_->core.clients.find(key);
  Session* const session = client ? interior_->core.sessions.find(client->session) : nullptr;
  if (session) session->queue_limit = limit == QueueLimit{} ? nullptr : std::make_unique<QueueLimit>(limit);
}

std::vector<mqtt::PacketId> Broker::inbound(ClientKey key) const {
  std::vector<mqtt::PacketId> open;
  const Client* const client = interior_->core.clients.find(key);
  const Session* const session = client ? interior_->core.sessions.find(client->session) : nullptr;
  if (session)
    for (const auto& [packet_id, publish] : session->inbound) open.push_back(packet_id);
  return open;
}

void Broker::on_page(const Page& page) { interior_->delivery.on_page(page); }

bool Broker::drain(std::uint32_t from, std::size_t budget) { return interior_->routing.drain(from, budget); }

// ---- connections

bool Broker::asks_to_accept() const { return interior_->core.wanted().accept; }

bool Broker::accepts(const Listener& listener, std::string_view address) {
  return interior_->handshake.accepts(listener, address);
}

bool Broker::accepts(ClientKey key, std::string_view address) {
  const Client* client = interior_->core.clients.find(key);
  return client &&
         interior_->handshake.accepts(*client->listener, address.empty() ? client->address : address);
}

ClientKey Broker::on_open(const Listener& listener, std::string address) {
  Core& core = interior_->core;
  const ClientKey key = core.clients.emplace(listener, core.loop, std::move(address));
  Client& client = core.clients.at(key);
  client.key = key;
  client.timer.set_owner(key.value());
  client.last_packet = core.now.monotonic;
  core.deadlines.set(client.timer, core.now.monotonic + core.options.connect_timeout);
  core.charge(client);
  listener.half_open.fetch_add(1, std::memory_order_relaxed);
  return key;
}

ClientKey Broker::on_arrival(Move move) {
  const ClientKey key = on_open(*move.listener, std::move(move.address));
  Client& client = interior_->core.clients.at(key);
  client.entering = std::make_unique<Entering>();
  client.plugin_data = move.answer.plugin_data;
  client.introduction = std::move(move.introduction);
  interior_->core.charge(client);
  client.entering->answer = std::move(move.answer);
  client.entering->rest = std::move(move.connect);
  if (!client.entering->rest.empty()) interior_->handshake.on_kept_connect(client);
  return key;
}

void Broker::on_introduced(ClientKey key, Introduction introduction) {
  Core& core = interior_->core;
  Client* client = core.clients.find(key);
  if (!client || introduction.empty()) return;
  if (!introduction.address.empty()) client->address = std::exchange(introduction.address, {});
  if (!introduction.empty()) client->introduction = std::make_unique<Introduction>(std::move(introduction));
  core.charge(*client);
}

Broker::Consumed Broker::on_input(ClientKey key, mqtt::Bytes input) {
  Interior& in = *interior_;
  Consumed consumed;
  Client* client = in.core.clients.find(key);
  while (client && client->paused == 0 && client->state != Client::State::closing) {
    const auto frame = mqtt::read_frame(input.subspan(consumed.bytes), in.packet_size_max(*client));
    if (frame && frame->size == 0) {
      consumed.needed = frame->needed;
      break;
    }
    client->last_packet = in.core.now.monotonic;
    Fault fault;
    Progress progress = Progress::fault;
    if (!frame) {
      fault = {frame.error().reason, frame.error().what, in.limit_of(*client, frame.error().reason)};
    } else if (client->is_connected() || frame->type == mqtt::PacketType::connect ||
               (client->authenticating && may_come_before_connack(frame->type))) {
      Dispatch dispatch{in, *client, fault};
      progress = mqtt::decode_for(*frame, client->version, [&](const auto& packet) {
        if (packet) [[likely]]
          return dispatch(*packet);
        fault = {packet.error().reason, packet.error().what};
        if (!client->is_connected()) client->version = claimed_version(frame->type, frame->body);
        return Progress::fault;
      });
    } else {
      fault = {mqtt::ReasonCode::protocol_error, "a packet before CONNECT"};  // [MQTT-3.1.0-1]
    }
    if (progress == Progress::waits) break;
    if (progress == Progress::fault) {
      const bool answered = frame ? is_answered(*frame, *client, fault)
                                  : is_answered_unframed(input.subspan(consumed.bytes), *client);
      in.on_fault(*client, answered, fault);
      break;
    }
    consumed.bytes += frame->size;
    if (!in.core.effects.moves.empty() && in.core.effects.moves.back().client == key) break;
  }
  // One that moves is no longer ours; what is unread goes with it, its CONNECT too unless AUTH packets came
  // since.
  if (!in.core.effects.moves.empty() && in.core.effects.moves.back().client == key && client) {
    in.core.uncharge(*client);
    client->listener->half_open.fetch_sub(1, std::memory_order_relaxed);
    in.core.clients.erase(key);
  }
  return consumed;
}

bool Broker::wants_input(ClientKey key) const {
  const Client* client = interior_->core.clients.find(key);
  return client && client->paused == 0 && client->state != Client::State::closing;
}

Output* Broker::output(ClientKey key) {
  Client* client = interior_->core.clients.find(key);
  if (!client) return nullptr;
  client->touched = false;
  return &client->output;
}

void Broker::on_written(ClientKey key, Output& output, std::size_t bytes) {
  Interior& in = *interior_;
  const std::size_t high = in.core.options.write_buffer;
  const bool was_full = output.size() >= high;
  output.consume(bytes, in.core.pool);
  if (was_full && output.size() < high) [[unlikely]]
    in.on_room(key);
}

void Broker::charge(Output& output) {
  const std::size_t memory = output.memory();
  interior_->core.ledger.accounts.charge(
      Account::connection,
      static_cast<std::int64_t>(memory) - static_cast<std::int64_t>(std::exchange(output.charged, memory)));
}

void Broker::Interior::close_overrun() {
  for (const ClientKey key : std::exchange(core.overrun, {}))
    if (Client* client = core.clients.find(key))
      handshake.close(*client, mqtt::ReasonCode::quota_exceeded,
                      "its queue is full: session.queue, overflow: disconnect", LogLevel::warning);
}

// The largest packet there may be, and which limit that is.
std::uint32_t Broker::Interior::packet_size_max(const Client& client) const {
  if (client.is_connected()) return client.told_packet_size_max;
  return std::min(core.packet_size_max(*client.listener), core.options.connect_packet_size_max);
}

std::optional<Limit> Broker::Interior::limit_of(const Client& client, mqtt::ReasonCode reason) const {
  if (reason != mqtt::ReasonCode::packet_too_large) return {};
  return client.is_connected() ? Limit::packet_size : Limit::connect_packet_size;
}

// Its queue may go on.
void Broker::Interior::on_room(ClientKey key) {
  const Client* client = core.clients.find(key);
  if (client && client->is_connected()) commits.progressed.push_back(client->session);
}

void Broker::on_hung_up(ClientKey key, std::string_view wrong, LogLevel level) {
  Interior& in = *interior_;
  Client* client = in.core.clients.find(key);
  if (!client || client->state == Client::State::closing) return;
  if (!client->is_connected() && !wrong.empty()) {
    const ClientFacts facts = in.core.facts_of(*client, nullptr);
    in.core.log(level, "clients", "client.fault", wrong, &facts);
  }
  in.handshake.detach(*client, mqtt::ReasonCode::unspecified_error, wrong.empty() ? "connection lost" : wrong,
                      wrong.empty() ? LogLevel::info : level);
  client->state = Client::State::closing;
}

void Broker::on_lost(ClientKey key) {
  Interior& in = *interior_;
  Client* client = in.core.clients.find(key);
  if (!client) return;
  if (client->state != Client::State::closing)
    in.handshake.detach(*client, mqtt::ReasonCode::unspecified_error, "connection lost");
  if (client->paused & Client::for_answer)
    in.core.shared.hooks.cancel({in.core.loop, key, client->question_serial});
  if (client->plugin_data != 0) in.core.shared.hooks.forget(in.core.loop, client->plugin_data);
  // One that was let in by an answer it did not live to act on carries the word there.
  if (client->answer && client->answer->plugin_data != 0)
    in.core.shared.hooks.forget(in.core.loop, client->answer->plugin_data);
  in.core.uncharge(*client);
  in.core.ledger.accounts.charge(Account::connection, -static_cast<std::int64_t>(client->output.charged));
  if (!client->was_let_in) client->listener->half_open.fetch_sub(1, std::memory_order_relaxed);
  in.core.clients.erase(key);
}

void Broker::close(ClientKey key, mqtt::ReasonCode reason, std::string_view why) {
  if (Client* client = interior_->core.clients.find(key)) interior_->handshake.close(*client, reason, why);
}

std::uint64_t Broker::held(ClientKey key) const {
  const Interior& in = *interior_;
  const Client* client = in.core.clients.find(key);
  return client && client->state != Client::State::closing ? in.shedding.held_by(*client) : 0;
}

bool Broker::sheds(std::uint64_t most) { return interior_->shedding.sheds(most); }

void Broker::close_all(mqtt::ReasonCode reason, std::string_view why) {
  interior_->core.is_closing_all = true;
  interior_->core.clients.each(
      [&](ClientKey, Client& client) { interior_->handshake.close(client, reason, why); });
}

void Broker::close_listener(const Listener& listener, mqtt::ReasonCode reason, std::string_view why) {
  interior_->core.clients.each([&](ClientKey, Client& client) {
    if (client.listener == &listener) interior_->handshake.close(client, reason, why);
  });
}

void Broker::renew_options() {
  Interior& in = *interior_;
  in.core.options = *in.core.shared.options();
  in.handshake.renew_options();
  in.shedding.renew_options();
  in.core.clients.each([&](ClientKey, Client& client) {
    if (client.is_connected()) in.pacing.renew(client);
  });
}

// ---- plugins

bool Broker::on_answer(const Question& question, Answer answer) {
  Core& core = interior_->core;
  Client* client = core.clients.find(question.client);
  if (!client || client->state == Client::State::closing || client->question_serial != question.serial ||
      !(client->paused & Client::for_answer))
    return false;
  client->answer = std::make_unique<Answer>(std::move(answer));
  core.resume(*client, Client::for_answer);
  if (client->entering && !client->entering->rest.empty()) interior_->handshake.on_kept_connect(*client);
  return true;
}

bool Broker::publish(const MessageParts& parts, Level level, std::uint64_t ticket) {
  Interior& in = *interior_;
  if (!in.routing.has_room()) return false;
  MessageParts dated = parts;
  dated.received = in.core.now.wall;
  dated.level = in.core.has_store() ? in.core.options.level_of(parts.topic) : Level::memory;
  return in.publishing.publish(Message::make(dated, in.core.ledger.accounts), {}, {level, ticket});
}

std::size_t Broker::clients() const { return interior_->core.clients.size(); }
std::size_t Broker::sessions() const { return interior_->core.directory.size(); }
std::size_t Broker::subscriptions() const { return interior_->core.index.size(); }

}  // namespace mortise::broker
