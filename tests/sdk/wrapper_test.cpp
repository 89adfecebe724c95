// The C++ wrapper against a fake host: what a plugin class does, and what the host is told.
#include <gtest/gtest.h>

#include <mortise/plugin.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "testkit/driven.hpp"

namespace mortise::test {
namespace {

// Says what the user name tells it to.
class Actor {
 public:
  explicit Actor(mortise::host host) : host_{host} {}

  answer authenticate(call now, const mortise_connect_t& who) {
    const std::string_view part = view(who.username);
    if (part == "throw") throw std::runtime_error{"broken"};
    if (part == "throw a number") throw 42;
    if (part == "refuse") return now.deny(0x85, "not you", "line 3");
    if (part == "admit") return now.reply(mortise::allow, {.client_data = 17, .username = "known"});
    if (part == "later") {
      waiting = now.defer();
      return waiting ? pending : deny;
    }
    return pass;
  }
  void forget(std::uint64_t data) { forgotten.push_back(data); }
  answer intercept_publish(call now, const mortise_client_view_t&, const mortise_message_view_t& message) {
    kept.emplace(host_.keep(message));
    return now.change(host_.make(message, {.topic = "changed", .qos = 1}));
  }
  void observe(call, std::span<const mortise_event_t* const> events) { seen += events.size(); }
  attach observe_attach() const { return {.filters = {"a/#", "b"}, .kinds = {MORTISE_EV_CONNECTED}}; }

  mortise::host host_;
  std::optional<token> waiting;
  std::optional<message> kept;
  std::vector<std::uint64_t> forgotten;
  std::size_t seen = 0;
};

TEST(Wrapper, lists_only_the_hooks_the_class_has) {
  using Tables = detail::tables<Actor>;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < Tables::extensions.count; ++i) ids.emplace_back(Tables::extensions.items[i].id);
  EXPECT_EQ(ids, (std::vector<std::string>{MORTISE_AUTHENTICATE, MORTISE_INTERCEPT, MORTISE_OBSERVE}));
  EXPECT_EQ(Tables::life.drain, nullptr);
  EXPECT_EQ(Tables::life.cancelled, nullptr);
  EXPECT_NE(Tables::authenticate_table.forget, nullptr);
}

TEST(Wrapper, attaches_every_hook_with_its_wishes) {
  Driven<Actor> driven;
  ASSERT_EQ(driven.start(), MORTISE_ALLOW);
  ASSERT_EQ(driven.host.attached.size(), 3u);
  const Attached& observe = driven.host.attached[2];
  EXPECT_EQ(observe.extension, MORTISE_OBSERVE);
  EXPECT_EQ(observe.filters, (std::vector<std::string>{"a/#", "b"}));
  EXPECT_EQ(observe.kinds, (std::vector<std::uint16_t>{MORTISE_EV_CONNECTED}));
}

TEST(Wrapper, a_throwing_hook_is_a_fault_and_the_fallback_answers) {
  Driven<Actor> driven;
  driven.start();
  EXPECT_EQ(driven.connect("throw"), MORTISE_FALLBACK);
  EXPECT_EQ(driven.connect("throw a number"), MORTISE_FALLBACK);
  EXPECT_EQ(driven.host.faults,
            (std::vector<std::string>{"authenticate.connect: broken",
                                      "authenticate.connect: an exception of unknown type"}));
  EXPECT_EQ(driven.connect("anybody"), MORTISE_PASS) << "the instance goes on";
}

TEST(Wrapper, an_answer_carries_its_details) {
  Driven<Actor> driven;
  driven.start();
  EXPECT_EQ(driven.connect("refuse"), MORTISE_REPLIED);
  EXPECT_EQ(driven.connect("admit"), MORTISE_REPLIED);
  ASSERT_EQ(driven.host.replies.size(), 2u);
  EXPECT_EQ(driven.host.replies[0].answer, MORTISE_DENY);
  EXPECT_EQ(driven.host.replies[0].reason_code, 0x85);
  EXPECT_EQ(driven.host.replies[0].reason_string, "not you");
  EXPECT_EQ(driven.host.replies[0].rule, "line 3");
  EXPECT_EQ(driven.host.replies[1].answer, MORTISE_ALLOW);
  EXPECT_EQ(driven.host.replies[1].client_data, 17u);
  EXPECT_EQ(driven.host.replies[1].username, "known");
}

TEST(Wrapper, a_token_answers_once_and_says_when_it_was_too_late) {
  Driven<Actor> driven;
  driven.start();
  ASSERT_EQ(driven.connect("later"), MORTISE_PENDING);
  const std::uint64_t id = driven.plugin().waiting->id().id;
  driven.host.late[id] = {};  // the host has given up on it
  EXPECT_FALSE(driven.plugin().waiting->reply(mortise::allow));

  ASSERT_EQ(driven.connect("later"), MORTISE_PENDING);
  const std::uint64_t second = driven.plugin().waiting->id().id;
  EXPECT_TRUE(driven.plugin().waiting->reply(mortise::deny, {.reason_code = 0x87}));
  EXPECT_EQ(driven.host.late[second].reason_code, 0x87);
}

TEST(Wrapper, a_token_let_go_answers_with_the_fallback) {
  Driven<Actor> driven;
  driven.start();
  driven.connect("later");
  const std::uint64_t id = driven.plugin().waiting->id().id;
  driven.plugin().waiting.reset();
  ASSERT_TRUE(driven.host.late.contains(id));
  EXPECT_EQ(driven.host.late[id].answer, MORTISE_FALLBACK);
}

TEST(Wrapper, a_call_that_cannot_wait_gives_no_token) {
  Driven<Actor> driven;
  driven.start();
  driven.host.defer_status = MORTISE_E_STATE;
  EXPECT_EQ(driven.connect("later"), MORTISE_DENY);
  EXPECT_TRUE(driven.host.late.empty());
}

TEST(Wrapper, a_changed_message_passes_to_the_host_and_a_kept_one_comes_back) {
  Driven<Actor> driven;
  driven.start();
  EXPECT_EQ(driven.publish("original"), MORTISE_REPLIED);
  ASSERT_EQ(driven.host.replies.size(), 1u);
  EXPECT_EQ(driven.host.replies[0].answer, MORTISE_CHANGE);
  EXPECT_EQ(driven.host.replies[0].topic, "changed");
  EXPECT_EQ(view((*driven.plugin().kept)->topic), "original");
  EXPECT_EQ(driven.host.live_messages, 1);
  driven.stop();
  EXPECT_EQ(driven.host.live_messages, 0) << "the object ends in stop()";
}

TEST(Wrapper, a_copied_message_holds_a_reference_of_its_own) {
  Driven<Actor> driven;
  driven.start();
  driven.publish("original");
  std::optional<message> second{*driven.plugin().kept};
  driven.plugin().kept.reset();
  EXPECT_EQ(view((*second)->topic), "original");
  second.reset();
  EXPECT_EQ(driven.host.live_messages, 0);
}

TEST(Wrapper, events_and_the_end_of_client_data_arrive) {
  Driven<Actor> driven;
  driven.start();
  const mortise_event_t event{};
  const mortise_event_t* const batch[] = {&event, &event};
  auto call = driven.host.call();
  Driven<Actor>::Tables::observe_table.events(driven.self, &call, batch, 2);
  Driven<Actor>::Tables::authenticate_table.forget(driven.self, 17);
  EXPECT_EQ(driven.plugin().seen, 2u);
  EXPECT_EQ(driven.plugin().forgotten, std::vector<std::uint64_t>{17});
}

TEST(Wrapper, properties_come_in_order_and_bad_ones_throw) {
  FakeHost fake;
  detail::services services{fake.raw()};
  services.open();
  const host to{services};
  const std::string wire{"\x26\0\1a\0\1b\x26\0\1c\0\1d", 14};
  std::string seen;
  for (const mortise_property_t& each : to.properties(lend_bytes(wire)))
    seen += copy(each.name) + "=" + copy(each.value) + " ";
  EXPECT_EQ(seen, "a=b c=d ");
  EXPECT_THROW(to.properties(lend_bytes("\x99")).begin(), error);
  EXPECT_EQ(to.properties({nullptr, 0}).begin(), std::default_sentinel);
  EXPECT_TRUE(to.matches("a", "a"));
  EXPECT_THROW(to.matches("", "a"), error);
  EXPECT_THROW(to.make({.topic = "bad/#"}), error);
}

// ---- life, services
// -----------------------------------------------------------------------------------------

struct Busy {
  explicit Busy(mortise::host of) : host{of} {}
  void start() {
    if (fail) throw std::runtime_error{"the port is taken"};
    tick = host.every(std::chrono::seconds{1}, [this] { ++ticks; });
    once = host.after(std::chrono::seconds{1}, [] { throw std::runtime_error{"late"}; });
  }
  void log_write(std::span<const mortise_log_event_t* const> lines) { written += lines.size(); }
  attach log_attach() const { return {.kinds = {MORTISE_WARNING, MORTISE_ERROR}}; }
  std::string prepare(config from) { return std::string{from.text("/name")}; }
  void commit(std::string plan) { name = std::move(plan); }
  mortise_status_t store_commit(std::span<const mortise_batch_t* const> batches) {
    return batches.empty() ? MORTISE_E_INVALID : throw std::runtime_error{"disk"};
  }
  mortise_status_t store_read(const mortise_read_t&) { return MORTISE_OK; }
  mortise_status_t store_flush(std::uint64_t) { return MORTISE_E_FULL; }
  mortise_health_t store_health() const {
    mortise_health_t out{};
    out.state = MORTISE_STORE_SLOW;
    out.bytes = 5;
    out.bytes_free = 6;
    return out;
  }

  mortise::host host;
  bool fail = false;
  timer tick;
  timer once;
  int ticks = 0;
  std::size_t written = 0;
  std::string name;
};

TEST(Wrapper, a_throwing_start_fails_with_a_finding) {
  Driven<Busy> driven;
  driven.plugin().fail = true;
  EXPECT_EQ(driven.start(), MORTISE_DENY);
  EXPECT_EQ(driven.host.findings, std::vector<std::string>{"|the port is taken||"});
}

struct Wary {
  Wary(mortise::host to, config) : host{to} { host.warn({"/file", "is not there yet", "make it"}); }
  void start() { host.warn(finding{{}, "is empty"}.in("users.yaml", 1, 1)); }
  mortise::host host;
};

TEST(Wrapper, a_warning_is_told_with_its_place_and_stops_nothing) {
  Driven<Wary> driven;
  EXPECT_EQ(driven.configured, MORTISE_OK);
  EXPECT_EQ(driven.start(), MORTISE_ALLOW);
  EXPECT_EQ(driven.host.findings, (std::vector<std::string>{"warning: /file|is not there yet|make it|",
                                                            "warning: |is empty||users.yaml:1:1"}));
  try {
    driven.plugin().host.warn({"/file", "is gone"});
    FAIL() << "nobody collects findings here";
  } catch (const error& fault) {
    EXPECT_EQ(fault.status(), MORTISE_E_STATE);
  }
}

TEST(Wrapper, what_a_finding_does_not_say_is_absent) {
  mortise_finding_t got{};
  const mortise_report_t report{sizeof report, 0, &got,
                                [](const mortise_report_t* to, const mortise_finding_t* found) {
                                  *static_cast<mortise_finding_t*>(to->context) = *found;
                                }};
  mortise::finding{"", "the port is taken"}.add_to(report);
  EXPECT_EQ(nullptr, got.json_pointer.data);
  EXPECT_EQ(nullptr, got.remedy.data);
  EXPECT_EQ(nullptr, got.file.data);
}

TEST(Wrapper, a_service_that_was_not_granted_is_named_when_it_is_used) {
  Driven<Actor> driven;
  driven.host.withheld = {MORTISE_HOST_PUBLISH};
  driven.start();
  const message one = driven.plugin().host_.make({.topic = "a"});
  try {
    driven.plugin().host_.publish(one);
    FAIL() << "published without a grant";
  } catch (const error& refused) {
    EXPECT_EQ(refused.status(), MORTISE_E_NOT_GRANTED);
    EXPECT_NE(std::string{refused.what()}.find(MORTISE_HOST_PUBLISH), std::string::npos);
  }
}

TEST(Wrapper, a_published_message_is_told_done_on_the_strand) {
  Driven<Actor> driven;
  driven.start();
  std::uint32_t reached = 99;
  const message one = driven.plugin().host_.make({.topic = "a"});
  EXPECT_EQ(driven.plugin().host_.publish(one, MORTISE_SYNCED, [&](auto, auto level) { reached = level; }),
            MORTISE_OK);
  EXPECT_EQ(reached, 99u);
  driven.host.run_strand();
  EXPECT_EQ(reached, MORTISE_SYNCED + 0u);
}

TEST(Wrapper, timers_ring_and_a_throwing_one_is_a_fault) {
  Driven<Busy> driven;
  ASSERT_EQ(driven.start(), MORTISE_ALLOW);
  driven.host.ring_timers();
  driven.host.ring_timers();
  EXPECT_EQ(driven.plugin().ticks, 2);
  EXPECT_EQ(driven.host.faults, std::vector<std::string>{"timer: late"});
  driven.plugin().tick.cancel();
  EXPECT_EQ(driven.host.timers_on(), 0u);
  driven.host.run_strand();
}

TEST(Wrapper, a_timer_may_end_itself_and_outlive_a_full_queue) {
  Driven<Busy> driven;
  driven.start();
  timer own;
  int rung = 0;
  own = driven.plugin().host.every(std::chrono::seconds{1}, [&] {
    ++rung;
    own.cancel();
  });
  driven.host.work_status = MORTISE_E_LIMIT;
  driven.host.ring_timers();
  driven.host.ring_timers();
  EXPECT_EQ(rung, 1);
}

TEST(Wrapper, work_runs_once_and_a_full_queue_says_so) {
  Driven<Busy> driven;
  driven.start();
  int runs = 0;
  EXPECT_TRUE(driven.plugin().host.post([&] { ++runs; }));
  EXPECT_TRUE(driven.plugin().host.submit([] { throw 1; }));
  driven.host.run_strand();
  driven.host.work_status = MORTISE_E_LIMIT;
  EXPECT_FALSE(driven.plugin().host.post([&] { ++runs; }));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(driven.host.faults, std::vector<std::string>{"work: an exception of unknown type"});
}

TEST(Wrapper, a_log_line_has_typed_fields_and_is_not_built_for_nobody) {
  Driven<Busy> driven;
  driven.plugin().host.log(
      MORTISE_INFO, "client.denied", "no",
      {{"client", "pump"}, {"times", -4}, {"bytes", 5u}, {"final", true}, {"share", 0.5}});
  driven.host.log_level = MORTISE_WARNING;
  driven.plugin().host.log(MORTISE_INFO, "quiet", "no");
  EXPECT_EQ(driven.host.lines,
            std::vector<std::string>{"client.denied client=pump times=-4 bytes=5 final=1 share=0.500000"});
}

TEST(Wrapper, reload_prepares_then_commits_or_forgets) {
  using Reload = detail::tables<Busy>;
  Driven<Busy> driven;
  void* plan = nullptr;
  const Json good = {{"name", "new"}};
  ASSERT_EQ(Reload::reload_table.prepare(driven.self, node(good), driven.host.report(), &plan), MORTISE_OK);
  EXPECT_EQ(driven.plugin().name, "");
  Reload::reload_table.commit(driven.self, plan);
  EXPECT_EQ(driven.plugin().name, "new");

  ASSERT_EQ(Reload::reload_table.prepare(driven.self, node(good), driven.host.report(), &plan), MORTISE_OK);
  Reload::reload_table.rollback(driven.self, plan);
  const Json bad = {{"name", 3}};
  EXPECT_EQ(Reload::reload_table.prepare(driven.self, node(bad), driven.host.report(), &plan),
            MORTISE_E_INVALID);
  EXPECT_EQ(driven.host.findings, std::vector<std::string>{"/name|is not a text||"});
}

TEST(Wrapper, a_store_answers_with_its_status_and_a_throwing_one_with_internal) {
  const auto& store = detail::tables<Busy>::store_table;
  Driven<Busy> driven;
  const mortise_batch_t batch{};
  const mortise_batch_t* const one[] = {&batch};
  EXPECT_EQ(store.commit(driven.self, one, 0), MORTISE_E_INVALID);
  EXPECT_EQ(store.commit(driven.self, one, 1), MORTISE_E_INTERNAL);
  EXPECT_EQ(driven.host.faults, std::vector<std::string>{"store.commit: disk"});
  EXPECT_EQ(store.flush(driven.self, 1), MORTISE_E_FULL);
}

struct KeyRing {
  explicit KeyRing(mortise::host) {}
  answer find_psk(call, const mortise_psk_query_t& asked, mortise_psk_key_t& key) {
    if (view(asked.identity).empty()) throw std::runtime_error{"nobody"};
    if (view(asked.identity) != "pump-7") return pass;
    key.size = 1;
    key.bytes[0] = 77;
    return allow;
  }
};

TEST(Wrapper, a_class_with_keys_is_attached_and_asked_for_them) {
  const auto& psk = detail::tables<KeyRing>::psk_table;
  Driven<KeyRing> driven;
  driven.start();
  ASSERT_EQ(driven.host.attached.size(), 1u);
  EXPECT_EQ(driven.host.attached[0].extension, MORTISE_PSK);
  auto call = driven.host.call();
  mortise_psk_query_t asked{sizeof asked, 0, lend("pump-7"), lend("secure")};
  mortise_psk_key_t key{};
  EXPECT_EQ(psk.find(driven.self, &call, &asked, &key), MORTISE_ALLOW);
  EXPECT_EQ(key.bytes[0], 77);
  asked.identity = lend("pump-8");
  EXPECT_EQ(psk.find(driven.self, &call, &asked, &key), MORTISE_PASS);
  asked.identity = {};
  EXPECT_EQ(psk.find(driven.self, &call, &asked, &key), MORTISE_FALLBACK);
  EXPECT_EQ(driven.host.faults, std::vector<std::string>{"psk.find: nobody"});
  EXPECT_EQ(detail::tables<Busy>::psk_table.find, nullptr);
}

struct Doorman {
  explicit Doorman(mortise::host) {}
  answer accept(call, const mortise_peer_t& peer) { return view(peer.address) == "10.0.0.66" ? deny : pass; }
  answer intercept_connect(call now, const mortise_connect_t& connect) {
    return view(connect.client_id).empty() ? now.deny(0x85) : pass;
  }
  answer intercept_will(call, const mortise_client_view_t&, const mortise_message_view_t& message) {
    return view(message.topic) == "gone" ? drop : pass;
  }
  attach intercept_attach() const { return {.kinds = {MORTISE_INTERCEPT_CONNECT, MORTISE_INTERCEPT_WILL}}; }
};

TEST(Wrapper, a_class_that_guards_the_door_is_attached_and_asked) {
  Driven<Doorman> driven;
  driven.start();
  ASSERT_EQ(driven.host.attached.size(), 2u);
  EXPECT_EQ(driven.host.attached[0].extension, MORTISE_INTERCEPT);
  EXPECT_EQ(driven.host.attached[0].kinds,
            (std::vector<std::uint16_t>{MORTISE_INTERCEPT_CONNECT, MORTISE_INTERCEPT_WILL}));
  EXPECT_EQ(driven.host.attached[1].extension, MORTISE_ACCEPT);
  EXPECT_EQ(driven.accept("10.0.0.17"), MORTISE_PASS);
  EXPECT_EQ(driven.accept("10.0.0.66"), MORTISE_DENY);
  EXPECT_EQ(driven.intercept_connect("x"), MORTISE_PASS);
  EXPECT_EQ(driven.intercept_connect(""), MORTISE_REPLIED);
  EXPECT_EQ(driven.will("t"), MORTISE_PASS);
  EXPECT_EQ(driven.will("gone"), MORTISE_DROP);
  EXPECT_EQ(detail::tables<Doorman>::intercept_table.publish, nullptr);
  EXPECT_EQ(detail::tables<Actor>::intercept_table.connect, nullptr);
  EXPECT_EQ(detail::tables<Actor>::intercept_table.will, nullptr);
}

TEST(Wrapper, health_writes_only_what_an_older_host_has_room_for) {
  Driven<Busy> driven;
  mortise_health_t health{};
  health.size = offsetof(mortise_health_t, bytes_free);
  health.bytes_free = 77;
  ASSERT_EQ(detail::tables<Busy>::store_table.health(driven.self, &health), MORTISE_OK);
  EXPECT_EQ(health.state, MORTISE_STORE_SLOW + 0u);
  EXPECT_EQ(health.bytes, 5u);
  EXPECT_EQ(health.bytes_free, 77u);
  EXPECT_EQ(health.size, offsetof(mortise_health_t, bytes_free));
}

TEST(Wrapper, a_log_sink_attaches_to_the_levels_it_wants) {
  Driven<Busy> driven;
  driven.start();
  ASSERT_FALSE(driven.host.attached.empty());
  EXPECT_EQ(driven.host.attached[0].extension, MORTISE_LOG_SINK);
  EXPECT_EQ(driven.host.attached[0].kinds, (std::vector<std::uint16_t>{MORTISE_WARNING, MORTISE_ERROR}));
}

}  // namespace

// The entry of this very program, as MORTISE_PLUGIN makes it.
struct Sample {
  explicit Sample(mortise::host) {}
  static constexpr bool on_strand = true;
  static constexpr const char* licence = "MIT";
  answer authorise(call, const mortise_access_t&) { return pass; }
};

}  // namespace mortise::test

MORTISE_PLUGIN(mortise::test::Sample, "org.example.sample", "1.2.3", R"({"type":"object"})",
               mortise::want{MORTISE_HOST_PUBLISH, "alerts/#", "raises alerts"});

namespace {

TEST(Entry, says_who_the_plugin_is_without_running_it) {
  const mortise_plugin_entry_t& entry = mortise_plugin_entry;
  EXPECT_EQ(entry.magic, MORTISE_MAGIC);
  EXPECT_EQ(entry.size, sizeof entry);
  EXPECT_EQ(entry.abi_major, MORTISE_ABI_MAJOR);
  EXPECT_EQ(entry.abi_minor, MORTISE_NEEDS_MINOR);
  EXPECT_STREQ(entry.descriptor->id, "org.example.sample");
  EXPECT_STREQ(entry.descriptor->version, "1.2.3");
  EXPECT_STREQ(entry.descriptor->licence, "MIT");
  EXPECT_EQ(entry.descriptor->vendor, nullptr);
  EXPECT_EQ(entry.descriptor->flags, MORTISE_ON_STRAND + 0u);
  ASSERT_EQ(entry.descriptor->want_count, 1u);
  EXPECT_STREQ(entry.descriptor->wants[0].id, MORTISE_HOST_PUBLISH);
  EXPECT_STREQ(entry.descriptor->wants[0].scope, "alerts/#");
  ASSERT_EQ(entry.extension_count, 1u);
  EXPECT_STREQ(entry.extensions[0].id, MORTISE_AUTHORISE);
}

}  // namespace
