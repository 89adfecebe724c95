#include "broker/shedding.hpp"

#include <algorithm>

namespace mortise::broker {

namespace {

constexpr base::Duration period = std::chrono::milliseconds{100};
constexpr std::uint64_t said_holds_ms = 1000;  // of a loop that hangs nobody waits to hear more
constexpr std::size_t queues_at_once = 16;
constexpr std::size_t drops_between_looks = 256;
constexpr std::size_t drops_at_once = 16 * 1024;
constexpr std::uint64_t large_holding = 64 * 1024, small_holding = 4 * 1024;
constexpr std::size_t stub_bytes = 80;  // what a message takes whose body has left memory, or will have

std::uint64_t milliseconds(base::TimePoint time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

std::string mebibytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 / (1024 * 1024);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

// What dropping it all would give back, about.
std::uint64_t queued_by(const Session& session) {
  const std::uint64_t messages = session.outbox.size();
  return messages * sizeof(Waiting) + (session.is_stored() ? messages * stub_bytes : session.queued_bytes);
}

}  // namespace

void Shedding::look() {
  Shared& shared = core_.shared;
  const std::uint64_t in_use = used();
  Pressure before = shared.pressure.load(std::memory_order_relaxed);
  const Pressure now = pressure_at(in_use, core_.options.memory_max, before);
  if (now != before && shared.pressure.compare_exchange_strong(before, now, std::memory_order_relaxed)) {
    announce(before, now, in_use);
    if (now > before)  // those that sleep have something to shed, too
      for (std::uint32_t loop = 0; loop < shared.loops(); ++loop)
        if (loop != core_.loop) core_.effects.wake |= std::uint64_t{1} << loop;
  }
  core_.pressure = now;
  if (now != Pressure::none && !timer_.is_set()) core_.deadlines.set(timer_, core_.now.monotonic);
}

void Shedding::announce(Pressure before, Pressure now, std::uint64_t used) const {
  const std::string budget = mebibytes(core_.options.memory_max);
  const std::string in_use = mebibytes(used);
  std::uint64_t dropped = 0, refused = 0;
  for (const auto& ledger : core_.shared.ledgers) {
    dropped += ledger->dropped[static_cast<std::size_t>(Dropped::memory_shed)].value();
    refused += ledger->limited[static_cast<std::size_t>(Limit::memory)].value();
  }
  const std::string all_dropped = std::to_string(dropped);
  const std::string all_refused = std::to_string(refused);
  const auto say = [&](LogLevel level, std::string_view event, const std::string& text) {
    core_.log(level, "kernel", event, text, nullptr,
              {{"in_use", in_use}, {"budget", budget}, {"dropped", all_dropped}, {"refused", all_refused}});
  };
  for (const PressureStep& step : pressure_steps)
    if (step.pressure > before && step.pressure <= now)
      say(LogLevel::warning, "memory.short", "limits.memory is nearly used up: " + std::string{step.what});
    else if (step.pressure == before && now < before)
      say(LogLevel::notice, "memory.relieved",
          "memory is less short: it is over that " + std::string{step.what});
}

void Shedding::on_timer() {
  look();
  if (core_.pressure == Pressure::none) {
    core_.ledger.held_most.set(0);
    return core_.ledger.queued_most.set(0);
  }
  shed_slow_readers();
  shed_queues();
  look();
  if (core_.pressure == Pressure::full)
    core_.effects.sheds_largest = true;
  else
    core_.ledger.held_most.set(0);
  core_.deadlines.set(timer_, core_.now.monotonic + period);
}

std::uint64_t Shedding::held_by(const Client& client) const {
  const Session* session = core_.sessions.find(client.session);
  return client.memory() + client.output.memory() + client.output.size() +
         (client.names ? client.names->memory() : 0) + (session ? queued_by(*session) : 0);
}

// Every loop says what its largest holds, and by the next time all have heard it. Where connections have
// taken most of the memory even small ones are to blame; elsewhere their end would not help.
bool Shedding::sheds(std::uint64_t most) {
  std::uint64_t by_connections = 0, elsewhere = 0;
  for (const auto& ledger : core_.shared.ledgers) {
    by_connections += static_cast<std::uint64_t>(std::max<std::int64_t>(
        0, ledger->accounts.charged(Account::connection) + ledger->accounts.charged(Account::queue)));
    if (ledger.get() != &core_.ledger) elsewhere = std::max(elsewhere, ledger->held_most.value());
  }
  const bool was_said = core_.ledger.held_most.value() != 0;
  core_.ledger.held_most.set(std::max<std::uint64_t>(most, 1));
  const std::uint64_t least = by_connections > core_.options.memory_max / 2 ? small_holding : large_holding;
  if (!was_said || most < least || most < elsewhere) return false;
  core_.ledger.hit(Limit::memory);
  return true;
}

void Shedding::shed_slow_readers() {
  core_.sessions.each([&](SessionKey, Session& session) {
    // None waits for a session that is away.
    if (session.is_connected() && !session.outbox.queued.empty()) delivery_.shed_qos_0(session);
  });
}

// The largest first, each to half of what it had: the next time another may be the largest. Those of
// connected clients at the last step only. A queue smaller than the largest of another loop waits for that
// one to go first: loops that look at themselves alone would empty the small ones for a large one that is
// seen to later, and take for nothing what a message shared with it does not give back.
void Shedding::shed_queues() {
  std::vector<Candidate> largest = largest_queues();
  // As with connections: by the second time all have heard of each other.
  const bool was_said = core_.shared.loops() == 1 || core_.ledger.queued_most.value() != 0;
  const bool sheds = was_said && core_.pressure >= Pressure::queues;
  const std::uint64_t elsewhere = queued_elsewhere();
  std::uint64_t most = 1;
  std::size_t left = drops_at_once;
  for (const Candidate& candidate : largest) {
    Outbox& outbox = candidate.session->outbox;
    const std::size_t before = outbox.size();
    const bool is_its_turn = left != 0 && sheds && candidate.held >= elsewhere && !is_relieved();
    const std::size_t goal = is_its_turn ? before - std::min(left, (before + 1) / 2) : before;
    while (outbox.size() > goal && !is_relieved()) {
      const std::size_t size = outbox.size();
      delivery_.shed_oldest(*candidate.session, std::min(size - goal, drops_between_looks));
      if (outbox.size() == size) break;
    }
    left -= before - outbox.size();
    // For what gives nothing back nobody is to wait.
    if (!is_its_turn || outbox.size() < before) most = std::max(most, queued_by(*candidate.session));
  }
  core_.ledger.queued_most.set(most);
  core_.ledger.queued_said_ms.set(milliseconds(core_.now.monotonic));
}

std::vector<Shedding::Candidate> Shedding::largest_queues() const {
  std::vector<Candidate> largest;
  const auto is_larger = [](const Candidate& a, const Candidate& b) { return a.held > b.held; };
  core_.sessions.each([&](SessionKey, Session& session) {
    if (session.ended || session.outbox.size() == 0) return;
    if (session.is_connected() && (core_.pressure < Pressure::full || session.outbox.queued.empty())) return;
    largest.push_back({queued_by(session), &session});
    std::push_heap(largest.begin(), largest.end(), is_larger);
    if (largest.size() <= queues_at_once) return;
    std::pop_heap(largest.begin(), largest.end(), is_larger);
    largest.pop_back();
  });
  std::sort(largest.begin(), largest.end(), is_larger);
  return largest;
}

std::uint64_t Shedding::queued_elsewhere() const {
  const std::uint64_t now = milliseconds(core_.now.monotonic);
  std::uint64_t most = 0;
  for (const auto& ledger : core_.shared.ledgers)
    if (ledger.get() != &core_.ledger && now <= ledger->queued_said_ms.value() + said_holds_ms)
      most = std::max(most, ledger->queued_most.value());
  return most;
}

}  // namespace mortise::broker
