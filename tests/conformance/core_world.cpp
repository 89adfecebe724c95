#include "core_world.hpp"

#include <array>
#include <cstdlib>

#include "broker/output.hpp"
#include "broker/restorer.hpp"

namespace mortise::conformance {

using namespace std::chrono_literals;
using broker::Broker;

class CoreWorld::SyncedStore : public broker::Store {
 public:
  void hand_over(broker::Batch batch) override {
    last_ = batch.sequence;
    bytes_ += batch.memory();
  }
  void read(broker::StoreRead) override { std::abort(); }  // nothing leaves memory here
  bool sync(broker::Journal& journal) {
    if (last_ == journal.line(broker::Level::synced)) return false;
    journal.durable(last_, broker::Level::synced, std::exchange(bytes_, 0));
    return true;
  }

 private:
  std::uint64_t last_ = 0;
  std::size_t bytes_ = 0;
};

namespace {

constexpr int turns_at_most = 100'000;    // until all is quiet
constexpr int hours_to_the_end = 8 * 24;  // longer than any session is kept

broker::Options options_for(const BrokerSettings& settings, Storage storage) {
  broker::Options options;
  options.seed = {2, 3};
  const auto set = [&](const char* name, auto& field) {
    if (const auto found = settings.find(name); found != settings.end())
      field = static_cast<std::remove_reference_t<decltype(field)>>(found->second);
  };
  set("receive_maximum", options.receive_maximum);
  set("inflight_maximum", options.inflight_maximum);
  set("packet_size", options.packet_size_max);
  set("topic_levels", options.topic_levels_max);
  set("connect_packet_size", options.connect_packet_size_max);
  set("topic_length", options.topic_length_max);
  set("filters", options.filters_max);
  set("subscriptions", options.subscriptions_max);
  set("connect_rate_per_client", options.client_id_rate);
  set("retained_messages", options.retained_messages_max);
  set("retained_payload", options.retained_payload_max);
  set("queue_bytes", options.queue_bytes_max);
  set("publish_rate", options.publish_rate);
  set("publish_bytes", options.publish_bytes);
  set("write_buffer", options.write_buffer);
  set("memory", options.memory_max);
  set("expiry_maximum", options.session_expiry_max_s);
  set("keep_alive_maximum", options.keep_alive_max_s);
  set("queue_messages", options.queue_messages_max);
  set("topic_alias_maximum", options.topic_alias_maximum);
  if (const auto found = settings.find("retry_interval"); found != settings.end())
    options.retry_interval = std::chrono::seconds{found->second};
  if (settings.contains("response_information")) options.response_information = response_information;
  options.sessions_belong_to_users = settings.contains("mounted");  // its places are by user
  if (settings.contains("drop_newest")) options.overflow = broker::Options::Overflow::drop_newest;
  if (settings.contains("overflow_disconnect")) options.overflow = broker::Options::Overflow::disconnect;
  if (storage == Storage::none) options.acknowledge_default = options.session_store = broker::Level::memory;
  return options;
}

}  // namespace

CoreWorld::CoreWorld(const BrokerSettings& settings, std::uint32_t loops, Storage storage)
    : store_{storage == Storage::none ? nullptr : std::make_unique<SyncedStore>()},
      hooks_{settings.contains("rehearsed_plugin")},
      shared_{std::make_unique<broker::Shared>(options_for(settings, storage), loops, store_.get(), hooks_,
                                               log_)} {
  listener_.name = "transcripts";
  listener_.anonymous = !settings.contains("anonymous_denied");
  listener_.allows_3_1 = !settings.contains("only_5.0") && !settings.contains("only_3.1.1");
  listener_.allows_3_1_1 = !settings.contains("only_5.0");
  if (const auto found = settings.find("maximum_qos"); found != settings.end())
    listener_.maximum_qos = static_cast<mqtt::Qos>(found->second);
  listener_.checks_payload_format = settings.contains("checked_payloads");
  listener_.retain = !settings.contains("no_retained");
  listener_.wildcard_subscriptions = !settings.contains("no_wildcards");
  listener_.subscription_identifiers = !settings.contains("no_identifiers");
  listener_.shared_subscriptions = !settings.contains("no_shared");
  if (settings.contains("mounted")) listener_.mount_point = mount_point;
  listener_.allows_5_0 = !settings.contains("only_3.1.1");
  now_.monotonic += 1h;
  now_.wall = base::from_unix_ms(1'800'000'000'000);
  std::vector<Broker*> all;
  for (std::uint32_t loop = 0; loop < loops; ++loop) {
    brokers_.push_back(std::make_unique<Broker>(*shared_, loop, now_));
    all.push_back(brokers_.back().get());
  }
  if (!store_) return;
  broker::Restorer{*shared_}.finish(all, now_);  // an empty store, but numbers have to be reserved in it
  settle();
}

CoreWorld::~CoreWorld() = default;

// ---- the network's side

World::Connection CoreWorld::open() {
  const auto loop = static_cast<std::uint32_t>(peers_.size() % brokers_.size());
  Broker& broker = *brokers_[loop];
  broker.begin_turn(now_);
  Peer peer;
  peer.loop = loop;
  peer.client = broker.on_open(listener_, "192.0.2.1:" + std::to_string(10'000 + peers_.size()));
  broker.end_turn();
  peers_.push_back(std::move(peer));
  settle();
  return peers_.size() - 1;
}

void CoreWorld::send(Connection connection, std::span<const std::uint8_t> bytes) {
  Peer& peer = peers_[connection];
  peer.to_broker.insert(peer.to_broker.end(), bytes.begin(), bytes.end());
  peer.fed = false;
  settle();
}

void CoreWorld::stop_reading(Connection connection, bool stops) {
  peers_[connection].reads = !stops;
  if (!stops) flush(peers_[connection]);
  settle();
}

void CoreWorld::drop(Connection connection) {
  peers_[connection].dropped = true;
  settle();
}

bool CoreWorld::receive(Connection connection, std::vector<std::uint8_t>& into, Hope) {
  auto& came = peers_[connection].to_client;
  if (came.empty()) return false;
  into.insert(into.end(), came.begin(), came.end());
  came.clear();
  return true;
}

bool CoreWorld::is_closed(Connection connection) { return peers_[connection].closed; }

void CoreWorld::wait(std::chrono::seconds time) {
  const base::TimePoint until = now_.monotonic + time;
  while (now_.monotonic < until) {
    base::TimePoint next = until;
    for (const auto& broker : brokers_) next = std::min(next, broker->next_deadline());
    pass(std::max<base::Duration>(next - now_.monotonic, 1ms));
  }
}

void CoreWorld::pass(base::Duration time) {
  now_.monotonic += time;
  now_.wall += time;
  settle();
}

// ---- turns

void CoreWorld::settle() {
  int turns = 0;
  for (bool again = true; again; ++turns) {
    if (turns == turns_at_most) throw Imbalance{"the broker does not come to rest"};
    again = false;
    for (std::uint32_t loop = 0; loop < brokers_.size(); ++loop) again = turn(loop) || again;
    if (store_ && store_->sync(shared_->journal)) again = true;
  }
  balance();
}

bool CoreWorld::turn(std::uint32_t loop) {
  Broker& broker = *brokers_[loop];
  bool busy = broker.next_deadline() <= now_.monotonic;
  broker.begin_turn(now_);
  broker.on_stored(shared_->journal.line(broker::Level::written),
                   shared_->journal.line(broker::Level::synced));
  for (std::uint32_t other = 0; other < brokers_.size(); ++other)
    if (other != loop) busy = broker.drain(other, 64) || busy;
  for (std::size_t i = arrivals_.size(); i > 0; --i) {
    auto [move, peer] = std::move(arrivals_.front());
    arrivals_.pop_front();
    if (move.loop != loop) {
      arrivals_.emplace_back(std::move(move), peer);
      continue;
    }
    peer->loop = loop;
    peer->client = broker.on_arrival(std::move(move));
    peer->fed = false;
  }
  for (Peer& peer : peers_)
    if (peer.loop == loop && !peer.gone) busy = feed(peer, broker) || busy;
  broker.end_turn();
  return carry_out(loop, std::exchange(broker.effects(), {})) || busy;
}

bool CoreWorld::feed(Peer& peer, Broker& broker) {
  if (peer.closed || peer.dropped) {
    broker.on_lost(peer.client);
    peer.gone = true;
    return true;
  }
  if (peer.fed || !broker.wants_input(peer.client)) return false;
  peer.fed = true;
  const auto consumed = broker.on_input(peer.client, peer.to_broker);
  peer.to_broker.erase(peer.to_broker.begin(),
                       peer.to_broker.begin() + static_cast<std::ptrdiff_t>(consumed.bytes));
  return true;
}

// As the network's room chooses.
void CoreWorld::shed_largest(std::uint32_t loop) {
  Broker& broker = *brokers_[loop];
  Peer* largest = nullptr;
  std::uint64_t most = 0;
  for (Peer& peer : peers_) {
    const bool is_here = peer.loop == loop && !peer.gone && !peer.closed && peer.client;
    const std::uint64_t held = is_here ? broker.held(peer.client) : 0;
    if (held == 0) continue;
    const std::uint64_t unread = broker.wants_input(peer.client) ? peer.to_broker.size() : 0;
    if (held + unread <= most) continue;
    most = held + unread;
    largest = &peer;
  }
  if (!broker.sheds(most) || !largest) return;
  broker.on_hung_up(largest->client, "limits.memory is used up, and this connection held most of it");
  largest->closed = true;
}

bool CoreWorld::carry_out(std::uint32_t loop, broker::Effects effects) {
  if (effects.sheds_largest) shed_largest(loop);
  for (const broker::ClientKey client : effects.flush)
    if (Peer* peer = find(loop, client)) flush(*peer);
  for (const broker::ClientKey client : effects.close)
    if (Peer* peer = find(loop, client)) {
      flush(*peer);
      peer->closed = true;
    }
  for (const broker::ClientKey client : effects.resume)
    if (Peer* peer = find(loop, client)) peer->fed = false;
  for (broker::Move& move : effects.moves) {
    Peer* peer = find(loop, move.client);
    peer->client = {};
    arrivals_.emplace_back(std::move(move), peer);
  }
  return !effects.empty();
}

void CoreWorld::flush(Peer& peer) {
  broker::Output* output = brokers_[peer.loop]->output(peer.client);
  if (!output || peer.dropped || !peer.reads) return;
  std::array<std::span<const std::uint8_t>, 4> parts;
  while (!output->empty()) {
    const std::size_t count = output->gather(parts);
    std::size_t written = 0;
    for (std::size_t i = 0; i < count; ++i) {
      peer.to_client.insert(peer.to_client.end(), parts[i].begin(), parts[i].end());
      written += parts[i].size();
    }
    brokers_[peer.loop]->on_written(peer.client, *output, written);
  }
}

CoreWorld::Peer* CoreWorld::find(std::uint32_t loop, broker::ClientKey client) {
  for (Peer& peer : peers_)
    if (peer.loop == loop && peer.client == client && !peer.gone) return &peer;
  return nullptr;
}

// ---- the books

void CoreWorld::balance() const {
  if (const std::string wrong = broker::imbalance(shared_->ledgers); !wrong.empty()) throw Imbalance{wrong};
}

std::uint64_t CoreWorld::letters() const {
  std::uint64_t letters = 0;
  for (const auto& ledger : shared_->ledgers) letters += ledger->letters_sent.value();
  return letters;
}

void CoreWorld::end() {
  for (Peer& peer : peers_) peer.dropped = true;
  settle();
  for (int hour = 0; hour < hours_to_the_end; ++hour) pass(1h);
  std::vector<broker::MessageRef> retained;
  for (const char* everything : {"#", "$SYS/#"}) shared_->retained.read(everything, now_.wall, retained);
  brokers_[0]->begin_turn(now_);
  for (const broker::MessageRef& message : retained) {
    broker::MessageParts parts;
    parts.topic = message->topic();
    parts.retain = true;
    brokers_[0]->publish(parts);
  }
  retained.clear();
  brokers_[0]->end_turn();
  settle();
  for (const auto& broker : brokers_)
    if (broker->sessions() != 0 || shared_->groups.groups() != 0 || broker->clients() != 0 ||
        broker->subscriptions() != 0)
      throw Imbalance{"sessions, clients or subscriptions are left when all have ended"};
  for (std::size_t account = 0; account < broker::account_names.size(); ++account)
    if (const std::int64_t left = charged(static_cast<broker::Account>(account)); left != 0)
      throw Imbalance{"still charged when all has ended: " + std::to_string(left) + " bytes of account " +
                      std::string{broker::account_names[account]}};
}

std::int64_t CoreWorld::charged(broker::Account account) const {
  std::int64_t bytes =
      shared_->retained_accounts.charged(account) + shared_->groups.accounts().charged(account);
  for (const auto& ledger : shared_->ledgers) bytes += ledger->accounts.charged(account);
  return bytes;
}

std::int64_t CoreWorld::charged() const {
  std::int64_t bytes = 0;
  for (std::size_t account = 0; account < broker::account_names.size(); ++account)
    bytes += charged(static_cast<broker::Account>(account));
  return bytes;
}

}  // namespace mortise::conformance
