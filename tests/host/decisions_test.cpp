// Chains of plugins that answer at once: their order, their answers, their mistakes.
#include <gtest/gtest.h>

#include "host/rig.hpp"

namespace mortise::host {
namespace {

constexpr int not_authorized = 0x87;

mortise_attach_t kinds_of(const std::vector<std::uint16_t>& kinds) {
  mortise_attach_t how{};
  how.size = sizeof how;
  how.kinds = kinds.data();
  how.kind_count = kinds.size();
  how.fallback = MORTISE_FALLBACK;
  return how;
}

// Attaches everything a decision can be asked of; authorise for publishing only.
void attach_all(Strings& strings) {
  strings.start = [&strings](auto, auto) {
    const std::vector<std::uint16_t> kinds{MORTISE_PUBLISH};
    const auto how = kinds_of(kinds);
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHENTICATE));
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHORISE, &how));
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_INTERCEPT));
    return mortise_answer_t{MORTISE_ALLOW};
  };
}

void attach_authorise(Strings& strings, std::vector<std::uint16_t> kinds,
                      std::vector<std::string> filters = {}) {
  strings.start = [&strings, kinds = std::move(kinds), filters = std::move(filters)](auto, auto) {
    auto how = kinds_of(kinds);
    std::vector<mortise_str_t> raw;
    for (const std::string& filter : filters) raw.push_back({filter.data(), filter.size()});
    how.filters = raw.data();
    how.filter_count = raw.size();
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHORISE, &how));
    return mortise_answer_t{MORTISE_ALLOW};
  };
}

mortise_verdict_t verdict_of() {
  mortise_verdict_t verdict{};
  verdict.size = sizeof verdict;
  return verdict;
}

TEST(Decisions, with_nobody_attached_the_broker_is_told_to_ask_nobody) {
  Rig rig{"  - {name: a, library: puppet}"};
  rig.run();
  const auto& wanted = rig.host->hooks().wanted(0);
  EXPECT_FALSE(wanted.authenticate || wanted.intercept_publish || wanted.wants(broker::Action::publish));
}

TEST(Decisions, an_authenticator_sees_the_connect_and_refuses) {
  Rig rig{"  - {name: a, library: puppet}"};
  attach_all(rig.strings());
  std::string seen;
  rig.strings().authenticate = [&](mortise_call_t* call, const mortise_connect_t* connect) {
    seen = std::string{connect->client_id.data, connect->client_id.size} + '/' +
           std::string{connect->username.data, connect->username.size} + '/' +
           std::string{reinterpret_cast<const char*>(connect->password.data), connect->password.size} + '/' +
           std::string{connect->peer->address.data, connect->peer->address.size} + '/' +
           std::to_string(connect->peer->port);
    EXPECT_EQ(0U, call->loop);
    return mortise_answer_t{MORTISE_DENY};
  };
  rig.run();
  auto& client = rig.connect("pump-7", "pumps", "secret");
  EXPECT_EQ("pump-7/pumps/secret/10.0.0.17/50122", seen);
  EXPECT_EQ(std::vector{0x86}, rig.reasons(client, mqtt::PacketType::connack));
}

TEST(Decisions, pass_asks_the_next_in_the_order_of_the_file_and_an_answer_ends_the_chain) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}\n  - {name: c, library: puppet}"};
  std::string asked;
  for (const std::string name : {"a", "b", "c"}) {
    attach_all(rig.strings(name));
    rig.strings(name).authenticate = [&asked, name](auto, auto) {
      asked += name;
      return mortise_answer_t{name == "b" ? MORTISE_ALLOW : MORTISE_PASS};
    };
  }
  rig.run();
  auto& client = rig.connect("x", "user");
  EXPECT_EQ("ab", asked);
  EXPECT_EQ(std::vector{0}, rig.reasons(client, mqtt::PacketType::connack));
}

TEST(Decisions, the_operators_priority_wins_over_the_order_of_the_file) {
  Rig rig{
      "  - {name: a, library: puppet}\n  - {name: b, library: puppet, hooks: {authenticate: {priority: "
      "-5}}}"};
  std::string asked;
  for (const std::string name : {"a", "b"}) {
    attach_all(rig.strings(name));
    rig.strings(name).authenticate = [&asked, name](auto, auto) {
      return asked += name, mortise_answer_t{MORTISE_PASS};
    };
  }
  rig.run();
  rig.connect("x", "user");
  EXPECT_EQ("ba", asked);
}

TEST(Decisions, a_listener_asks_only_those_it_lists_in_its_own_order) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}\n  - {name: c, library: puppet}"};
  rig.listener.authenticators = {"c", "a"};
  std::string asked;
  for (const std::string name : {"a", "b", "c"}) {
    attach_all(rig.strings(name));
    rig.strings(name).authenticate = [&asked, name](auto, auto) {
      return asked += name, mortise_answer_t{MORTISE_PASS};
    };
  }
  rig.run();
  rig.connect("x", "user");
  EXPECT_EQ("ca", asked);
}

TEST(Decisions, a_denied_publish_carries_the_plugins_reason_code) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  attach_all(strings);
  strings.authorise = [&](mortise_call_t* call, const mortise_access_t* access) {
    EXPECT_EQ(MORTISE_PUBLISH, access->action);
    EXPECT_EQ("alarm/reset", std::string(access->topic.data, access->topic.size));
    auto verdict = verdict_of();
    verdict.reason_code = 0x97;
    verdict.rule = {"access.yaml:14", 14};
    return strings.host->reply(call, MORTISE_DENY, &verdict);
  };
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "alarm/reset", "1");
  EXPECT_EQ(std::vector{0x97}, rig.reasons(client, mqtt::PacketType::puback));
  EXPECT_TRUE(rig.log.has("by=a rule=access.yaml:14 client=x")) << rig.log.all();
}

TEST(Decisions, a_plugin_may_end_the_connection_of_who_subscribes) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  attach_authorise(strings, {MORTISE_SUBSCRIBE});
  strings.authorise = [&](mortise_call_t* call, auto) {
    auto verdict = verdict_of();
    verdict.reason_code = 0x98;  // administrative action, which no SUBACK may carry
    return strings.host->reply(call, MORTISE_DISCONNECT, &verdict);
  };
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "alarm/#");
  EXPECT_EQ(std::vector{0x98}, rig.reasons(client, mqtt::PacketType::disconnect));
  EXPECT_EQ(std::vector<int>{}, rig.reasons(client, mqtt::PacketType::suback));
}

struct Mistake {
  std::string name;
  std::function<mortise_answer_t(Strings&, mortise_call_t*)> answer;
  friend void PrintTo(const Mistake& row, std::ostream* out) { *out << row.name; }
};
class FaultyAuthorise : public testing::TestWithParam<Mistake> {};

TEST_P(FaultyAuthorise, is_counted_and_the_fallback_denies) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  attach_all(strings);
  strings.authorise = [&](mortise_call_t* call, auto) { return GetParam().answer(strings, call); };
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  rig.publish(client, "t", "2");
  EXPECT_EQ((std::vector{not_authorized, not_authorized}), rig.reasons(client, mqtt::PacketType::puback));
  EXPECT_EQ(2U, rig.status().faults);
  const std::string all = rig.log.all();
  EXPECT_NE(std::string::npos, all.find("plugin=a")) << all;
  EXPECT_EQ(all.find("where=authorise.check"), all.rfind("where=authorise.check"))
      << "one line for repeated faults\n"
      << all;
}

mortise_answer_t reply_with(Strings& strings, mortise_call_t* call, mortise_answer_t answer,
                            const std::function<void(mortise_verdict_t&)>& edit) {
  auto verdict = verdict_of();
  edit(verdict);
  return strings.host->reply(call, answer, &verdict);
}

INSTANTIATE_TEST_SUITE_P(
    Decisions, FaultyAuthorise,
    testing::ValuesIn(std::vector<Mistake>{
        // long: a table
        {"an_exception", [](Strings&, auto) -> mortise_answer_t { throw std::runtime_error{"oops"}; }},
        {"an_exception_of_no_type", [](Strings&, auto) -> mortise_answer_t { throw 7; }},
        {"an_unknown_answer", [](Strings&, auto) { return mortise_answer_t{77}; }},
        {"an_answer_of_another_hook", [](Strings&, auto) { return mortise_answer_t{MORTISE_DROP}; }},
        {"replied_without_a_reply", [](Strings&, auto) { return mortise_answer_t{MORTISE_REPLIED}; }},
        {"pending_without_a_token", [](Strings&, auto) { return mortise_answer_t{MORTISE_PENDING}; }},
        {"a_reason_code_of_another_packet",
         [](Strings& s, auto call) {
           return reply_with(s, call, MORTISE_DENY, [](auto& verdict) { verdict.reason_code = 0x84; });
         }},
        {"a_success_code_for_a_refusal",
         [](Strings& s, auto call) {
           return reply_with(s, call, MORTISE_DENY, [](auto& verdict) { verdict.reason_code = 0x10; });
         }},
        {"a_verdict_too_short",
         [](Strings& s, auto call) {
           return reply_with(s, call, MORTISE_DENY, [](auto& verdict) { verdict.size = 4; });
         }},
        {"a_text_that_is_no_utf8",
         [](Strings& s, auto call) {
           return reply_with(s, call, MORTISE_DENY, [](auto& verdict) {
             verdict.reason_string = {"\xff", 1};
           });
         }},
    }),
    [](const auto& row) { return row.param.name; });

TEST(Decisions, fallback_is_the_operators_and_no_fault) {
  Rig rig{"  - {name: a, library: puppet, hooks: {authorise: {fallback: allow}}}"};
  attach_all(rig.strings());
  rig.strings().authorise = [](auto, auto) { return mortise_answer_t{MORTISE_FALLBACK}; };
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  EXPECT_EQ(std::vector{0}, rig.reasons(client, mqtt::PacketType::puback));
  EXPECT_EQ(0U, rig.status().faults);
}

TEST(Decisions, an_attachments_filters_keep_other_topics_away) {
  Rig rig{"  - {name: a, library: puppet}"};
  attach_authorise(rig.strings(), {MORTISE_PUBLISH, MORTISE_SUBSCRIBE}, {"secret/#"});
  rig.strings().authorise = [](auto, auto) { return mortise_answer_t{MORTISE_DENY}; };
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "open/a", "1");
  rig.publish(client, "secret/a", "1");
  EXPECT_EQ((std::vector{0, not_authorized}), rig.reasons(client, mqtt::PacketType::puback));
  rig.subscribe(client, "open/#");
  rig.subscribe(client, "#");
  rig.subscribe(client, "$share/group/open/#");
  rig.subscribe(client, "$share/group/secret/a");
  EXPECT_EQ((std::vector{0, not_authorized, 0, not_authorized}),
            rig.reasons(client, mqtt::PacketType::suback))
      << "a filter that reaches into secret/ is asked about; of a shared one the part behind the name";
}

TEST(Decisions, receive_is_asked_for_each_receiver_and_cannot_wait) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  attach_authorise(strings, {MORTISE_RECEIVE});
  mortise_status_t deferred = MORTISE_OK;
  strings.authorise = [&](mortise_call_t* call, const mortise_access_t* access) {
    mortise_token_t token{};
    deferred = strings.host->defer(call, 0, &token);
    const bool is_pump =
        std::string(access->client->client_id.data, access->client->client_id.size) == "pump";
    return mortise_answer_t{is_pump ? MORTISE_DENY : MORTISE_PASS};
  };
  rig.run();
  auto& pump = rig.connect("pump");
  auto& panel = rig.connect("panel");
  rig.subscribe(pump, "t");
  rig.subscribe(panel, "t");
  rig.publish(panel, "t", "1");
  rig.turn();
  EXPECT_EQ(MORTISE_E_STATE, deferred);
  EXPECT_TRUE(rig.messages(pump).empty());
  EXPECT_EQ(std::vector<std::string>{"t=1"}, rig.messages(panel));
}

TEST(Decisions, intercept_changes_a_message_with_the_builder) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  attach_all(strings);
  strings.intercept = [&](mortise_call_t* call, auto, const mortise_message_view_t* message) {
    const auto* messages = strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES);
    mortise_edit_t edit{};
    edit.size = sizeof edit;
    edit.set = MORTISE_SET_TOPIC | MORTISE_SET_PAYLOAD;
    edit.topic = {"changed", 7};
    edit.payload = {reinterpret_cast<const std::uint8_t*>("new"), 3};
    mortise_message_t* made = nullptr;
    EXPECT_EQ(MORTISE_OK, messages->make(strings.host, message, &edit, &made));
    auto verdict = verdict_of();
    verdict.messages = &made;
    verdict.message_count = 1;
    return strings.host->reply(call, MORTISE_CHANGE, &verdict);
  };
  std::string authorised;
  strings.authorise = [&](auto, const mortise_access_t* access) {
    authorised.assign(access->topic.data, access->topic.size);
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "#");
  rig.publish(client, "old", "1");
  rig.turn();
  EXPECT_EQ(std::vector<std::string>{"changed=new"}, rig.messages(client));
  EXPECT_EQ("changed", authorised);
}

TEST(Decisions, the_same_message_may_replace_many_and_each_is_one_of_its_own) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  attach_all(strings);
  mortise_message_t* kept = nullptr;
  strings.intercept = [&](mortise_call_t* call, auto, const mortise_message_view_t* message) {
    const auto* messages = strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES);
    if (!kept) kept = messages->ref(strings.host, message);
    mortise_message_t* given = messages->ref(strings.host, messages->view(strings.host, kept));
    auto verdict = verdict_of();
    verdict.messages = &given;
    verdict.message_count = 1;
    return strings.host->reply(call, MORTISE_CHANGE, &verdict);
  };
  strings.stop = [&] {
    strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES)->unref(strings.host, kept);
  };
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "#", mqtt::Qos::at_least_once);
  rig.publish(client, "t", "first");
  rig.publish(client, "t", "second");
  rig.turn();
  EXPECT_EQ((std::vector<std::string>{"t=first", "t=first"}), rig.messages(client));
  EXPECT_EQ(0U, rig.status().faults);
}

TEST(Decisions, a_dropped_message_is_acknowledged_and_counted_under_the_plugins_reason) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  std::uint32_t loss = 0;
  strings.start = [&](auto, auto) {
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_INTERCEPT));
    const auto* ledger = strings.service<mortise_ledger_t>(MORTISE_HOST_LEDGER);
    EXPECT_EQ(MORTISE_OK, ledger->reason(strings.host, "not_json", "the payload is not JSON", &loss));
    EXPECT_EQ(MORTISE_E_INVALID, ledger->reason(strings.host, "Not JSON", "", &loss));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  strings.intercept = [&](mortise_call_t* call, auto, auto) {
    return reply_with(strings, call, MORTISE_DROP, [&](auto& verdict) { verdict.loss = loss; });
  };
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "#");
  rig.publish(client, "t", "1");
  EXPECT_EQ(std::vector{0}, rig.reasons(client, mqtt::PacketType::puback));
  EXPECT_TRUE(rig.messages(client).empty());
  for (const auto& row : rig.host->losses())
    if (row.name == "a.not_json") {
      EXPECT_EQ(1U, row.messages);
      return;
    }
  FAIL() << "the reason has no row";
}

TEST(Decisions, a_faulty_interceptor_lets_the_message_pass) {
  Rig rig{"  - {name: a, library: puppet}"};
  attach_all(rig.strings());
  rig.strings().intercept = [](auto, auto, auto) { return mortise_answer_t{MORTISE_CHANGE}; };
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "#");
  rig.publish(client, "t", "1");
  rig.turn();
  EXPECT_EQ(std::vector<std::string>{"t=1"}, rig.messages(client));
  EXPECT_EQ(1U, rig.status().faults);
}

TEST(Decisions, an_authenticators_word_is_shown_to_it_alone_and_forgotten_once) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}"};
  Strings& strings = rig.strings("a");
  attach_all(strings);
  attach_all(rig.strings("b"));
  strings.authenticate = [&](mortise_call_t* call, auto) {
    return reply_with(strings, call, MORTISE_ALLOW, [](auto& verdict) { verdict.client_data = 4711; });
  };
  std::uint64_t shown_to_a = 0, shown_to_b = 1;
  std::vector<std::uint64_t> forgotten;
  strings.authorise = [&](auto, const mortise_access_t* access) {
    shown_to_a = access->client->data;
    return mortise_answer_t{MORTISE_PASS};
  };
  rig.strings("b").authorise = [&](auto, const mortise_access_t* access) {
    shown_to_b = access->client->data;
    return mortise_answer_t{MORTISE_PASS};
  };
  strings.forget = [&](std::uint64_t word) { forgotten.push_back(word); };
  rig.run();
  auto& client = rig.connect("x", "user");
  auto& other = rig.connect("y", "user");
  rig.publish(client, "t", "1");
  EXPECT_EQ(4711U, shown_to_a);
  EXPECT_EQ(0U, shown_to_b);
  rig.lose(client);
  EXPECT_EQ(1U, forgotten.size());
  EXPECT_EQ(std::vector{0}, rig.reasons(other, mqtt::PacketType::connack));
  rig.stop();
  EXPECT_EQ(2U, forgotten.size()) << "what is kept ends with the instance at the latest";
}

TEST(Decisions, an_identity_stands_in_for_the_user_name) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  attach_all(strings);
  strings.authenticate = [&](mortise_call_t* call, auto) {
    mortise_identity_t identity{};
    identity.size = sizeof identity;
    identity.username = {"pumps", 5};
    return reply_with(strings, call, MORTISE_ALLOW, [&](auto& verdict) { verdict.identity = &identity; });
  };
  std::string seen;
  strings.authorise = [&](auto, const mortise_access_t* access) {
    seen.assign(access->client->username.data, access->client->username.size);
    return mortise_answer_t{MORTISE_PASS};
  };
  rig.run();
  auto& client = rig.connect("x", "certificate");
  rig.publish(client, "t", "1");
  EXPECT_EQ("pumps", seen);
}

}  // namespace
}  // namespace mortise::host
