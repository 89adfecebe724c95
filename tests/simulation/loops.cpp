// The turn of a loop, as the network's room makes it, one step at a time.
#include <algorithm>
#include <array>

#include "simulation/world.hpp"

namespace mortise::simulation {

Connection* World::find(std::uint32_t loop, broker::ClientKey key) {
  for (Connection& connection : connections_)
    if (connection.accepted && connection.loop == loop && connection.key == key) return &connection;
  return nullptr;
}

void World::between_steps(std::uint32_t loop, bool may_interleave) {
  if (!may_interleave || plan_.loops == 1 || calm_) return;
  if (random_.percent(15)) turn((loop + 1 + some(plan_.loops - 1)) % plan_.loops, false);
  if (random_.percent(5)) store_step();
}

void World::turn(std::uint32_t loop, bool may_interleave) {
  broker::Broker& broker = *process_->brokers[loop];
  const broker::Journal& journal = process_->shared.journal;
  broker.begin_turn(process_->time->at(clock()));
  if (plan_.store && (calm_ || random_.percent(80)))
    broker.on_stored(journal.line(broker::Level::written), journal.line(broker::Level::synced));
  const std::uint32_t first = some(plan_.loops);
  for (std::uint32_t i = 0; i < plan_.loops; ++i) {
    const std::uint32_t from = (first + i) % plan_.loops;
    if (from == loop || (!calm_ && random_.percent(30))) continue;
    broker.drain(from, calm_ ? 1000 : random_.between(1, 6));
    between_steps(loop, may_interleave);
  }
  answer_questions(loop);
  answer_reads(loop);
  accept(loop);
  for (Connection& connection : connections_)
    if (connection.accepted && connection.loop == loop) {
      if (!calm_ && random_.percent(40)) continue;
      if (connection.unflushed) flush(connection);
      read(connection);
      between_steps(loop, may_interleave);
    }
  broker.end_turn();
  carry_out(loop);
}

void World::accept(std::uint32_t loop) {
  if (!is_listening()) return;
  for (Connection& connection : connections_) {
    if (connection.accepted || connection.loop != loop || (!calm_ && random_.percent(30))) continue;
    broker::Broker& broker = *process_->brokers[loop];
    connection.key = connection.arriving
                         ? broker.on_arrival(*std::exchange(connection.arriving, {}))
                         : broker.on_open(listener_, "10.0.0.1:" + std::to_string(connection.number));
    connection.accepted = true;
    trace_.note("loop %u   accepts connection %llu", loop,
                static_cast<unsigned long long>(connection.number));
  }
}

// Some of what is on the way arrives and is offered; then, if the client is gone, the end is seen.
void World::read(Connection& connection) {
  broker::Broker& broker = *process_->brokers[connection.loop];
  auto& way = connection.to_broker;
  const std::size_t some_bytes =
      calm_ || random_.percent(70) ? way.size() : random_.below(static_cast<std::uint32_t>(way.size() + 1));
  connection.unread.insert(connection.unread.end(), way.begin(),
                           way.begin() + static_cast<std::ptrdiff_t>(some_bytes));
  way.erase(way.begin(), way.begin() + static_cast<std::ptrdiff_t>(some_bytes));
  if (!connection.unread.empty() && broker.wants_input(connection.key)) {
    const auto consumed = broker.on_input(connection.key, connection.unread);
    connection.unread.erase(connection.unread.begin(),
                            connection.unread.begin() + static_cast<std::ptrdiff_t>(consumed.bytes));
    connection.is_read = connection.is_read || consumed.bytes != 0;
    const auto& moves = broker.effects().moves;
    if (!moves.empty() && moves.back().client == connection.key) return;  // no longer this loop's
  }
  if (connection.client_open || !way.empty() || (!calm_ && random_.percent(30))) return;
  if (!broker.output(connection.key)) return;
  broker.on_lost(connection.key);
  close_broker_end(connection, false);
}

void World::answer_questions(std::uint32_t loop) {
  auto& late = hooks_.late;
  for (std::size_t i = 0; i < late.size();) {
    if (late[i].question.loop != loop || (!calm_ && random_.percent(50))) {
      ++i;
      continue;
    }
    process_->brokers[loop]->on_answer(late[i].question, late[i].answer);
    late.erase(late.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void World::answer_reads(std::uint32_t loop) {
  if (!plan_.store || failing_until_ != 0) return;
  while (calm_ || random_.percent(40)) {
    const auto page = store_.answer_read(loop, process_->shared);
    if (!page) return;
    process_->brokers[loop]->on_page(*page);
  }
}

void World::flush(Connection& connection) {
  broker::Broker& broker = *process_->brokers[connection.loop];
  broker::Output* output = broker.output(connection.key);
  if (!output) return;
  std::array<std::span<const std::uint8_t>, 16> parts;
  connection.unflushed = false;
  while (!output->empty()) {
    if (!calm_ && random_.percent(10)) {
      connection.unflushed = true;
      return;
    }
    const std::size_t count = output->gather(parts);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) bytes += parts[i].size();
    if (!calm_ && random_.percent(10)) bytes = random_.between(1, static_cast<std::uint32_t>(bytes));
    std::size_t left = bytes;
    for (std::size_t i = 0; i < count && left != 0; ++i) {
      const auto piece = parts[i].first(std::min(left, parts[i].size()));
      if (connection.client_open)
        connection.to_client.insert(connection.to_client.end(), piece.begin(), piece.end());
      left -= piece.size();
    }
    broker.on_written(connection.key, *output, bytes);
  }
}

// `by_broker`: it was the broker that closed. The client still reads what was sent to it.
void World::close_broker_end(Connection& connection, bool by_broker) {
  // A DISCONNECT is the last that is sent: whoever has read everything has read it.
  const bool orderly = connection.said_goodbye && connection.to_broker.empty() && connection.unread.empty();
  trace_.note("broker   %s connection %llu of c%u%s", by_broker ? "closes" : "loses",
              static_cast<unsigned long long>(connection.number), connection.client,
              orderly ? ", orderly" : "");
  oracle_.ended(connection.client, connection.number, orderly, connection.ends_session);
  connection.key = {};
}

// Not within a turn: another turn may stand in the middle of the list.
void World::forget_closed_connections() {
  connections_.remove_if([](const Connection& connection) { return connection.accepted && !connection.key; });
}

void World::carry_out(std::uint32_t loop) {
  broker::Broker& broker = *process_->brokers[loop];
  broker::Effects& effects = broker.effects();
  for (const broker::ClientKey key : std::exchange(effects.flush, {}))
    if (Connection* connection = find(loop, key)) flush(*connection);
  for (const broker::ClientKey key : std::exchange(effects.close, {})) {
    Connection* connection = find(loop, key);
    if (!connection) continue;
    const bool was_calm = std::exchange(calm_, true);  // it writes what is there before it closes
    flush(*connection);
    calm_ = was_calm;
    broker.on_lost(key);
    // The client reads to the end of what it was sent before it sees the end.
    const bool has_client = connection->client_open;
    if (has_client) deliver_to_client(clients_[connection->client], true);
    close_broker_end(*connection, true);
    if (has_client && clients_[connection->client].connection == connection)
      clients_[connection->client].on_lost();
  }
  for (broker::Move& move : std::exchange(effects.moves, {})) {
    Connection* connection = find(loop, move.client);
    if (!connection) continue;
    trace_.note("loop %u   moves connection %llu to loop %u", loop,
                static_cast<unsigned long long>(connection->number), move.loop);
    connection->accepted = false;
    connection->loop = move.loop;
    // Its unread bytes go with it.
    connection->to_broker.insert(connection->to_broker.begin(), connection->unread.begin(),
                                 connection->unread.end());
    connection->unread.clear();
    connection->arriving = std::move(move);
  }
  effects.clear();
}

}  // namespace mortise::simulation
