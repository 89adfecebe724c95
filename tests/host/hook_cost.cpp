// mortise-hook-cost [HOOK CALLS]: what the host takes for one call of one hook that answers at once.
//
// Without arguments: nanoseconds a call, the best of ten rounds of a million. With them: so many calls of
// "authorise" or "intercept" and nothing else between begin and end of collection, for callgrind:
//   valgrind --tool=callgrind --collect-atstart=no mortise-hook-cost authorise 100000
#include <valgrind/callgrind.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "broker/shared.hpp"
#include "config/settings_reader.hpp"
#include "host/alarm_clock.hpp"
#include "host/host.hpp"

namespace mortise::host {
namespace {

class NoLoops : public Loops {
 public:
  void post(std::uint32_t, std::function<void(broker::Broker&)>) override {}
  void wake_all() override {}
  base::WallTime wall() override { return machine_wall_now(); }
};

class Caller {
 public:
  Caller() : host_{options(), plugins()} {
    if (config::has_errors(host_.load()) || config::has_errors(host_.start()))
      throw std::runtime_error{"no plugin"};
    host_.connect(shared_, loops_);
    host_.begin_turn(0);
    client_.client_id = "pump-7";
    client_.username = "pumps";
    client_.address = "10.0.0.17:50122";
    client_.listener = &listener_;
  }
  ~Caller() { host_.stop(); }

  bool authorise() {
    const broker::Access access{broker::Action::publish, message_->topic(), message_.get(), message_->qos()};
    return host_.hooks().authorise(client_, access, {}, now_).decision == broker::Decision::pass;
  }
  bool intercept() {
    return host_.hooks().intercept_publish(client_, message_, {}, now_).decision == broker::Decision::pass;
  }

 private:
  static Options options() {
    Options chosen;
    chosen.config_dir = chosen.state_dir = "/";
    chosen.plugin_path = {MORTISE_TEST_PLUGINS};
    return chosen;
  }
  static std::vector<config::Plugin> plugins() {
    const char* const text =
        "listeners: [{name: local, bind: 127.0.0.1:1883}]\nplugins: [{name: a, library: passing}]\n";
    return config::read_settings_text(text, "mortise.yaml", config::process_environment()).settings.plugins;
  }
  static broker::Options without_store() {
    broker::Options chosen;
    chosen.acknowledge_default = chosen.session_store = broker::Level::memory;
    return chosen;
  }
  static broker::MessageParts parts() {
    broker::MessageParts of;
    of.topic = "plant/7/temperature";
    static constexpr std::uint8_t payload[16]{};
    of.payload = payload;
    of.publisher = "pump-7";
    of.username = "pumps";
    of.qos = mqtt::Qos::at_least_once;
    return of;
  }

  NoLoops loops_;
  Host host_;
  broker::Shared shared_{without_store(), 1, nullptr, host_.hooks(), host_.log()};
  broker::Listener listener_{.name = "local", .anonymous = true};
  broker::ClientFacts client_;
  broker::MessageRef message_ = broker::Message::make(parts(), shared_.retained_accounts);
  base::Now now_{};
};

using Hook = bool (Caller::*)();

bool repeat(Caller& caller, Hook hook, int calls) {
  bool passed = true;
  for (int i = 0; i < calls; ++i) passed = (caller.*hook)() && passed;
  return passed;
}

double best_nanoseconds(Caller& caller, Hook hook) {
  constexpr int calls = 1'000'000;
  double best = 1e9;
  for (int round = 0; round < 10; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    if (!repeat(caller, hook, calls)) throw std::runtime_error{"it did not pass"};
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count() / calls);
  }
  return best;
}

}  // namespace
}  // namespace mortise::host

int main(int count, char** arguments) {
  using namespace mortise::host;
  Caller caller;
  if (count == 3) {
    const Hook hook = std::string_view{arguments[1]} == "intercept" ? &Caller::intercept : &Caller::authorise;
    const int calls = std::atoi(arguments[2]);
    CALLGRIND_TOGGLE_COLLECT;
    const bool passed = repeat(caller, hook, calls);
    CALLGRIND_TOGGLE_COLLECT;
    return passed ? 0 : 1;
  }
  std::printf("authorise %.1f ns\nintercept %.1f ns\n", best_nanoseconds(caller, &Caller::authorise),
              best_nanoseconds(caller, &Caller::intercept));
}
