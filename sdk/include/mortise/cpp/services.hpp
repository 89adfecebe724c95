// The host's tables of one instance, looked up once.
//
// Thread: written in create() and start(), before any hook runs, and read from every thread afterwards; but for
//         what is atomic.
// Owns:   nothing of the host; the callbacks that wait to be called.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

#include "mortise/cpp/view.hpp"
#include "mortise/draft/accept.h"
#include "mortise/draft/psk.h"
#include "mortise/draft/store_service.h"

namespace mortise::detail {

struct services;

// What a timer calls. Kept by `services` as long as the host may call it, and by the timer object.
struct alarm {
  const services& of;
  std::function<void()> run;
  bool repeats;
  std::atomic<bool> off = false;

  static void ring(void* context) noexcept;
};

struct services {
  const mortise_host_t* host = nullptr;
  const mortise_config_t* config = nullptr;
  const mortise_log_t* log = nullptr;
  const mortise_time_t* time = nullptr;
  const mortise_hooks_t* hooks = nullptr;
  const mortise_messages_t* messages = nullptr;
  const mortise_work_t* work = nullptr;
  const mortise_publisher_t* publisher = nullptr;
  const mortise_ledger_t* ledger = nullptr;
  const mortise_inline_clients_t* inline_clients = nullptr;
  const mortise_clients_t* clients = nullptr;
  const mortise_metrics_t* metrics = nullptr;
  const mortise_host_store_t* store = nullptr;
  // Of the call that may report at present, and its thread: others see that it is not theirs.
  std::atomic<const mortise_report_t*> report = nullptr;
  std::atomic<std::thread::id> reports{};

  explicit services(const mortise_host_t* of) : host{of} {
    find(MORTISE_HOST_CONFIG, config);
    find(MORTISE_HOST_LOG, log);
    find(MORTISE_HOST_TIME, time);
  }

  // What opens with start(); a service that is not granted stays away and need() says so when it is used.
  void open() {
    find(MORTISE_HOST_HOOKS, hooks);
    find(MORTISE_HOST_MESSAGES, messages);
    find(MORTISE_HOST_WORK, work);
    find(MORTISE_HOST_PUBLISH, publisher);
    find(MORTISE_HOST_LEDGER, ledger);
    find(MORTISE_HOST_INLINE, inline_clients);
    find(MORTISE_HOST_CLIENTS, clients);
    find(MORTISE_HOST_METRICS, metrics);
    find(MORTISE_HOST_STORE, store);
  }

  template <class Table>
  const Table& need(const Table* table, const char* id) const {
    if (!table)
      throw error{MORTISE_E_NOT_GRANTED, std::string{id} + " is not open: before start, or not granted"};
    return *table;
  }

  void fault(std::string_view where, std::string_view text) const noexcept {
    host->fault(host, str(where), str(text));
  }

  void keep(const std::shared_ptr<alarm>& what) const {
    const std::lock_guard lock{alarms_mutex_};
    alarms_.emplace(what.get(), what);
  }
  void forget(const alarm* what) const {
    const std::lock_guard lock{alarms_mutex_};
    alarms_.erase(what);
  }

 private:
  template <class Table>
  void find(const char* id, const Table*& table) {
    const void* found = nullptr;
    if (host->service(host, id, &found) == MORTISE_OK) table = static_cast<const Table*>(found);
  }

  mutable std::mutex alarms_mutex_;
  mutable std::unordered_map<const alarm*, std::shared_ptr<alarm>> alarms_;
};

// Runs `body` at the border: what it throws is counted as a fault of `where`, and `otherwise` is returned.
template <class Body>
std::int32_t guarded(const services& of, std::string_view where, std::int32_t otherwise,
                     Body&& body) noexcept {
  try {
    return body();
  } catch (const std::exception& thrown) {
    of.fault(where, thrown.what());
  } catch (...) {
    of.fault(where, "an exception of unknown type");
  }
  return otherwise;
}
template <class Body>
void guarded(const services& of, std::string_view where, Body&& body) noexcept {
  guarded(of, where, 0, [&] {
    body();
    return 0;
  });
}

inline void alarm::ring(void* context) noexcept {
  auto& self = *static_cast<alarm*>(context);
  if (!self.off.load()) guarded(self.of, "timer", self.run);
  if (!self.repeats) self.of.forget(&self);
}

// A function on its way through the host, which calls it exactly once.
struct errand {
  const services& of;
  std::function<void()> run;

  static void call(void* context) noexcept {
    const std::unique_ptr<errand> own{static_cast<errand*>(context)};
    guarded(own->of, "work", own->run);
  }
};
inline bool send(const services& of, decltype(mortise_work_t::post) way, std::function<void()> run) {
  auto* given = new errand{of, std::move(run)};
  if (way(of.host, &errand::call, given) == MORTISE_OK) return true;
  delete given;
  return false;
}

// Who is told that a message was published; also called exactly once.
struct publication {
  const services& of;
  std::function<void(mortise_status_t, std::uint32_t)> run;

  static void call(void* context, mortise_status_t status, std::uint32_t level) noexcept {
    const std::unique_ptr<publication> own{static_cast<publication*>(context)};
    guarded(own->of, "publish.done", [&] { own->run(status, level); });
  }
};

}  // namespace mortise::detail
