// The constant tables of a plugin class, and the functions behind them.
//
// Each function in a table does three things: it finds the instance, calls the member, and turns whatever the
// member throws into a fault and the answer that fits. A hook is in the tables only if the class has the
// member.
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "mortise/cpp/answer.hpp"
#include "mortise/cpp/control.hpp"
#include "mortise/cpp/host.hpp"

namespace mortise::detail {

// An instance: the author's object between its host and the C functions.
template <class Plugin>
struct instance {
  explicit instance(const mortise_host_t* host) : of{host} {}

  services of;
  const mortise_node_t* settings = nullptr;  // as configure() and start() see them; a reload has others
  std::optional<Plugin> plugin;              // from configure() to stop()

  static instance& from(void* self) noexcept { return *static_cast<instance*>(self); }
};

// How much of a text such as "/users/3: twice" is a place in the settings. 0 for "/etc/users: no such file":
// it looks the same, so only a pointer that leads somewhere counts.
inline std::size_t place_size(const services& of, const mortise_node_t* settings,
                              std::string_view text) noexcept {
  std::array<char, 256> pointer{};
  const std::size_t colon = text.find(": ");
  if (!settings || !of.config || !text.starts_with('/') || colon >= pointer.size()) return 0;
  std::memcpy(pointer.data(), text.data(), colon);
  return of.config->at(settings, pointer.data()) ? colon : 0;
}

// Tells what was thrown as a finding.
inline void report_thrown(const services& of, const mortise_node_t* settings, const mortise_report_t& report,
                          const std::exception& thrown) noexcept {
  if (const auto* located = dynamic_cast<const finding*>(&thrown)) return located->add_to(report);
  if (const auto* several = dynamic_cast<const findings*>(&thrown)) return several->add_to(report);
  const std::string_view text{thrown.what()};
  mortise_finding_t found{};
  found.size = sizeof found;
  found.level = MORTISE_ERROR;
  found.text = str(text);
  if (const std::size_t place = place_size(of, settings, text); place != 0) {
    found.json_pointer = str(text.substr(0, place));
    found.text = str(text.substr(place + 2));
  }
  report.add(&report, &found);
}

// Runs `body`; what it throws becomes a finding. False: it threw.
template <class Body>
bool reported(services& of, const mortise_node_t* settings, const mortise_report_t& report,
              Body&& body) noexcept {
  struct open_report {
    services& of;
    ~open_report() { of.reports = std::thread::id{}; }
  } const open{of};
  of.report = &report;
  of.reports = std::this_thread::get_id();
  try {
    body();
    return true;
  } catch (const std::exception& thrown) {
    report_thrown(of, settings, report, thrown);
  } catch (...) {
    report_thrown(of, settings, report, std::runtime_error{"an exception of unknown type"});
  }
  return false;
}

// The tables of `Plugin`. Every static function here is a C function of abi/plugin.h, hooks/ or draft/.
template <class Plugin>
struct tables {
  using self_type = instance<Plugin>;

  // ---- life

  static mortise_status_t create(const mortise_host_t* host, void** self) noexcept {
    try {
      *self = new self_type{host};
      return MORTISE_OK;
    } catch (...) {
      return MORTISE_E_MEMORY;
    }
  }

  static mortise_status_t configure(void* self, const mortise_node_t* node,
                                    const mortise_report_t* report) noexcept {
    auto& me = self_type::from(self);
    me.settings = node;
    const bool made = reported(me.of, node, *report, [&] {
      if constexpr (std::is_constructible_v<Plugin, host, config>)
        me.plugin.emplace(host{me.of}, config{me.of, node});
      else
        me.plugin.emplace(host{me.of});
    });
    return made ? MORTISE_OK : MORTISE_E_INVALID;
  }

  static mortise_answer_t start(void* self, mortise_call_t* raw, const mortise_report_t* report) noexcept {
    auto& me = self_type::from(self);
    mortise_answer_t said = MORTISE_ALLOW;
    const bool started = reported(me.of, me.settings, *report, [&] {
      me.of.open();
      if constexpr (requires { me.plugin->start(call{me.of, raw}); })
        said = me.plugin->start(call{me.of, raw}).value;
      else if constexpr (requires { me.plugin->start(); })
        me.plugin->start();
      if constexpr (!attaches_itself) attach_all(me);
    });
    return started ? said : MORTISE_DENY;
  }

  static mortise_answer_t drain(void* self, mortise_call_t* raw) noexcept {
    auto& me = self_type::from(self);
    return guarded(me.of, "drain", MORTISE_ALLOW, [&]() -> mortise_answer_t {
      return me.plugin->drain(call{me.of, raw}).value;
    });
  }

  // The object ends here and not in destroy(): its messages and timers must be back before stop() returns.
  static void stop(void* self) noexcept {
    auto& me = self_type::from(self);
    guarded(me.of, "stop", [&] {
      if constexpr (requires { me.plugin->stop(); }) me.plugin->stop();
    });
    me.plugin.reset();
  }

  static void destroy(void* self) noexcept { delete &self_type::from(self); }

  static void cancelled(void* self, mortise_token_t token, std::uint32_t why) noexcept {
    auto& me = self_type::from(self);
    guarded(me.of, "cancelled", [&] { me.plugin->cancelled(token, why); });
  }

  // ---- decisions

  static mortise_answer_t connect(void* self, mortise_call_t* raw, const mortise_connect_t* in) noexcept {
    return decide(self, raw, "authenticate.connect",
                  [&](Plugin& plugin, call now) { return plugin.authenticate(now, *in); });
  }
  static mortise_answer_t exchange(void* self, mortise_call_t* raw, const mortise_exchange_t* in) noexcept {
    return decide(self, raw, "authenticate.exchange",
                  [&](Plugin& plugin, call now) { return plugin.exchange(now, *in); });
  }
  static void forget(void* self, std::uint64_t data) noexcept {
    auto& me = self_type::from(self);
    guarded(me.of, "authenticate.forget", [&] { me.plugin->forget(data); });
  }
  static mortise_answer_t check(void* self, mortise_call_t* raw, const mortise_access_t* access) noexcept {
    return decide(self, raw, "authorise.check",
                  [&](Plugin& plugin, call now) { return plugin.authorise(now, *access); });
  }
  static mortise_answer_t publish(void* self, mortise_call_t* raw, const mortise_client_view_t* client,
                                  const mortise_message_view_t* message) noexcept {
    return decide(self, raw, "intercept.publish",
                  [&](Plugin& plugin, call now) { return plugin.intercept_publish(now, *client, *message); });
  }

  static mortise_answer_t intercept_connect(void* self, mortise_call_t* raw,
                                            const mortise_connect_t* in) noexcept {
    return decide(self, raw, "intercept.connect",
                  [&](Plugin& plugin, call now) { return plugin.intercept_connect(now, *in); });
  }
  static mortise_answer_t intercept_will(void* self, mortise_call_t* raw, const mortise_client_view_t* client,
                                         const mortise_message_view_t* message) noexcept {
    return decide(self, raw, "intercept.will",
                  [&](Plugin& plugin, call now) { return plugin.intercept_will(now, *client, *message); });
  }
  static mortise_answer_t accept(void* self, mortise_call_t* raw, const mortise_peer_t* peer) noexcept {
    return decide(self, raw, "accept.accept",
                  [&](Plugin& plugin, call now) { return plugin.accept(now, *peer); });
  }

  static mortise_answer_t find(void* self, mortise_call_t* raw, const mortise_psk_query_t* asked,
                               mortise_psk_key_t* key) noexcept {
    return decide(self, raw, "psk.find",
                  [&](Plugin& plugin, call now) { return plugin.find_psk(now, *asked, *key); });
  }

  // ---- happenings, log, reload

  static void events(void* self, mortise_call_t* raw, const mortise_event_t* const* list,
                     std::size_t count) noexcept {
    auto& me = self_type::from(self);
    guarded(me.of, "observe.events", [&] { me.plugin->observe(call{me.of, raw}, std::span{list, count}); });
  }
  static void log_write(void* self, const mortise_log_event_t* const* list, std::size_t count) noexcept {
    auto& me = self_type::from(self);
    guarded(me.of, "log-sink.write", [&] { me.plugin->log_write(std::span{list, count}); });
  }
  static void log_flush(void* self) noexcept {
    auto& me = self_type::from(self);
    guarded(me.of, "log-sink.flush", [&] { me.plugin->log_flush(); });
  }
  static mortise_status_t prepare(void* self, const mortise_node_t* node, const mortise_report_t* report,
                                  void** plan) noexcept {
    auto& me = self_type::from(self);
    const bool made = reported(me.of, node, *report, [&] {
      using plan_type = decltype(me.plugin->prepare(config{me.of, node}));
      *plan = new plan_type{me.plugin->prepare(config{me.of, node})};
    });
    return made ? MORTISE_OK : MORTISE_E_INVALID;
  }
  static void commit(void* self, void* plan) noexcept {
    auto& me = self_type::from(self);
    using plan_type = decltype(me.plugin->prepare(config{me.of, nullptr}));
    const std::unique_ptr<plan_type> own{static_cast<plan_type*>(plan)};
    guarded(me.of, "reload.commit", [&] { me.plugin->commit(std::move(*own)); });
  }
  static void rollback(void* self, void* plan) noexcept {
    auto& me = self_type::from(self);
    using plan_type = decltype(me.plugin->prepare(config{me.of, nullptr}));
    delete static_cast<plan_type*>(plan);
  }

  // ---- control

  static mortise_answer_t run(void* self, mortise_call_t* raw, const mortise_request_t* asked) noexcept {
    auto& me = self_type::from(self);
    const call now{me.of, raw};
    const auto fault = [&](const char* what) {
      me.of.fault("control.run", what);
      return now.reply(fallback, {.reason_string = what}).value;
    };
    try {
      constexpr auto all = Plugin::verbs();
      const mortise::request wanted{config{me.of, asked->arguments}, view(asked->caller)};
      return ((*me.plugin).*all[asked->command].run)(now, wanted).value;
    } catch (const finding& wrong) {
      return refuse_arguments(now, wrong).value;
    } catch (const std::exception& thrown) {
      return fault(thrown.what());
    } catch (...) {
      return fault("an exception of unknown type");
    }
  }

  // ---- store

  static mortise_status_t store_commit(void* self, const mortise_batch_t* const* batches,
                                       std::size_t count) noexcept {
    auto& me = self_type::from(self);
    return guarded(me.of, "store.commit", MORTISE_E_INTERNAL, [&]() -> mortise_status_t {
      return me.plugin->store_commit(std::span{batches, count});
    });
  }
  static mortise_status_t store_read(void* self, const mortise_read_t* read) noexcept {
    auto& me = self_type::from(self);
    return guarded(me.of, "store.read", MORTISE_E_INTERNAL,
                   [&]() -> mortise_status_t { return me.plugin->store_read(*read); });
  }
  static mortise_status_t store_flush(void* self, std::uint64_t request) noexcept {
    auto& me = self_type::from(self);
    return guarded(me.of, "store.flush", MORTISE_E_INTERNAL,
                   [&]() -> mortise_status_t { return me.plugin->store_flush(request); });
  }
  static mortise_status_t store_health(void* self, mortise_health_t* out) noexcept {
    auto& me = self_type::from(self);
    return guarded(me.of, "store.health", MORTISE_E_INTERNAL, [&]() -> mortise_status_t {
      mortise_health_t now = me.plugin->store_health();
      now.size = out->size < sizeof now ? out->size : static_cast<std::uint32_t>(sizeof now);
      std::memcpy(out, &now, now.size);
      return MORTISE_OK;
    });
  }

  // ---- constant data

  static constexpr bool exchanges = requires { &Plugin::exchange; };
  static constexpr bool authenticates = exchanges || requires { &Plugin::authenticate; };
  static constexpr bool authorises = requires { &Plugin::authorise; };
  static constexpr bool intercepts = requires { &Plugin::intercept_publish; }
  || requires { &Plugin::intercept_connect; }
  || requires { &Plugin::intercept_will; };
  static constexpr bool accepts = requires { &Plugin::accept; };
  static constexpr bool finds_psk = requires { &Plugin::find_psk; };
  static constexpr bool observes = requires { &Plugin::observe; };
  static constexpr bool sinks_log = requires { &Plugin::log_write; };
  static constexpr bool reloads = requires { &Plugin::prepare; };
  static constexpr bool has_verbs = requires { Plugin::verbs(); };
  static constexpr bool stores = requires { &Plugin::store_commit; };
  static constexpr bool attaches_itself = requires { requires Plugin::attaches_itself; };

  static constexpr mortise_plugin_t make_life() {
    mortise_plugin_t out{};
    out.size = sizeof out;
    out.create = &create;
    out.configure = &configure;
    out.start = &start;
    if constexpr (requires { &Plugin::drain; }) out.drain = &drain;
    out.stop = &stop;
    out.destroy = &destroy;
    if constexpr (requires { &Plugin::cancelled; }) out.cancelled = &cancelled;
    return out;
  }
  static constexpr mortise_authenticate_t make_authenticate() {
    mortise_authenticate_t out{};
    out.size = sizeof out;
    if constexpr (requires { &Plugin::authenticate; }) out.connect = &connect;
    if constexpr (exchanges) out.exchange = &exchange;
    if constexpr (requires { &Plugin::forget; }) out.forget = &forget;
    return out;
  }
  static constexpr mortise_log_sink_t make_log_sink() {
    mortise_log_sink_t out{};
    out.size = sizeof out;
    if constexpr (sinks_log) out.write = &log_write;
    if constexpr (requires { &Plugin::log_flush; }) out.flush = &log_flush;
    return out;
  }
  static constexpr mortise_authorise_t make_authorise() {
    mortise_authorise_t out{};
    out.size = sizeof out;
    if constexpr (authorises) out.check = &check;
    return out;
  }
  static constexpr mortise_intercept_t make_intercept() {
    mortise_intercept_t out{};
    out.size = sizeof out;
    if constexpr (requires { &Plugin::intercept_publish; }) out.publish = &publish;
    if constexpr (requires { &Plugin::intercept_connect; }) out.connect = &intercept_connect;
    if constexpr (requires { &Plugin::intercept_will; }) out.will = &intercept_will;
    return out;
  }
  static constexpr mortise_accept_t make_accept() {
    mortise_accept_t out{};
    out.size = sizeof out;
    if constexpr (accepts) out.accept = &accept;
    return out;
  }
  static constexpr mortise_psk_t make_psk() {
    mortise_psk_t out{};
    out.size = sizeof out;
    if constexpr (finds_psk) out.find = &find;
    return out;
  }
  static constexpr mortise_observe_t make_observe() {
    mortise_observe_t out{};
    out.size = sizeof out;
    if constexpr (observes) out.events = &events;
    return out;
  }
  static constexpr mortise_reload_t make_reload() {
    mortise_reload_t out{};
    out.size = sizeof out;
    if constexpr (reloads) {
      out.prepare = &prepare;
      out.commit = &commit;
      out.rollback = &rollback;
    }
    return out;
  }
  // At least one place, so that a class without verbs has an array, too.
  static constexpr auto make_commands() {
    if constexpr (has_verbs) {
      constexpr auto all = Plugin::verbs();
      std::array<mortise_command_t, all.size()> out{};
      for (std::size_t i = 0; i < all.size(); ++i) out[i] = {all[i].name, all[i].summary, all[i].arguments};
      return out;
    } else {
      return std::array<mortise_command_t, 1>{};
    }
  }
  static constexpr auto commands = make_commands();
  static constexpr mortise_control_t make_control() {
    mortise_control_t out{};
    out.size = sizeof out;
    if constexpr (has_verbs) {
      out.commands = commands.data();
      out.command_count = commands.size();
      out.run = &run;
    }
    return out;
  }
  static constexpr mortise_store_t make_store() {
    mortise_store_t out{};
    out.size = sizeof out;
    if constexpr (stores) {
      out.commit = &store_commit;
      out.read = &store_read;
      out.flush = &store_flush;
      out.health = &store_health;
    }
    return out;
  }

  static constexpr mortise_plugin_t life = make_life();
  static constexpr mortise_authenticate_t authenticate_table = make_authenticate();
  static constexpr mortise_authorise_t authorise_table = make_authorise();
  static constexpr mortise_intercept_t intercept_table = make_intercept();
  static constexpr mortise_accept_t accept_table = make_accept();
  static constexpr mortise_psk_t psk_table = make_psk();
  static constexpr mortise_observe_t observe_table = make_observe();
  static constexpr mortise_log_sink_t log_sink_table = make_log_sink();
  static constexpr mortise_reload_t reload_table = make_reload();
  static constexpr mortise_control_t control_table = make_control();
  static constexpr mortise_store_t store_table = make_store();

  struct extension_list {
    std::array<mortise_extension_t, 9> items{};
    std::size_t count = 0;

    constexpr void add(bool there, const char* id, const void* table) {
      if (there) items[count++] = {id, table};
    }
  };
  static constexpr extension_list make_extensions() {
    extension_list out;
    out.add(authenticates, MORTISE_AUTHENTICATE, &authenticate_table);
    out.add(authorises, MORTISE_AUTHORISE, &authorise_table);
    out.add(intercepts, MORTISE_INTERCEPT, &intercept_table);
    out.add(accepts, MORTISE_ACCEPT, &accept_table);
    out.add(finds_psk, MORTISE_PSK, &psk_table);
    out.add(observes, MORTISE_OBSERVE, &observe_table);
    out.add(sinks_log, MORTISE_LOG_SINK, &log_sink_table);
    out.add(reloads, MORTISE_RELOAD, &reload_table);
    out.add(has_verbs, MORTISE_CONTROL, &control_table);
    out.add(stores, MORTISE_STORE, &store_table);
    return out;
  }
  static constexpr extension_list extensions = make_extensions();

 private:
  template <class Body>
  static mortise_answer_t decide(void* self, mortise_call_t* raw, std::string_view where,
                                 Body body) noexcept {
    auto& me = self_type::from(self);
    return guarded(me.of, where, MORTISE_FALLBACK, [&]() -> mortise_answer_t {
      return body(*me.plugin, call{me.of, raw}).value;
    });
  }

  // Attaches what the class provides, as its ..._attach() member wishes.
  static void attach_all(self_type& me) {
    const host to{me.of};
    Plugin& plugin = *me.plugin;
    // Without a member that wishes something: every topic, every kind.
    const auto one = [&](bool there, const char* id, auto wish) {
      if (!there) return;
      if constexpr (std::is_invocable_v<decltype(wish), Plugin&>)
        to.attach(id, wish(plugin));
      else
        to.attach(id, attach{});
    };
    one(authenticates, MORTISE_AUTHENTICATE,
        [](auto& of) -> decltype(of.authenticate_attach()) { return of.authenticate_attach(); });
    one(authorises, MORTISE_AUTHORISE,
        [](auto& of) -> decltype(of.authorise_attach()) { return of.authorise_attach(); });
    one(intercepts, MORTISE_INTERCEPT,
        [](auto& of) -> decltype(of.intercept_attach()) { return of.intercept_attach(); });
    one(accepts, MORTISE_ACCEPT, [](auto& of) -> decltype(of.accept_attach()) { return of.accept_attach(); });
    one(finds_psk, MORTISE_PSK, [](auto& of) -> decltype(of.psk_attach()) { return of.psk_attach(); });
    if constexpr (observes) to.attach(MORTISE_OBSERVE, plugin.observe_attach());
    one(sinks_log, MORTISE_LOG_SINK, [](auto& of) -> decltype(of.log_attach()) { return of.log_attach(); });
    one(stores, MORTISE_STORE, nullptr);
  }
};

}  // namespace mortise::detail
