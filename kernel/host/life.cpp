#include "host/life.hpp"

#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "host/in_plugin.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

namespace {

constexpr base::Duration owed_step = std::chrono::milliseconds{5};

// An answer of start() or drain() that may come later.
class LateAnswer {
 public:
  void tell(Said said) {
    const std::lock_guard lock{mutex_};
    answer_ = said.answer;
    changed_.notify_all();
  }
  mortise_answer_t wait() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return answer_.has_value(); });
    return *answer_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<mortise_answer_t> answer_;
};

// Calls start or drain and waits for the answer, for as long as the token's deadline allows.
template <class Call>
mortise_answer_t call_and_wait(Instance& instance, std::string_view where, base::Duration patience,
                               Call call) {
  Tokens& tokens = instance.in.tokens;
  CallContext context{instance};
  context.deadline = monotonic_now() + patience;
  mortise_call_t raw = instance.quiet_call(&context);
  const mortise_answer_t answer =
      instance.guarded(where, mortise_answer_t{MORTISE_FALLBACK}, [&] { return call(&raw); });
  if (answer != MORTISE_PENDING) {
    // Whatever it says instead: a token without PENDING is void, and nothing else would ever settle it.
    if (context.token.id != 0) tokens.abandon(context.token);
    return answer == MORTISE_REPLIED && context.said ? context.said->answer : answer;
  }
  if (!context.token_is_taken) {
    instance.fault(where, "PENDING without a token");
    return MORTISE_FALLBACK;
  }
  const auto late = std::make_shared<LateAnswer>();
  const auto early =
      tokens.commit(context.token, [late](Settled, Said said) { late->tell(std::move(said)); });
  return early ? early->answer : late->wait();
}

void log_owed(Instance& instance, const std::string& what) {
  const std::array<broker::Log::Field, 2> fields{{{"plugin", instance.name()}, {"owed", what}}};
  instance.in.log.write(broker::LogLevel::warning, "host", "plugin.owed", "a plugin did not finish in time",
                        nullptr, fields);
}

// Waits until its clients are closed and everything posted and published for it has run.
void wait_for_owed(Instance& instance) {
  InlineClients& clients = instance.in.inline_clients;
  const auto give_up = monotonic_now() + instance.in.options.drain_patience;
  while (clients.open_of(instance) != 0 && monotonic_now() < give_up) std::this_thread::sleep_for(owed_step);
  if (const std::size_t open = clients.open_of(instance); open != 0)
    log_owed(instance, std::to_string(open) + " inline clients");
  while (instance.work_owed.load() != 0 && monotonic_now() < give_up) std::this_thread::sleep_for(owed_step);
  if (const auto owed = instance.work_owed.load(); owed != 0)
    log_owed(instance, std::to_string(owed) + " pieces of work");
}

void drain(Instance& instance) {
  instance.state = State::draining;
  const InPlugin called{instance.name(), instance.file, "in drain()"};
  if (instance.manifest.life->drain) {
    const mortise_answer_t answer =
        call_and_wait(instance, "drain", instance.in.options.drain_patience,
                      [&](auto* call) { return instance.manifest.life->drain(instance.self, call); });
    if (answer != MORTISE_ALLOW) log_owed(instance, "drain()");
  }
  instance.in.tokens.cancel_all(instance);
  instance.publishing.cancel_all();
  instance.in.client_reads.cancel_all(instance);
  instance.in.inline_clients.close_all(instance);
  wait_for_owed(instance);
}

void stop_and_destroy(Instance& instance) {
  const InPlugin called{instance.name(), instance.file, "in stop()"};
  const mortise_plugin_t& life = *instance.manifest.life;
  instance.timers.cancel_all();
  // Behind what is still under way on the strand: a timer, a done.
  instance.strand.run([] {});
  instance.state = State::stopping;
  instance.guarded("stop", [&] { life.stop(instance.self); });
  instance.state = State::stopped;
  instance.strand.finish();
  instance.guarded("destroy", [&] { life.destroy(instance.self); });
  instance.self = nullptr;
}

}  // namespace

bool start_instance(Instance& instance, std::vector<config::Finding>& findings) {
  Report report{instance.settings, *instance.config, instance.key()};
  instance.state = State::starting;
  const InPlugin called{instance.name(), instance.file, "in start()"};
  const mortise_answer_t answer = call_and_wait(
      instance, "start", instance.in.options.start_patience,
      [&](auto* call) { return instance.manifest.life->start(instance.self, call, report.abi()); });
  if (answer == MORTISE_ALLOW) {
    instance.state = State::running;
    for (config::Finding& finding : report.take()) findings.push_back(std::move(finding));
    return true;
  }
  report.need_error(answer == MORTISE_FALLBACK ? "it did not get ready" : "it refused to start");
  for (config::Finding& finding : report.take()) findings.push_back(std::move(finding));
  instance.in.board.publish({}, {&instance}, {});
  instance.in.tokens.cancel_all(instance);
  instance.in.inline_clients.close_all(instance);
  instance.in.log.remove_all(instance.strand);
  stop_and_destroy(instance);
  return false;
}

void stop_instance(Instance& instance, const std::function<bool()>& pass) {
  switch (instance.now()) {
    case State::created:
    case State::configured:
      instance.guarded("destroy", [&] { instance.manifest.life->destroy(instance.self); });
      instance.self = nullptr;
      instance.state = State::stopped;
      instance.strand.finish();
      return;
    case State::running: break;
    default: return;
  }
  instance.in.board.publish({}, {&instance}, {});
  drain(instance);
  if (instance.manifest.authenticate && instance.manifest.authenticate->forget)
    for (const std::uint64_t word : instance.in.client_data.take_all(instance))
      instance.guarded("authenticate.forget",
                       [&] { instance.manifest.authenticate->forget(instance.self, word); });
  if (!pass()) return;
  instance.in.log.remove_all(instance.strand);
  if (instance.manifest.log_sink && instance.manifest.log_sink->flush)
    instance.strand.run([&instance] {
      instance.guarded("log-sink.flush", [&] { instance.manifest.log_sink->flush(instance.self); });
    });
  stop_and_destroy(instance);
}

Prepared prepare_reload(Instance& instance, const config::Plugin& settings, const config::Tree& config,
                        std::vector<config::Finding>& findings) {
  const mortise_reload_t* table = instance.manifest.reload;
  const InPlugin called{instance.name(), instance.file, "preparing for new settings"};
  Report report{settings, config, instance.key()};
  const auto* const node = reinterpret_cast<const mortise_node_t*>(&config);
  Prepared prepared;
  const mortise_status_t status =
      instance.guarded("reload.prepare", mortise_status_t{MORTISE_E_INTERNAL},
                       [&] { return table->prepare(instance.self, node, report.abi(), &prepared.plan); });
  prepared.is_ready = status == MORTISE_OK;
  if (!prepared.is_ready) report.need_error("it did not take its files");
  for (config::Finding& finding : report.take()) findings.push_back(std::move(finding));
  return prepared;
}

void commit_reload(Instance& instance, void* plan) {
  const InPlugin called{instance.name(), instance.file, "taking new settings"};
  instance.guarded("reload.commit", [&] { instance.manifest.reload->commit(instance.self, plan); });
}

void roll_back_reload(Instance& instance, void* plan) {
  const InPlugin called{instance.name(), instance.file, "forgetting new settings"};
  instance.guarded("reload.rollback", [&] { instance.manifest.reload->rollback(instance.self, plan); });
}

Reload reload_instance(Instance& instance, std::vector<config::Finding>& findings) {
  if (!instance.manifest.reload || !instance.is(State::running)) return Reload::has_none;
  const Prepared prepared = prepare_reload(instance, instance.settings, *instance.config, findings);
  if (prepared.is_ready) commit_reload(instance, prepared.plan);
  return prepared.is_ready ? Reload::done : Reload::refused;
}

}  // namespace mortise::host
