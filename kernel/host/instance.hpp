// One plugin entry of the configuration, from its library to its end.
//
// Thread: made and ended by the control thread; what others read is atomic, constant after start, or says so.
// Owns:   the plugin's object, its strand, its settings.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "config/settings.hpp"
#include "host/grants.hpp"
#include "host/hook_account.hpp"
#include "host/library.hpp"
#include "host/manifest.hpp"
#include "host/metrics.hpp"
#include "host/publish_queue.hpp"
#include "host/report.hpp"
#include "host/strand.hpp"
#include "host/timers.hpp"

namespace mortise::host {

struct Innards;

enum class State : std::uint8_t {
  described,
  created,
  configured,
  starting,
  running,
  draining,
  stopping,
  stopped
};
std::string_view name_of(State state) noexcept;

struct Instance {
  // `chosen` is its entry in the YAML, `place` the entry's index there, `library` the file that was found.
  // Nothing is opened yet, and `config` waits for the schema's defaults. A reload may give it another place
  // and another section.
  Instance(Innards& inside, const config::Plugin& chosen, std::size_t place, std::filesystem::path library);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const std::string& name() const noexcept { return settings.name.value; }
  std::string key() const { return "plugins/" + std::to_string(index.load()); }
  static Instance& of(const mortise_host_t* host) noexcept { return *static_cast<Instance*>(host->context); }

  State now() const noexcept { return state.load(std::memory_order_acquire); }
  bool is(State one) const noexcept { return now() == one; }
  // From start() to the end of drain().
  bool is_open() const noexcept { return now() >= State::starting && now() <= State::draining; }
  bool on_strand() const noexcept { return manifest.on_strand(); }

  // Counts a fault and logs it: the first at once, then one line in ten seconds at most.
  void fault(std::string_view where, std::string_view text);
  // Runs a function of the plugin. What it throws is a fault, and `otherwise` is returned.
  template <class Call, class Value>
  Value guarded(std::string_view where, Value otherwise, Call&& call) noexcept {
    try {
      return call();
    } catch (const std::exception& thrown) {
      fault(where, thrown.what());
    } catch (...) {
      fault(where, "an exception of unknown type");
    }
    return otherwise;
  }
  template <class Call>
  void guarded(std::string_view where, Call&& call) noexcept {
    guarded(where, 0, [&] { return call(), 0; });
  }
  // Calls one of its hooks, which is counted, and one in 64 timed. `loop`: where; MORTISE_NO_LOOP on the
  // strand.
  template <class Call>
  auto asked(std::size_t hook, std::uint32_t loop, Call&& call) {
    return hook_account.timed(hook, loop, hook_time.load(std::memory_order_relaxed), std::forward<Call>(call),
                              [this, hook](base::Duration took) { tell_slow(hook, took); });
  }
  // Whether the plugin has that hook of HookAccount at all.
  bool has_hook(std::size_t hook) const noexcept;
  // A call that comes from no loop.
  mortise_call_t quiet_call(void* context) const noexcept;

  Innards& in;
  // Name, hooks and grants never change; the rest is the control thread's.
  config::Plugin settings;
  std::atomic<std::size_t> index;  // in the configuration
  const std::size_t number;        // of all instances there ever were
  const std::filesystem::path file;
  std::optional<FileIdentity> identity;  // of the file that was opened
  std::unique_ptr<config::Tree> config;  // the control thread's, and the plugin's as abi/config.h says
  Manifest manifest;
  Grants grants;
  void* self = nullptr;
  std::atomic<State> state{State::described};
  mortise_host_t abi{};
  Strand strand;
  Timers timers;
  PublishQueue publishing;
  broker::Accounts& accounts;                    // of messages it has made; as long as the host
  const std::atomic<base::Duration>& hook_time;  // what its hooks may take on a loop
  HookAccount hook_account;
  Metrics metrics;

  // What work.submit and work.post still owe.
  std::atomic<std::uint32_t> work_owed{0};
  bool has_attached_store = false;  // written in start() only
  std::atomic<std::uint64_t> faults{0};
  std::atomic<std::uint64_t> late_answers{0};

 private:
  // A line in ten seconds at most for each hook.
  void tell_slow(std::size_t hook, base::Duration took);

  std::mutex fault_mutex_;
  struct Told {
    base::TimePoint at{};
    std::uint64_t since = 0;
    // How often it happened up to now, when it is time to say so.
    std::optional<std::uint64_t> count(base::TimePoint now);
  };
  std::map<std::string, Told, std::less<>> faults_told_;  // by where; a few dozen at most
  std::array<Told, HookAccount::hooks> slow_told_;
};

}  // namespace mortise::host
