#include "host/own_figures.hpp"

#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

namespace {

using Labels = FigureSheet::Labels;

template <class Counter>
std::uint64_t sum_of(const broker::Shared& shared, Counter counter) {
  std::uint64_t all = 0;
  for (const auto& ledger : shared.ledgers) all += counter(*ledger).value();
  return all;
}

void write_by_qos(const broker::Shared& shared, FigureSheet& sheet, Figure figure,
                  broker::QosCounter broker::Ledger::*counter) {
  for (const auto qos : {mqtt::Qos::at_most_once, mqtt::Qos::at_least_once, mqtt::Qos::exactly_once}) {
    std::uint64_t all = 0;
    for (const auto& ledger : shared.ledgers) all += (*ledger.*counter).value(qos);
    sheet.add(figure, all, {{"qos", std::to_string(static_cast<int>(qos))}});
  }
}

// A figure that has one row for each of a list of names.
template <class Names, class Counters>
void write_by_name(const broker::Shared& shared, FigureSheet& sheet, Figure figure, const char* label,
                   const Names& names, Counters broker::Ledger::*counters) {
  for (std::size_t i = 0; i < names.size(); ++i)
    sheet.add(figure,
              sum_of(
                  shared, [&](const auto& ledger) -> auto& { return (ledger.*counters)[i]; }),
              {{label, std::string{names[i]}}});
}

void write_messages(const broker::Shared& shared, FigureSheet& sheet) {
  using broker::Ledger;
  const auto add = [&](Figure figure, broker::Counter Ledger::*counter) {
    sheet.add(figure, sum_of(
                          shared, [&](const Ledger& ledger) -> auto& { return ledger.*counter; }));
  };
  write_by_qos(shared, sheet, Figure::messages_received, &Ledger::published);
  write_by_qos(shared, sheet, Figure::messages_delivered, &Ledger::out);
  add(Figure::messages_routed, &Ledger::routed);
  add(Figure::messages_to_nobody, &Ledger::to_nobody);
  write_by_name(shared, sheet, Figure::messages_refused, "reason", broker::refused_names, &Ledger::refused);
  add(Figure::retained_refused, &Ledger::retained_refused);
  add(Figure::deliveries, &Ledger::deliveries);
  add(Figure::deliveries_restored, &Ledger::restored);
  add(Figure::deliveries_queued, &Ledger::queued);
  write_by_name(shared, sheet, Figure::deliveries_dropped, "reason", broker::dropped_names, &Ledger::dropped);
  write_by_name(shared, sheet, Figure::limit_hits, "limit", broker::limit_names, &Ledger::limited);
  add(Figure::sessions, &Ledger::sessions);
  add(Figure::sessions_connected, &Ledger::connected);
  add(Figure::subscriptions, &Ledger::subscriptions);
}

void write_memory(const broker::Shared& shared, FigureSheet& sheet) {
  sheet.add(Figure::retained_messages, std::uint64_t{shared.retained.size()});
  sheet.add(Figure::retained_bytes, shared.retained.bytes());
  for (std::size_t i = 0; i < broker::account_names.size(); ++i) {
    const auto account = static_cast<broker::Account>(i);
    std::int64_t bytes =
        shared.retained_accounts.charged(account) + shared.groups.accounts().charged(account);
    for (const auto& ledger : shared.ledgers) bytes += ledger->accounts.charged(account);
    sheet.add(Figure::memory, static_cast<double>(bytes),
              {{"account", std::string{broker::account_names[i]}}});
  }
  if (const std::uint64_t most = shared.options()->memory_max; most != UINT64_MAX)
    sheet.add(Figure::memory_limit, most);
  sheet.add(Figure::memory_pressure, static_cast<double>(shared.pressure.load()));
}

void write_store(const Innards& in, const broker::Shared& shared, FigureSheet& sheet) {
  const broker::Journal& journal = shared.journal;
  if (!journal.has_store()) return;
  sheet.add(Figure::store_failing, journal.failing() ? 1.0 : 0.0);
  sheet.add(Figure::store_pending, std::uint64_t{journal.pending_bytes()});
  for (const auto& [name, level] :
       {std::pair{"written", broker::Level::written}, {"synced", broker::Level::synced}}) {
    const std::uint64_t reached = journal.line(level);  // first: the other one only grows meanwhile
    sheet.add(Figure::store_lag, journal.last_sequence() - reached, {{"level", name}});
    sheet.add(Figure::store_lag_time, std::chrono::duration<double>(in.store.lag(level)).count(),
              {{"level", name}});
  }
  const CommitSizes& sizes = in.store.commit_sizes();
  sheet.add(Figure::store_commit_bytes, sizes.bytes.bounds(), sizes.bytes.counts(), sizes.bytes.sum());
  sheet.add(Figure::store_commit_batches, sizes.batches.bounds(), sizes.batches.counts(),
            sizes.batches.sum());
}

void write_plugin(const Instance& instance, FigureSheet& sheet) {
  const Labels whose{{"plugin", instance.name()}};
  sheet.add(Figure::plugin_running, instance.is(State::running) ? 1.0 : 0.0, whose);
  sheet.add(Figure::plugin_faults, instance.faults.load(), whose);
  sheet.add(Figure::plugin_late_answers, instance.late_answers.load(), whose);
  sheet.add(Figure::plugin_message_bytes, static_cast<double>(instance.accounts.charged()), whose);
  for (std::size_t hook = 0; hook < HookAccount::hooks; ++hook) {
    if (!instance.has_hook(hook)) continue;
    Labels labels{{"plugin", instance.name()}, {"hook", std::string{hook_name(hook)}}};
    const HookAccount::Sum sum = instance.hook_account.sum(hook);
    sheet.add(Figure::hook_calls, sum.calls, labels);
    sheet.add(Figure::hook_sampled_calls, sum.sampled, labels);
    sheet.add(Figure::hook_sampled_time, static_cast<double>(sum.nanoseconds) / 1e9, labels);
    sheet.add(Figure::hook_slow_calls, sum.slow, labels);
    sheet.add(Figure::hook_deferred, sum.deferred, std::move(labels));
  }
}

}  // namespace

void write_figures(const Innards& in, FigureSheet& sheet) {
  sheet.add(Figure::uptime, std::chrono::duration<double>(monotonic_now() - in.begun).count());
  if (const broker::Shared* const shared = in.shared.load()) {
    write_messages(*shared, sheet);
    write_memory(*shared, sheet);
    write_store(in, *shared, sheet);
  }
  if (Loops* const loops = in.loops.load()) loops->write_figures(sheet);
  sheet.add(Figure::log_lines_dropped, in.log.dropped());
  for (const Losses::Row& row : in.losses.rows()) {
    sheet.add(Figure::plugin_lost_messages, row.messages, {{"reason", row.name}});
    sheet.add(Figure::plugin_lost_bytes, row.bytes, {{"reason", row.name}});
    sheet.add(Figure::plugin_refused_connections, row.connections, {{"reason", row.name}});
  }
  const std::shared_ptr<const Roster::List> instances = in.roster.list();
  for (const Instance* const instance : *instances) {
    write_plugin(*instance, sheet);
    if (instance->is_open()) instance->metrics.write(sheet, instance->name());
  }
}

}  // namespace mortise::host
