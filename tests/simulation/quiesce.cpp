// The end of a run: trouble stops, everybody comes back, everything drains; then the books have to balance.
#include "simulation/world.hpp"

namespace mortise::simulation {

namespace {
constexpr int rounds_most = 400;
constexpr int quiet_rounds = 8;  // longer than what rides along with a later batch waits
constexpr Milliseconds round = 200;
}  // namespace

bool World::is_quiet() const {
  for (const Connection& connection : connections_)
    if (!connection.to_broker.empty() || !connection.to_client.empty() || connection.unflushed ||
        !connection.accepted || !connection.client_open)
      return false;
  for (std::uint32_t from = 0; from < plan_.loops; ++from)
    for (std::uint32_t to = 0; to < plan_.loops; ++to)
      if (!process_->shared.mail.box(from, to).empty()) return false;
  return !plan_.store || store_.is_idle();
}

// Until nothing moves any more.
void World::settle() {
  const bool was_calm = std::exchange(calm_, true);
  failing_until_ = 0;
  process_->shared.journal.set_failing(false);
  int quiet = 0;
  for (int i = 0; i < rounds_most && quiet < quiet_rounds; ++i) {
    for (std::uint32_t loop = 0; loop < plan_.loops; ++loop) turn(loop, false);
    for (Client& client : clients_) deliver_to_client(client, true);
    for (Client& client : clients_)
      if (client.is_connected() && !client.connection->said_goodbye) client.answer();
    forget_closed_connections();
    quiet = is_quiet() ? quiet + 1 : 0;
    if (plan_.store) {
      store_.write(UINT64_MAX / 2, process_->shared.journal);
      store_.sync(process_->shared.journal);
    }
    if (i % 4 == 0)
      for (Client& client : clients_)
        if (client.is_connected() && !client.connection->said_goodbye) client.ping();
    advance(round);
  }
  calm_ = was_calm;
  if (quiet < quiet_rounds) throw Violation{"the broker does not come to rest"};
  oracle_.settled();
}

void World::wait_long() {
  settle();
  trace_.note("a long wait");
  advance(random_.between(5'000, 100'000));
  for (std::uint32_t loop = 0; loop < plan_.loops; ++loop) turn(loop, false);
  settle();
  if (random_.percent(60)) return;
  oracle_.saw_retained(probe_retained());
  clients_.back().disconnect(false);
  settle();
}

void World::quiesce() {
  trace_.note("---- the end: everybody comes back");
  settle();
  plan_.clean_start = 0;
  drain_clients();
  // Wills that wait become due; pings keep everybody connected.
  for (int i = 0; i < 20; ++i) {
    for (Client& client : clients_)
      if (client.is_connected()) client.ping();
    settle();
    advance(2000);
  }
  drain_clients();
  check_ledger(false);
  oracle_.check_deliveries();
  check_retained();
  end_sessions();
  check_ledger(true);
  if (!plan_.store) return;
  while (store_.sweep()) continue;
  if (const std::string left = store_.leftovers(); !left.empty())
    throw Violation{"left over in the store when all has ended:" + left};
}

void World::drain_clients() {
  for (int i = 0; i < 5; ++i) {
    for (ClientIndex index = 0; index < plan_.clients; ++index)
      if (!clients_[index].connection) connect(clients_[index]);
    settle();
  }
  for (ClientIndex index = 0; index < plan_.clients; ++index)
    if (!clients_[index].is_connected() || clients_[index].has_work())
      throw Violation{"client c" + std::to_string(index) + " does not get its answers"};
}

// What a fresh subscriber gets.
std::map<std::string, MessageId> World::probe_retained() {
  Client& probe = clients_.back();
  Connection& connection = connections_.emplace_back();
  connection.number = ++connections_made_;
  connection.client = probe.profile().index;
  probe.retained_seen.clear();
  probe.connect(connection, true, false, false);
  settle();
  probe.subscribe({{"#", {mqtt::Qos::at_most_once, false, false, mqtt::RetainHandling::send}}});
  settle();
  return std::exchange(probe.retained_seen, {});
}

void World::check_retained() {
  const auto values = probe_retained();
  oracle_.check_retained(values);
  for (const auto& [topic, id] : values) clients_.back().publish(topic, mqtt::Qos::at_most_once, true, true);
  settle();
}

void World::end_sessions() {
  for (Client& client : clients_)
    if (client.is_connected()) client.disconnect(false);
  settle();
  for (Client& client : clients_) {
    Connection& connection = connections_.emplace_back();
    connection.number = ++connections_made_;
    connection.client = client.profile().index;
    client.connect(connection, true, false, false);
  }
  settle();
  for (Client& client : clients_)
    if (client.is_connected()) client.disconnect(false);
  settle();
  // Retained values that have expired are looked for shard by shard.
  for (int i = 0; i < 20; ++i) {
    advance(4000);
    for (std::uint32_t loop = 0; loop < plan_.loops; ++loop) turn(loop, false);
  }
  settle();
}

void World::check_ledger(bool all_ended) const {
  const broker::Shared& shared = process_->shared;
  const auto must_be_0 = [](std::uint64_t count, const char* what) {
    if (count != 0) throw Violation{std::to_string(count) + " " + what};
  };
  if (const std::string wrong = broker::imbalance(shared.ledgers); !wrong.empty())
    throw Violation{"the ledger: " + wrong};
  std::uint64_t queued = 0;
  std::array<std::int64_t, static_cast<std::size_t>(broker::Account::count)> charged{};
  for (const auto& ledger : shared.ledgers) {
    queued += ledger->queued.value();
    for (std::size_t i = 0; i < charged.size(); ++i)
      charged[i] += ledger->accounts.charged(static_cast<broker::Account>(i));
  }
  for (std::size_t i = 0; i < charged.size(); ++i)
    charged[i] += shared.retained_accounts.charged(static_cast<broker::Account>(i));
  must_be_0(queued, "queued when all is drained");
  if (!all_ended) return;
  for (std::size_t i = 0; i < charged.size(); ++i)
    if (charged[i] != 0)
      throw Violation{"bytes still charged when all has ended: " + std::string{broker::account_names[i]} +
                      " " + std::to_string(charged[i])};
  if (hooks_.charged() != 0) throw Violation{"bytes still charged for messages that a plugin made"};
  for (const auto& broker : process_->brokers)
    must_be_0(broker->sessions() + broker->subscriptions() + broker->clients(),
              "sessions, subscriptions and clients when all has ended");
}

}  // namespace mortise::simulation
