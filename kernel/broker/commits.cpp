#include "broker/commits.hpp"

#include <algorithm>

#include "broker/rules.hpp"
#include "broker/telling.hpp"

namespace mortise::broker {

namespace {
constexpr auto ride_at_most = std::chrono::seconds{1};
constexpr std::size_t ride_bytes_max = 256 * 1024;
constexpr std::size_t erased_bytes_max = 4 * 1024 * 1024;  // of bodies that are held for their erase alone

// The one thing that can be wrong with what PUBREL and PUBCOMP are about.
template <class Packet>
[[gnu::cold]] void tell_unknown(const Client& client, const Gated& packet, mqtt::Buffer& out) {
  constexpr std::string_view why = "no message is under way with this packet identifier";
  encode_telling(client, Packet{packet.packet_id, packet.reason, why, {}}, out);
}

}  // namespace

void Commits::ride(Record record) {
  if (!core_.has_store()) return;
  if (batch_.empty()) opened_ = core_.now.monotonic;
  batch_.records.push_back(std::move(record));
}

void Commits::add(Record record, Level level) {
  if (!core_.has_store()) return;
  ride(std::move(record));
  hurry(level);
}

void Commits::hurry(Level level) {
  hurried_ = true;
  batch_.level = std::max(batch_.level, level);
}

void Commits::erase(Session& session, Position position, std::uint64_t number, MessageRef message) {
  if (number == 0) return;
  if (position >= session.durable_to && holds(Rule::erase_after_put)) {
    session.owed.push_back({position, number, std::move(message)});
    return;
  }
  if (batch_.empty()) opened_ = core_.now.monotonic;
  DeliveryRecord record;
  record.op = DeliveryRecord::Op::erase;
  record.number = number;
  record.session = session.number;
  record.message =
      message ? message->number() : 0;  // a damaged store may have the delivery without its message
  batch_.deliveries.push_back(record);
  // Only the count of its deliveries is still wanted, not the body.
  if (message && !message->is_stub()) {
    if (MessageRef stub = message->stub())
      message = std::move(stub);
    else
      erased_bytes_ += message->memory();
  }
  batch_.erased.push_back(std::move(message));
}

bool Commits::is_durable(Ordinal ordinal, Level level) const {
  if (level == Level::memory || !core_.has_store()) return true;
  return ordinal != unsettled && ordinal <= durable_[row(level)];
}

// ---- gates

std::uint64_t Commits::gate(Client& client, Gated packet) {
  const std::uint64_t ticket = client.gate_first + client.gate.size();
  if (lets_through(client, packet.ordinal, packet.level)) {
    ++client.gate_first;
    send(client, packet);
  } else {
    client.gate.push(std::move(packet));
    release(client);
  }
  return ticket;
}

void Commits::settle_gate(ClientKey key, std::uint64_t ticket, Ordinal ordinal, Level level) {
  Client* client = core_.clients.find(key);
  if (!client || ticket < client->gate_first || ticket >= client->gate_first + client->gate.size()) return;
  Gated& packet = client->gate[ticket - client->gate_first];
  packet.ordinal = ordinal;
  packet.level = level;
  release(*client);
}

void Commits::release(Client& client) {
  while (!client.gate.empty()) {
    const Gated& front = client.gate.front();
    if (!is_durable(front.ordinal, front.level)) {
      if (front.ordinal == unsettled || client.gate_waits == front.ordinal) return;
      client.gate_waits = front.ordinal;
      return wait(front.level, front.ordinal, Waiter::Kind::client, client.key.value());
    }
    const Gated packet = client.gate.pop();
    ++client.gate_first;
    send(client, packet);
  }
  client.gate_waits.reset();
}

void Commits::send(Client& client, const Gated& packet) {
  if (client.state == Client::State::closing) return;
  mqtt::Buffer& out = core_.output(client);
  switch (packet.type) {
    case mqtt::PacketType::puback:
      client.acknowledged();
      if (packet.bytes) break;
      return mqtt::encode(mqtt::Puback{packet.packet_id, packet.reason, {}, {}}, client.version, out);
    case mqtt::PacketType::pubrec:
      if (mqtt::is_error(packet.reason)) client.acknowledged();
      if (packet.bytes) break;
      return mqtt::encode(mqtt::Pubrec{packet.packet_id, packet.reason, {}, {}}, client.version, out);
    case mqtt::PacketType::pubrel:
      if (mqtt::is_error(packet.reason)) return tell_unknown<mqtt::Pubrel>(client, packet, out);
      return mqtt::encode(mqtt::Pubrel{packet.packet_id, packet.reason, {}, {}}, client.version, out);
    case mqtt::PacketType::pubcomp:
      if (mqtt::is_error(packet.reason)) return tell_unknown<mqtt::Pubcomp>(client, packet, out);
      client.acknowledged();
      return mqtt::encode(mqtt::Pubcomp{packet.packet_id, packet.reason, {}, {}}, client.version, out);
    case mqtt::PacketType::connack:
      client.connack_sent = true;
      progressed.push_back(client.session);
      break;
    default: break;
  }
  out.insert(out.end(), packet.bytes->begin(), packet.bytes->end());
}

// ---- deliveries

void Commits::add_run(Session& session, Position end, Ordinal ordinal, RemoteKey remote, Level level) {
  session.last_ordinal = open_ordinal_;
  if (!session.runs.empty()) {
    Run& last = session.runs.back();
    if (last.ordinal == ordinal && last.remote == remote && last.level == level) {
      last.end = end;
      return;
    }
  }
  session.runs.push({end, ordinal, remote, level});
  if (ordinal != unsettled)
    wait(std::max(level, Level::written), ordinal, Waiter::Kind::session, session.key.value());
}

void Commits::settle_run(Session& session, RemoteKey remote, Ordinal ordinal) {
  for (std::size_t i = 0; i < session.runs.size(); ++i) {
    Run& run = session.runs[i];
    if (run.ordinal != unsettled || run.remote != remote) continue;
    run.ordinal = ordinal;
    if (ordinal != 0)
      wait(std::max(run.level, Level::written), ordinal, Waiter::Kind::session, session.key.value());
  }
  settle(session);
  progressed.push_back(session.key);
}

// Null: it is durable, or hangs on no batch.
const Run* Commits::run_of(const Session& session, Position position) {
  for (std::size_t i = 0; i < session.runs.size(); ++i)
    if (position <= session.runs[i].end) return &session.runs[i];
  return nullptr;
}

bool Commits::is_gated(const Session& session, Position position) const {
  if (!session.is_stored() || position < session.durable_to || !holds(Rule::gate_qos_2)) return false;
  const Run* run = run_of(session, position);
  if (!run) return false;
  return run->ordinal == unsettled || (run->level != Level::memory && !is_durable(run->ordinal, run->level));
}

// Takes out the runs that have become durable, and hands over the erases that waited for them.
void Commits::settle(Session& session) {
  while (!session.runs.empty() &&
         is_durable(session.runs.front().ordinal, std::max(session.runs.front().level, Level::written)))
    session.durable_to = session.runs.pop().end + 1;
  if (session.owed.empty()) return;
  std::vector<OwedErase> owed = std::move(session.owed);
  session.owed.clear();
  for (OwedErase& erase_now : owed)
    erase(session, erase_now.position, erase_now.number, std::move(erase_now.message));
}

void Commits::await(Ordinal ordinal, Awaited awaited) {
  if (awaited.level == Level::memory) return;
  if (is_durable(ordinal, awaited.level)) return core_.shared.hooks.kept(core_.loop, awaited.ticket);
  wait(awaited.level, ordinal, Waiter::Kind::ticket, awaited.ticket);
}

// ---- the turn

void Commits::wait(Level level, Ordinal ordinal, Waiter::Kind kind, std::uint64_t what) {
  if (ordinal == open_ordinal_) hurry(level);
  waiters_[row(level)].push({ordinal, what, kind});
}

void Commits::wake(const Waiter& waiter) {
  switch (waiter.kind) {
    case Waiter::Kind::client:
      if (Client* client = core_.clients.find(ClientKey::from(waiter.what))) {
        client->gate_waits.reset();
        release(*client);
      }
      return;
    case Waiter::Kind::session:
      if (Session* session = core_.sessions.find(SessionKey::from(waiter.what))) {
        settle(*session);
        progressed.push_back(session->key);
      }
      return;
    case Waiter::Kind::pending: committed.push_back(PendingKey::from(waiter.what)); return;
    case Waiter::Kind::reservation: core_.shared.numbers.reserved(waiter.what); return;
    case Waiter::Kind::ticket: core_.shared.hooks.kept(core_.loop, waiter.what); return;
  }
}

void Commits::on_lines(std::uint64_t written, std::uint64_t synced) {
  const std::array<std::uint64_t, levels> lines{std::max(written, synced), synced};
  for (std::size_t i = 0; i < levels; ++i)
    while (!handed_over_[i].empty() && handed_over_[i].front().sequence <= lines[i])
      durable_[i] = handed_over_[i].pop().ordinal;
  for (std::size_t i = 0; i < levels; ++i)
    while (!waiters_[i].empty() && waiters_[i].front().ordinal <= durable_[i]) wake(waiters_[i].pop());
}

// What was handed over counts as durable. The sequence stays as it is: when the store comes back it keeps a
// prefix as ever, and a crash before that loses the rest, which is what the operator chose.
void Commits::release_without_store() {
  auto& waiting = handed_over_[row(Level::synced)];
  if (waiting.empty() || !core_.shared.journal.failing()) return;
  if (core_.options.on_failure == Options::OnFailure::memory)
    on_lines(waiting.back().sequence, waiting.back().sequence);
}

void Commits::reserve_numbers() {
  if (const auto up_to = core_.shared.numbers.wants_reservation()) {
    add(record::Numbers{*up_to, base::to_unix_ms(core_.now.wall)}, Level::synced);
    when_reserved(*up_to);
  }
}

void Commits::end_turn() {
  if (core_.has_store()) reserve_numbers();
  const bool due =
      hurried_ || (!batch_.empty() && (core_.now.monotonic - opened_ >= ride_at_most ||
                                       batch_.memory() > ride_bytes_max || erased_bytes_ > erased_bytes_max));
  if (due) hand_over();
  release_without_store();
}

void Commits::hand_over() {
  hurried_ = false;
  opened_ = base::never;
  erased_bytes_ = 0;
  if (!core_.has_store()) {
    batch_ = {};
    return;
  }
  const std::uint64_t sequence = core_.shared.journal.hand_over(std::exchange(batch_, {}));
  for (auto& queue : handed_over_) queue.push({open_ordinal_, sequence});
  ++open_ordinal_;
}

base::TimePoint Commits::next_deadline() const {
  if (hurried_) return core_.now.monotonic;
  return opened_ == base::never ? base::never : opened_ + ride_at_most;
}

}  // namespace mortise::broker
