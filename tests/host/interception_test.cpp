// Before and beside the packets that are authorised: connections by their address, CONNECT, wills that are
// due.
#include "host/later.hpp"

namespace mortise::host {
namespace {

constexpr int success = 0;

mortise_answer_t reply(const Strings& strings, mortise_call_t* call, mortise_answer_t said,
                       std::uint8_t reason) {
  auto verdict = verdict_of();
  verdict.reason_code = reason;
  verdict.rule = {"the rule", 8};
  verdict.reason_string = {"because", 7};
  return strings.host->reply(call, said, &verdict);
}

// Attaches to intercept, of these kinds; none: all.
void attach_intercept(Strings& strings, std::vector<std::uint16_t> kinds = {}) {
  strings.start = [&strings, kinds = std::move(kinds)](auto, auto) {
    mortise_attach_t how{};
    how.size = sizeof how;
    how.kinds = kinds.data();
    how.kind_count = kinds.size();
    how.fallback = MORTISE_FALLBACK;
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_INTERCEPT, &how));
    return mortise_answer_t{MORTISE_ALLOW};
  };
}

// ---- connect

struct Connecting {
  const char* name;
  mortise_answer_t said;
  std::uint8_t reason;
  int connack;
  unsigned faults;
};
void PrintTo(const Connecting& row, std::ostream* out) { *out << row.name; }
class InterceptConnect : public testing::TestWithParam<Connecting> {};

TEST_P(InterceptConnect, lets_in_or_refuses) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  attach_intercept(strings, {MORTISE_INTERCEPT_CONNECT});
  std::string seen;
  strings.intercept_connect = [&](mortise_call_t* call, const mortise_connect_t* connect) {
    seen = text_of(connect->client_id) + ' ' + text_of(connect->username) + ' ' +
           text_of(connect->peer->address);
    return reply(strings, call, GetParam().said, GetParam().reason);
  };
  rig.run();
  auto& client = rig.connect("x", "user");
  rig.turn();
  EXPECT_EQ("x user 10.0.0.17", seen);
  EXPECT_EQ(std::vector{GetParam().connack}, connacks(rig, client));
  EXPECT_EQ(GetParam().faults, rig.status().faults);
  EXPECT_EQ(GetParam().said == MORTISE_DENY && GetParam().faults == 0, rig.log.has("the rule"))
      << rig.log.all();
}

// A user nobody knows is refused (0x86) unless somebody has refused it before.
INSTANTIATE_TEST_SUITE_P(Interception, InterceptConnect,
                         testing::Values(Connecting{"pass", MORTISE_PASS, 0, 0x86, 0},
                                         Connecting{"deny", MORTISE_DENY, 0, 0x87, 0},
                                         Connecting{"deny_as_banned", MORTISE_DENY, 0x8A, 0x8A, 0},
                                         Connecting{"a_code_connack_has_not", MORTISE_DENY, 0x10, 0x86, 1},
                                         Connecting{"allow_is_no_answer", MORTISE_ALLOW, 0, 0x86, 1},
                                         Connecting{"change_is_no_answer", MORTISE_CHANGE, 0, 0x86, 1},
                                         Connecting{"disconnect_is_no_answer", MORTISE_DISCONNECT, 0, 0x86,
                                                    1}),
                         [](const auto& row) { return row.param.name; });

TEST(Interception, a_connect_waits_and_is_shown_once_though_who_it_is_takes_time_too) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  strings.start = [&](auto, auto) {
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_INTERCEPT));
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHENTICATE));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  mortise_token_t token{};
  std::vector<std::string> asked;
  const auto defer = [&](mortise_call_t* call, const char* what) {
    asked.push_back(what);
    EXPECT_EQ(MORTISE_OK, strings.host->defer(call, 0, &token));
    return mortise_answer_t{MORTISE_PENDING};
  };
  strings.intercept_connect = [&](mortise_call_t* call, auto) { return defer(call, "intercept"); };
  strings.authenticate = [&](mortise_call_t* call, auto) { return defer(call, "authenticate"); };
  rig.run();
  auto& client = rig.connect("x", "user");
  EXPECT_EQ(std::vector<std::string>{"intercept"}, asked);
  ASSERT_EQ(MORTISE_OK, strings.host->answer(strings.host, token, MORTISE_PASS, nullptr));
  ASSERT_TRUE(rig.turn_until([&] { return asked.size() == 2; }));
  EXPECT_TRUE(connacks(rig, client).empty());
  ASSERT_EQ(MORTISE_OK, strings.host->answer(strings.host, token, MORTISE_ALLOW, nullptr));
  ASSERT_TRUE(rig.turn_until([&] { return !connacks(rig, client).empty(); }));
  EXPECT_EQ(std::vector{success}, connacks(rig, client));
  EXPECT_EQ((std::vector<std::string>{"intercept", "authenticate"}), asked);
}

TEST(Interception, a_connect_may_be_refused_later) {
  Rig rig{"  - {name: a, library: puppet_on_strand}"};
  Strings& strings = rig.strings();
  attach_intercept(strings);
  strings.intercept_connect = [&](mortise_call_t* call, auto) {
    return reply(strings, call, MORTISE_DENY, 0x8A);
  };
  rig.run();
  auto& client = rig.connect("x");
  ASSERT_TRUE(rig.turn_until([&] { return !connacks(rig, client).empty(); }));
  EXPECT_EQ(std::vector{0x8A}, connacks(rig, client));
}

// ---- will

struct Due {
  const char* name;
  mortise_answer_t said;
  std::vector<std::string> sent;
  unsigned faults;
};
void PrintTo(const Due& row, std::ostream* out) { *out << row.name; }
class InterceptWill : public testing::TestWithParam<Due> {};

TEST_P(InterceptWill, when_it_is_due) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  attach_intercept(strings, {MORTISE_INTERCEPT_WILL});
  std::vector<std::string> seen;
  strings.intercept_will = [&](mortise_call_t* call, const mortise_client_view_t* client,
                               const mortise_message_view_t* message) {
    seen.push_back(text_of(client->client_id) + ' ' + text_of(message->topic));
    mortise_token_t token{};
    EXPECT_EQ(MORTISE_E_STATE, strings.host->defer(call, 0, &token));
    if (GetParam().said != MORTISE_CHANGE) return mortise_answer_t{GetParam().said};
    mortise_edit_t edit{};
    edit.size = sizeof edit;
    edit.set = MORTISE_SET_TOPIC;
    edit.topic = {"changed", 7};
    mortise_message_t* made = nullptr;
    const auto* messages = strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES);
    EXPECT_EQ(MORTISE_OK, messages->make(strings.host, message, &edit, &made));
    auto verdict = verdict_of();
    verdict.messages = &made;
    verdict.message_count = 1;
    return strings.host->reply(call, MORTISE_CHANGE, &verdict);
  };
  rig.run();
  auto& watcher = rig.connect("watcher");
  rig.subscribe(watcher, "#");
  auto& client = rig.connect(with_will("x"));
  EXPECT_TRUE(seen.empty());
  rig.lose(client);
  rig.turn();
  EXPECT_EQ(std::vector<std::string>{"x wills/x"}, seen);
  EXPECT_EQ(GetParam().sent, rig.messages(watcher));
  EXPECT_EQ(GetParam().faults, rig.status().faults);
}

INSTANTIATE_TEST_SUITE_P(
    Interception, InterceptWill,
    testing::Values(Due{"pass", MORTISE_PASS, {"wills/x=gone"}, 0}, Due{"drop", MORTISE_DROP, {}, 0},
                    Due{"change", MORTISE_CHANGE, {"changed=gone"}, 0},
                    Due{"deny_is_no_answer", MORTISE_DENY, {"wills/x=gone"}, 1},
                    Due{"disconnect_is_no_answer", MORTISE_DISCONNECT, {"wills/x=gone"}, 1}),
    [](const auto& row) { return row.param.name; });

TEST(Interception, a_will_that_was_taken_back_is_shown_to_nobody) {
  Rig rig{"  - {name: a, library: puppet}"};
  attach_intercept(rig.strings());
  int asked = 0;
  rig.strings().intercept_will = [&](auto, auto, auto) { return ++asked, mortise_answer_t{MORTISE_PASS}; };
  rig.run();
  auto& client = rig.connect(with_will("x"));
  rig.send(client, mqtt::Disconnect{});
  rig.lose(client);
  EXPECT_EQ(0, asked);
}

// ---- accept

// Denies what comes from 10.0.0.66, with a reason.
struct Banning {
  explicit Banning(Strings& of) : strings{of} {
    strings.start = [this](auto, auto) {
      EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_ACCEPT));
      const auto* ledger = strings.service<mortise_ledger_t>(MORTISE_HOST_LEDGER);
      EXPECT_EQ(MORTISE_OK, ledger->reason(strings.host, "banned", "its address is banned", &loss));
      return mortise_answer_t{MORTISE_ALLOW};
    };
    strings.accept = [this](mortise_call_t* call, const mortise_peer_t* peer) {
      seen.push_back(text_of(peer->listener) + ' ' + text_of(peer->address) + ' ' +
                     std::to_string(peer->port));
      mortise_token_t token{};
      EXPECT_EQ(MORTISE_E_STATE, strings.host->defer(call, 0, &token)) << "it cannot wait";
      if (text_of(peer->address) != "10.0.0.66") return mortise_answer_t{MORTISE_PASS};
      auto verdict = verdict_of();
      verdict.loss = loss;
      verdict.rule = {"bans:3", 6};
      return strings.host->reply(call, MORTISE_DENY, &verdict);
    };
  }
  Strings& strings;
  std::uint32_t loss = 0;
  std::vector<std::string> seen;
};

TEST(Interception, an_address_is_refused_and_counted_by_the_plugins_reason) {
  Rig rig{"  - {name: a, library: puppet_accept}"};
  Banning plugin{rig.strings()};
  rig.run();
  ASSERT_TRUE(rig.broker->asks_to_accept());
  EXPECT_TRUE(rig.broker->accepts(rig.listener, "10.0.0.17:50122"));
  EXPECT_FALSE(rig.broker->accepts(rig.listener, "10.0.0.66:50122"));
  EXPECT_FALSE(rig.broker->accepts(rig.listener, "10.0.0.66:50123"));
  EXPECT_EQ(
      (std::vector<std::string>{"local 10.0.0.17 50122", "local 10.0.0.66 50122", "local 10.0.0.66 50123"}),
      plugin.seen);
  EXPECT_TRUE(rig.log.has("a plugin does not accept its address (a: bans:3)")) << rig.log.all();
  std::uint64_t counted = 0;
  for (const auto& row : rig.host->losses())
    if (row.name == "a.banned") counted = row.connections;
  EXPECT_EQ(2U, counted);
  EXPECT_EQ(0U, rig.status().faults);
}

TEST(Interception, who_cannot_tell_lets_in_unless_the_fallback_is_another) {
  Rig rig{"  - {name: a, library: puppet_accept}\n  - {name: b, library: puppet_accept}"};
  Banning lenient{rig.strings("a")}, strict{rig.strings("b")};
  strict.strings.start = [&](auto, auto) {
    mortise_attach_t how{};
    how.size = sizeof how;
    how.fallback = MORTISE_DENY;
    EXPECT_EQ(MORTISE_OK, strict.strings.attach(MORTISE_ACCEPT, &how));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  lenient.strings.accept = [](auto, auto) { return mortise_answer_t{MORTISE_DISCONNECT}; };
  bool knows = true;
  strict.strings.accept = [&](auto, auto) {
    return mortise_answer_t{knows ? MORTISE_PASS : MORTISE_FALLBACK};
  };
  rig.run();
  EXPECT_TRUE(rig.broker->accepts(rig.listener, "10.0.0.17:50122"));
  EXPECT_EQ(1U, rig.status("a").faults) << "there is no connection to disconnect";
  knows = false;
  EXPECT_FALSE(rig.broker->accepts(rig.listener, "10.0.0.17:50122"));
}

TEST(Interception, with_nobody_attached_no_address_is_asked_about) {
  Rig rig{"  - {name: a, library: puppet}"};
  rig.run();
  EXPECT_FALSE(rig.broker->asks_to_accept());
}

TEST(Interception, on_a_strand_accept_is_refused_with_a_line_that_says_so) {
  Rig rig{"  - {name: a, library: puppet_accept_on_strand}"};
  mortise_status_t status = MORTISE_OK;
  rig.strings().start = [&](auto, auto) {
    status = rig.strings().attach(MORTISE_ACCEPT);
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.run();
  EXPECT_EQ(MORTISE_E_STATE, status);
  EXPECT_TRUE(rig.log.has("cannot accept connections")) << rig.log.all();
}

}  // namespace
}  // namespace mortise::host
