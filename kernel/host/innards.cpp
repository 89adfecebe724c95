#include "host/innards.hpp"

#include <cstdio>

#include "host/instance.hpp"

namespace mortise::host {

namespace {

std::function<void(const LogLine&)> plain_log_of(const Options& options) {
  if (options.plain_log) return options.plain_log;
  return [](const LogLine& line) { std::fprintf(stderr, "%s\n", line.plain().c_str()); };
}

}  // namespace

Innards::Innards(Options chosen)
    : options{std::move(chosen)},
      plugin_path{options.plugin_path},
      hook_time{options.hook_time},
      log{options.log_bytes_max, plain_log_of(options)},
      workers{options.workers, options.work_waiting_max},
      tokens{clock},
      board{options.loops},
      decisions{*this, options.loops},
      hooks{*this, options.loops},
      store{*this},
      inline_clients{*this, options.loops},
      client_reads{*this} {}

Innards::~Innards() {
  // Alarms point into instances, and strands into everything.
  clock.finish();
  workers.finish();
  for (std::size_t i = 0; i < roster.size(); ++i) roster.at(i).strand.finish();
}

broker::Level Innards::level_of(std::string_view topic) const {
  const broker::Shared* const now = shared.load();
  return now && now->journal.has_store() ? now->options()->level_of(topic) : broker::Level::memory;
}

void Innards::forget(std::uint64_t plugin_data) {
  const ClientData data = client_data.take(plugin_data);
  if (!data.owner) return;
  Instance& owner = *data.owner.load();
  if (!owner.manifest.authenticate->forget) return;
  if (!owner.is_open()) return;  // it has ended, and a late answer of its was kept all the same
  const auto tell = [&owner, word = data.word] {
    owner.guarded("authenticate.forget", [&] { owner.manifest.authenticate->forget(owner.self, word); });
  };
  if (owner.on_strand())
    owner.strand.post_always(tell);
  else
    tell();
}

base::WallTime Innards::wall() const {
  Loops* const all = loops.load();
  return all ? all->wall() : machine_wall_now();
}

void Innards::wake_loops() {
  if (Loops* const all = loops.load()) all->wake_all();
}

}  // namespace mortise::host
