#include "fixed_broker.hpp"

#include <valgrind/callgrind.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "base/contract.hpp"
#include "broker/output.hpp"
#include "broker/restorer.hpp"
#include "mqtt/decode.hpp"

namespace mortise::bench {

namespace {

constexpr std::size_t packet_size_max = 1024 * 1024;
constexpr std::size_t turns_max = 1'000'000;
constexpr std::uint32_t session_expiry_s = 3600;

// Collects while it lives. (Outside of callgrind it does nothing.)
class Counted {
 public:
  explicit Counted(bool wanted) : wanted_{wanted} {
    if (wanted_) CALLGRIND_TOGGLE_COLLECT;
  }
  ~Counted() {
    if (wanted_) CALLGRIND_TOGGLE_COLLECT;
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  bool wanted_;
};

broker::Options fixed_options(Storage storage) {
  broker::Options options;
  options.seed = {0x243F6A8885A308D3, 0x13198A2E03707344};
  options.acknowledge_default = storage == Storage::none ? broker::Level::memory : broker::Level::synced;
  return options;
}

}  // namespace

// The hooks of a broker without plugins.
class FixedBroker::NobodyDecides : public broker::Hooks {
 public:
  const Wanted& wanted(std::uint32_t) const override { return wanted_; }
  broker::Answer authenticate(const broker::ClientFacts&, const mqtt::Connect&, broker::Question,
                              base::Now) override {
    return {};
  }
  broker::Answer exchange(const broker::ClientFacts&, const broker::Exchange&, broker::Question,
                          base::Now) override {
    return {};
  }
  broker::Answer authorise(const broker::ClientFacts&, const broker::Access&, broker::Question,
                           base::Now) override {
    return {};
  }
  broker::Answer accept(const broker::ClientFacts&, base::Now) override { return {}; }
  broker::Answer intercept_connect(const broker::ClientFacts&, const mqtt::Connect&, broker::Question,
                                   base::Now) override {
    return {};
  }
  broker::Answer intercept_publish(const broker::ClientFacts&, const broker::MessageRef&, broker::Question,
                                   base::Now) override {
    return {};
  }
  broker::Answer intercept_will(const broker::ClientFacts&, const broker::MessageRef&, base::Now) override {
    return {};
  }
  void cancel(const broker::Question&) override {}
  void kept(std::uint32_t, std::uint64_t) override {}
  void forget(std::uint32_t, std::uint64_t) override {}
  void happened(const broker::Event&, std::uint32_t, base::Now) override {}

 private:
  Wanted wanted_;
};

class FixedBroker::NobodyReads : public broker::Log {
 public:
  bool wants(broker::LogLevel, std::string_view) const override { return false; }
  void write(broker::LogLevel, std::string_view, std::string_view, std::string_view,
             const broker::ClientFacts*, std::span<const Field>) override {}
};

// A store that costs nothing: each batch is durable as soon as somebody asks.
class FixedBroker::DurableAtOnce : public broker::Store {
 public:
  void hand_over(broker::Batch batch) override {
    sequence_ = batch.sequence;
    bytes_ += batch.memory();
  }
  void read(broker::StoreRead) override { std::abort(); }  // nothing leaves memory here
  // Whether there was anything new.
  bool tell(broker::Journal& journal) {
    if (sequence_ == told_) return false;
    journal.durable(sequence_, broker::Level::synced, std::exchange(bytes_, 0));
    told_ = sequence_;
    return true;
  }

 private:
  std::uint64_t sequence_ = 0;
  std::uint64_t told_ = 0;
  std::size_t bytes_ = 0;
};

FixedBroker::FixedBroker(Storage storage)
    : listener_{.name = "memory", .anonymous = true, .authenticators = {}},
      hooks_{std::make_unique<NobodyDecides>()},
      log_{std::make_unique<NobodyReads>()},
      store_{storage == Storage::none ? nullptr : std::make_unique<DurableAtOnce>()},
      shared_{std::make_unique<broker::Shared>(fixed_options(storage), 1, store_.get(), *hooks_, *log_)} {
  tick();
  broker_ = std::make_unique<broker::Broker>(*shared_, 0, now_);
  if (store_) broker::Restorer{*shared_}.finish({broker_.get()}, now_);
  if (make_durable()) broker_turn();
}

FixedBroker::~FixedBroker() = default;

void FixedBroker::tick() {
  const auto step = std::chrono::microseconds{50};
  now_.monotonic += step;
  now_.wall += step;
}

FixedBroker::Peer FixedBroker::connect(std::string_view client_id) {
  const Peer peer = peers_.size();
  peers_.push_back({broker_->on_open(listener_, "memory"), {}, {}});
  mqtt::Connect connect;
  connect.client_id = client_id;
  connect.clean_start = true;
  connect.session_expiry_s = store_ ? session_expiry_s : 0;
  say(peer, connect);
  turn();
  MORTISE_EXPECT(connected_ == peers_.size());
  return peer;
}

void FixedBroker::subscribe(Peer peer, std::string_view filter, mqtt::Qos qos) {
  mqtt::Subscribe subscribe;
  subscribe.packet_id = 1;
  subscribe.entries.push_back({filter, {.maximum_qos = qos}});
  say(peer, subscribe);
  const std::size_t before = subscribed_;
  turn();
  MORTISE_EXPECT(subscribed_ == before + 1);
}

void FixedBroker::turn() {
  broker_turn();
  if (make_durable()) broker_turn();
  read_all();
}

void FixedBroker::settle() {
  for (std::size_t turns = 0; !speaking_.empty(); ++turns) {
    MORTISE_EXPECT(turns < turns_max);
    turn();
  }
}

void FixedBroker::broker_turn() {
  tick();
  {
    const Counted counted{counts_};
    broker_->begin_turn(now_);
    if (store_)
      broker_->on_stored(shared_->journal.line(broker::Level::written),
                         shared_->journal.line(broker::Level::synced));
    for (Client* client : speaking_) {
      const auto consumed = broker_->on_input(client->key, client->to_broker);
      MORTISE_EXPECT(consumed.bytes == client->to_broker.size());
      client->to_broker.clear();
    }
    speaking_.clear();
    broker_->end_turn();
    sleeps_until_ = broker_->next_deadline();  // as a loop asks before it sleeps
  }
  receive();
  const Counted counted{counts_};
  flush();
}

bool FixedBroker::make_durable() {
  const Counted counted{counts_};
  return store_ && store_->tell(shared_->journal);
}

// What the flush is about to write, copied for the peers.
void FixedBroker::receive() {
  MORTISE_EXPECT(broker_->effects().close.empty());
  for (const broker::ClientKey key : broker_->effects().flush) {
    const auto peer =
        std::find_if(peers_.begin(), peers_.end(), [&](const Client& c) { return c.key == key; });
    MORTISE_EXPECT(peer != peers_.end());
    if (peer->from_broker.empty()) reading_.push_back(&*peer);
    const std::size_t count = broker_->output(key)->gather(parts_);
    for (std::size_t i = 0; i < count; ++i)
      peer->from_broker.insert(peer->from_broker.end(), parts_[i].begin(), parts_[i].end());
  }
}

void FixedBroker::flush() {
  for (const broker::ClientKey key : broker_->effects().flush) {
    broker::Output& output = *broker_->output(key);
    const std::size_t count = output.gather(parts_);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) bytes += parts_[i].size();
    broker_->on_written(key, output, bytes);
  }
  broker_->effects().clear();
}

void FixedBroker::read_all() {
  for (Client* client : std::exchange(reading_, {})) {
    std::size_t at = 0;
    while (at < client->from_broker.size()) {
      const auto frame = mqtt::read_frame(mqtt::Bytes{client->from_broker}.subspan(at), packet_size_max);
      MORTISE_EXPECT(frame && frame->size != 0);
      const auto packet = mqtt::decode(*frame, mqtt::Version::v5_0);
      MORTISE_EXPECT(static_cast<bool>(packet));
      answer(*client, *packet);
      at += frame->size;
    }
    client->from_broker.clear();
  }
}

void FixedBroker::answer(Client& client, const mqtt::Packet& packet) {
  const auto reply = [&](const auto& with) { say(client, with); };
  if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
    ++delivered_;
    if (publish->qos == mqtt::Qos::at_least_once) reply(mqtt::Puback{publish->packet_id, {}, {}, {}});
    if (publish->qos == mqtt::Qos::exactly_once) reply(mqtt::Pubrec{publish->packet_id, {}, {}, {}});
  } else if (const auto* pubrec = std::get_if<mqtt::Pubrec>(&packet)) {
    reply(mqtt::Pubrel{pubrec->packet_id, {}, {}, {}});
  } else if (const auto* pubrel = std::get_if<mqtt::Pubrel>(&packet)) {
    reply(mqtt::Pubcomp{pubrel->packet_id, {}, {}, {}});
  } else if (std::holds_alternative<mqtt::Puback>(packet) || std::holds_alternative<mqtt::Pubcomp>(packet)) {
    ++acknowledged_;
  } else if (const auto* connack = std::get_if<mqtt::Connack>(&packet)) {
    MORTISE_EXPECT(connack->reason == mqtt::ReasonCode::success);
    ++connected_;
  } else {
    const auto* suback = std::get_if<mqtt::Suback>(&packet);
    MORTISE_EXPECT(suback != nullptr && !mqtt::is_error(suback->reasons.at(0)));
    ++subscribed_;
  }
}

}  // namespace mortise::bench
