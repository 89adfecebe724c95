#include "simulation/world.hpp"

#include <charconv>

namespace mortise::simulation {

namespace {

MessageId id_of(std::string_view payload) {
  MessageId id = ~0U;
  if (payload.size() >= 8) std::from_chars(payload.data(), payload.data() + 8, id, 16);
  return id;
}

// One whose body left memory is known by what the store has.
MessageId id_of(const broker::Message& message, const ModelStore& store) {
  if (message.is_stub()) {
    const auto stored = store.find(message.number());
    return stored ? id_of(stored->payload) : ~0U;
  }
  return id_of({reinterpret_cast<const char*>(message.payload().data()), message.payload().size()});
}

// The broker's switches are global: they are set for one run and put back whatever becomes of it.
class WithoutRule {
 public:
  explicit WithoutRule(std::optional<broker::Rule> rule) : rule_{rule} { set(true); }
  ~WithoutRule() { set(false); }
  WithoutRule(const WithoutRule&) = delete;
  WithoutRule& operator=(const WithoutRule&) = delete;

 private:
  void set(bool off) {
    if (rule_) broker::rule_off[static_cast<std::size_t>(*rule_)] = off;
  }
  std::optional<broker::Rule> rule_;
};

}  // namespace

Outcome run(const Setup& setup) {
  const WithoutRule without{setup.without};
  Outcome outcome;
  Trace trace{setup.trace};
  Random random{setup.seed};
  try {
    World world{setup, random, trace};
    const auto count = [&] {
      outcome.letters = world.letters();
      outcome.crashes = world.crashes();
    };
    try {
      world.chaos();
      world.quiesce();
    } catch (const Violation&) {
      count();
      throw;
    }
    count();
  } catch (const Violation& violation) {
    outcome.passed = false;
    outcome.what = violation.what();
  }
  outcome.trace_hash = trace.hash();
  outcome.trace = trace.text();
  return outcome;
}

World::World(const Setup& setup, Random& random, Trace& trace)
    : random_{random},
      trace_{trace},
      plan_{setup, random},
      wall_offset_{random.percent(20) ? 0 : 1'700'000'000'000},
      oracle_{trace, plan_.clients + 1, plan_.options, plan_.store},
      store_{trace},
      hooks_{random,
             {plan_.pending_answers, plan_.intercepts, plan_.receives},
             [this](std::string_view client, const broker::Message& message, std::string_view reason) {
               ClientIndex index = 0;
               std::from_chars(client.data() + 1, client.data() + client.size(), index);
               const MessageId id = id_of(message, store_);
               trace_.note("loss     c%u message %d: %.*s", index, static_cast<int>(id),
                           static_cast<int>(reason.size()), reason.data());
               oracle_.dropped(index, id, reason);
             }} {
  listener_.name = "simulated";
  listener_.anonymous = true;
  clients_.reserve(plan_.clients + 1);
  for (ClientIndex index = 0; index <= plan_.clients; ++index) {
    Client::Profile profile;
    profile.index = index;
    const bool is_probe = index == plan_.clients;
    profile.version = random_.percent(plan_.version_5) ? mqtt::Version::v5_0 : mqtt::Version::v3_1_1;
    if (!is_probe && random_.percent(plan_.persistent)) {
      profile.expiry_s = mqtt::session_never_expires;
      if (profile.version == mqtt::Version::v5_0 && random_.percent(plan_.short_session))
        profile.expiry_s = random_.between(10, 90);
    }
    if (!is_probe && random_.percent(plan_.receive_small))
      profile.receive_maximum = static_cast<std::uint16_t>(random_.between(1, 4));
    if (!is_probe && random_.percent(20))
      profile.keep_alive_s = static_cast<std::uint16_t>(random_.between(5, 30));
    if (!is_probe && profile.version == mqtt::Version::v5_0 && random_.percent(plan_.packet_small)) {
      profile.maximum_packet_size = 1000;
      oracle_.takes_small_packets_only(index);
    }
    profile.has_will = !is_probe && random_.percent(plan_.will);
    clients_.emplace_back(profile, random_, plan_, oracle_, trace_);
  }
  plan_.options.session_expiry_max_s = mqtt::session_never_expires;
  oracle_.knows_homes(
      [this](ClientIndex client) { return process_->shared.home_of(clients_[client].profile().name()); });
  start();
}

World::~World() { store_.forget(); }  // its messages are charged to the process, which goes first

// ---- time and the process

void World::advance(Milliseconds by) {
  now_ += by;
  trace_.at(now_);
  oracle_.at(now_);
}

base::Now World::clock() const {
  const std::chrono::milliseconds since_start{now_};
  return {base::TimePoint{since_start}, base::from_unix_ms(wall_offset_ + now_)};
}

void World::start() {
  if (plan_.loops_change && crashes_ != 0) plan_.loops = random_.percent(50) ? 1 : 3;
  broker::Options options = plan_.options;
  options.seed = {random_.next(), random_.next()};
  store_.begin();
  process_ = std::make_unique<Process>(std::move(options), plan_.loops, plan_.store ? &store_ : nullptr,
                                       hooks_, log_);
  trace_.note("broker   starts with %u loops", plan_.loops);
  if (!plan_.store) {
    process_->time.emplace(base::WallTime{}, clock());
    for (std::uint32_t loop = 0; loop < plan_.loops; ++loop)
      process_->brokers.push_back(std::make_unique<broker::Broker>(process_->shared, loop, clock()));
    return;
  }
  std::vector<broker::Broker*> brokers;
  broker::Restorer restorer{process_->shared};
  store_.restore(restorer, *process_->shared.options());
  process_->time.emplace(restorer.latest(), clock());
  const base::Now now = process_->time->at(clock());
  for (std::uint32_t loop = 0; loop < plan_.loops; ++loop) {
    process_->brokers.push_back(std::make_unique<broker::Broker>(process_->shared, loop, now));
    brokers.push_back(process_->brokers.back().get());
    brokers.back()->begin_turn(now);
  }
  const auto outcome = restorer.finish(brokers, now);
  trace_.note(
      "broker   restored %zu sessions, %zu subscriptions, %zu deliveries, %zu retained, %zu wills, %zu "
      "orphans",
      outcome.sessions, outcome.subscriptions, outcome.deliveries, outcome.retained, outcome.wills,
      outcome.orphans);
  for (std::uint32_t loop = 0; loop < plan_.loops; ++loop) {
    brokers[loop]->end_turn();
    carry_out(loop);
  }
  process_->ready_at = store_.handed_over();
}

bool World::is_listening() const {
  return !plan_.store || process_->shared.journal.line(broker::Level::synced) >= process_->ready_at;
}

std::uint64_t World::letters() const {
  std::uint64_t letters = letters_;
  if (process_)
    for (const auto& ledger : process_->shared.ledgers) letters += ledger->letters_sent.value();
  return letters;
}

void World::crash() {
  ++crashes_;
  const Crash kind = random_.percent(plan_.power_cut) ? Crash::power_cut : Crash::kill;
  // What the broker had given to the network may still arrive.
  for (Client& client : clients_)
    if (client.connection) deliver_to_client(client, random_.percent(60));
  trace_.note("CRASH    %s", kind == Crash::kill ? "kill" : "power cut");
  letters_ = letters();
  const bool unkept = plan_.options.on_failure == broker::Options::OnFailure::memory &&
                      (failing_until_ != 0 || store_.synced() < unkept_to_);
  store_.crash(kind, random_.below(4));
  hooks_.late.clear();
  oracle_.crashed(kind);
  for (Client& client : clients_)
    if (client.connection) client.on_lost();
  if (unkept) {
    oracle_.crashed_unkept();
    for (Client& client : clients_) client.begin_anew();
  }
  connections_.clear();
  const broker::StoreTime time_before = *process_->time;
  process_.reset();
  failing_until_ = 0;
  unkept_to_ = 0;

  advance(random_.between(10, 2000));
  const base::WallTime went_on = time_before.at(clock()).wall;
  if (random_.percent(plan_.clock_back)) wall_offset_ = -now_ + random_.below(1000);
  if (random_.percent(plan_.clock_forward)) wall_offset_ += 3'600'000;
  start();
  oracle_.restarted(process_->time->at(clock()).wall > went_on);
}

}  // namespace mortise::simulation
