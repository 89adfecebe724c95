// The trouble: what clients, network, store and time do to the broker, drawn step by step.
#include <algorithm>

#include "simulation/world.hpp"

namespace mortise::simulation {

void World::chaos() {
  for (std::uint32_t i = 0; i < plan_.steps; ++i) step();
}

void World::step() {
  forget_closed_connections();
  if (random_.permille(plan_.crash)) return crash();
  if (random_.permille(plan_.long_wait)) return wait_long();
  if (plan_.store && random_.permille(plan_.failing) && is_listening()) {
    failing_until_ = now_ + random_.between(100, 3000);
    process_->shared.journal.set_failing(true);
    trace_.note("store    fails");
  }
  if (random_.permille(10)) wall_offset_ += 100'000 - static_cast<Milliseconds>(random_.below(200'000));
  switch (random_.below(8)) {
    case 0:
    case 1:
    case 2: client_step(); break;
    case 3: store_step(); break;
    case 4:
      for (ClientIndex index = 0; index < plan_.clients; ++index)
        if (random_.percent(60)) deliver_to_client(clients_[index], random_.percent(70));
      break;
    default: turn(some(plan_.loops), true);
  }
  if (random_.percent(30)) advance(random_.percent(90) ? random_.below(10) : random_.below(500));
}

void World::store_step() {
  if (!plan_.store) return;
  if (now_ < failing_until_) return;
  if (failing_until_ != 0) {
    failing_until_ = 0;
    unkept_to_ = store_.handed_over();
    process_->shared.journal.set_failing(false);
    trace_.note("store    takes batches again");
  }
  if (random_.percent(plan_.sweep)) store_.sweep();
  if (!calm_ && random_.percent(plan_.store_lazy)) return;
  store_.write(random_.between(1, 6), process_->shared.journal);
  if (random_.percent(60)) store_.sync(process_->shared.journal);
}

// An earlier CONNECT of this client that nobody has read yet is lost with its connection: what would come of
// one that overtakes its successor is up to the client, not to the broker.
void World::drop_unread_connects(const Client& client) {
  for (Connection& connection : connections_) {
    if (connection.client != client.profile().index || connection.is_read) continue;
    if (connection.accepted && connection.key) process_->brokers[connection.loop]->on_lost(connection.key);
    if (!connection.accepted || connection.key) close_broker_end(connection, false);
    connection.accepted = true;
  }
}

void World::connect(Client& client) {
  drop_unread_connects(client);
  Connection& connection = connections_.emplace_back();
  connection.number = ++connections_made_;
  connection.client = client.profile().index;
  connection.loop = some(plan_.loops);
  const bool persistent = client.profile().expiry_s != 0;
  const bool clean = persistent ? random_.percent(plan_.clean_start)
                                : client.profile().version == mqtt::Version::v3_1_1 || random_.percent(50);
  client.connect(connection, clean, persistent && !random_.percent(plan_.clean_start / 4),
                 random_.percent(60));
}

// The client's end is gone at once; of what it sent a part arrives before the broker sees the end.
void World::cut(Client& client) {
  Connection& connection = *client.connection;
  auto& way = connection.to_broker;
  const std::size_t arrives = random_.below(static_cast<std::uint32_t>(way.size() + 1));
  if (arrives != way.size())
    connection.said_goodbye = false;  // a DISCONNECT is the last to be sent, so it is lost
  way.resize(arrives);
  connection.client_open = false;
  connection.to_client.clear();
  client.on_lost();
  if (connection.accepted || connection.arriving) return;
  // The broker never sees this one.
  oracle_.ended(connection.client, connection.number, false, false);
  connections_.remove_if([&](const Connection& other) { return &other == &connection; });
}

void World::deliver_to_client(Client& client, bool all) {
  if (!client.connection) return;
  mqtt::Buffer& way = client.connection->to_client;
  if (way.empty()) return;
  if (all) return client.on_bytes();
  // A part arrives: the rest is put back behind what was not a whole packet.
  const std::size_t part = random_.below(static_cast<std::uint32_t>(way.size() + 1));
  const mqtt::Buffer rest(way.begin() + static_cast<std::ptrdiff_t>(part), way.end());
  way.resize(part);
  client.on_bytes();
  if (client.connection)
    client.connection->to_client.insert(client.connection->to_client.end(), rest.begin(), rest.end());
}

void World::client_step() {
  Client& client = clients_[some(plan_.clients)];
  if (!client.connection) {
    if (random_.percent(40)) connect(client);
    return;
  }
  if (random_.permille(plan_.lost)) return cut(client);
  if (random_.permille(plan_.take_over)) {
    // The client has given this connection up; the broker learns it from the next one.
    Connection& before = *client.connection;
    before.client_open = false;
    before.to_client.clear();
    client.on_lost();
    return connect(client);
  }
  if (!client.is_connected() || client.connection->said_goodbye) return;
  if (random_.permille(plan_.disconnect)) return client.disconnect(random_.percent(20));
  if (random_.permille(plan_.unsubscribe * 3)) return client.unsubscribe();
  switch (random_.below(10)) {
    case 0:
    case 1: return client.subscribe();
    case 2: return client.ping();
    case 3:
    case 4: return client.answer();
    default:
      client.publish();
      if (random_.percent(50)) client.answer();
  }
}

}  // namespace mortise::simulation
