// Keys of TLS clients: who is asked, in which order, and what a plugin can do wrong with the answer.
#include "host/psk_finder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "host/rig.hpp"

namespace mortise::host {
namespace {

using broker::PskAnswer;
using broker::PskKey;
using Outcome = PskAnswer::Outcome;

const PskListener secure{"secure", {}};

void attach_psk(Strings& strings) {
  strings.start = [&strings](auto, auto) {
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_PSK));
    return mortise_answer_t{MORTISE_ALLOW};
  };
}

// Knows one identity, whose key is `byte` sixteen times.
void let_know(Strings& strings, const std::string& identity, std::uint8_t byte) {
  attach_psk(strings);
  strings.find_psk = [identity, byte](auto, const mortise_psk_query_t* asked, mortise_psk_key_t* key) {
    if (identity != std::string_view{asked->identity.data, asked->identity.size})
      return mortise_answer_t{MORTISE_PASS};
    key->size = 16;
    std::fill_n(key->bytes, 16, byte);
    return mortise_answer_t{MORTISE_ALLOW};
  };
}

TEST(PskFinder, without_a_plugin_every_identity_is_unknown) {
  Rig rig{"  - {name: a, library: puppet}"};
  rig.run();
  PskKey key;
  const PskAnswer answer = rig.host->find_psk(secure, "pump-7", key);
  EXPECT_EQ(Outcome::unknown, answer.outcome);
  EXPECT_NE(std::string::npos, answer.why.find("\"pump-7\"")) << answer.why;
  EXPECT_TRUE(key.bytes().empty());
  EXPECT_FALSE(rig.host->provides_psk(secure) || rig.host->has_psk(secure));
}

TEST(PskFinder, a_plugin_that_provides_keys_has_them_once_it_has_attached) {
  Rig rig{"  - {name: a, library: puppet_psk}\n  - {name: b, library: puppet}"};
  EXPECT_EQ("", text_of(rig.load()));
  EXPECT_TRUE(rig.host->provides_psk(secure));
  EXPECT_TRUE(rig.host->provides_psk({"secure", {"b", "a"}}));
  EXPECT_FALSE(rig.host->provides_psk({"secure", {"b"}}));
  EXPECT_EQ("", text_of(rig.host->start()));
  EXPECT_FALSE(rig.host->has_psk(secure));
  EXPECT_EQ(MORTISE_OK, rig.strings().attach(MORTISE_PSK));
  EXPECT_TRUE(rig.host->has_psk(secure));
  EXPECT_FALSE(rig.host->has_psk({"secure", {"b"}}));
}

TEST(PskFinder, pass_asks_the_next_and_a_listener_may_choose_whom) {
  Rig rig{"  - {name: a, library: puppet_psk}\n  - {name: b, library: puppet_psk}"};
  let_know(rig.strings("a"), "pump-7", 0xAA);
  let_know(rig.strings("b"), "pump-8", 0xBB);
  rig.run();
  PskKey key;
  EXPECT_EQ(Outcome::found, rig.host->find_psk(secure, "pump-8", key).outcome);
  EXPECT_EQ(16U, key.bytes().size());
  EXPECT_EQ(0xBB, key.bytes().front());
  EXPECT_EQ(Outcome::found, rig.host->find_psk(secure, "pump-7", key).outcome);
  EXPECT_EQ(0xAA, key.bytes().back());
  EXPECT_EQ(Outcome::unknown, rig.host->find_psk({"secure", {"b"}}, "pump-7", key).outcome);
  EXPECT_EQ(Outcome::unknown, rig.host->find_psk(secure, "pump-9", key).outcome);
}

TEST(PskFinder, the_plugin_sees_who_asks_and_where) {
  Rig rig{"  - {name: a, library: puppet_psk}"};
  attach_psk(rig.strings());
  std::string seen;
  std::vector<std::uint32_t> loops;
  rig.strings().find_psk = [&](mortise_call_t* call, const mortise_psk_query_t* asked,
                               mortise_psk_key_t* key) {
    seen = std::string{asked->identity.data, asked->identity.size} + '@' +
           std::string{asked->listener.data, asked->listener.size};
    loops.push_back(call->loop);
    EXPECT_EQ(0U, key->size);
    mortise_token_t token{};
    EXPECT_EQ(MORTISE_E_STATE, rig.strings().host->defer(call, 0, &token)) << "nothing can wait here";
    return mortise_answer_t{MORTISE_PASS};
  };
  rig.run();
  PskKey key;
  rig.host->find_psk(secure, "pump-7", key);
  rig.host->begin_turn(0);
  rig.host->find_psk(secure, "pump-7", key);
  rig.host->end_turn(0);
  EXPECT_EQ("pump-7@secure", seen);
  EXPECT_EQ((std::vector<std::uint32_t>{MORTISE_NO_LOOP, 0}), loops);
}

TEST(PskFinder, a_plugin_on_its_strand_cannot_attach) {
  Rig rig{"  - {name: a, library: puppet_psk_on_strand}"};
  mortise_status_t said = MORTISE_OK;
  rig.strings().start = [&](auto, auto) {
    said = rig.strings().attach(MORTISE_PSK);
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.run();
  EXPECT_EQ(MORTISE_E_STATE, said);
  EXPECT_TRUE(rig.log.has("cannot give keys of TLS clients")) << rig.log.all();
}

// ---- misbehaviour

struct Row {
  const char* name;
  std::function<mortise_answer_t(Strings&, mortise_call_t*, mortise_psk_key_t*)> does;
  std::uint64_t faults;
  const char* said;
  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

mortise_answer_t allow_with(mortise_psk_key_t* key, std::uint32_t size) {
  key->size = size;
  return MORTISE_ALLOW;
}
mortise_answer_t reply_with_rule(Strings& strings, mortise_call_t* call, mortise_answer_t answer) {
  static constexpr std::string_view rule = "psk.yaml:3";
  mortise_verdict_t verdict{};
  verdict.size = sizeof verdict;
  verdict.rule = {rule.data(), rule.size()};
  return strings.host->reply(call, answer, &verdict);
}

TEST(PskFinder, reply_answers_as_well) {
  Rig rig{"  - {name: a, library: puppet_psk}\n  - {name: b, library: puppet_psk}"};
  for (const char* name : {"a", "b"}) {
    attach_psk(rig.strings(name));
    rig.strings(name).find_psk = [&rig, name](mortise_call_t* call, auto, mortise_psk_key_t* key) {
      const bool knows = name == std::string_view{"b"};
      if (knows) key->size = 16;
      return reply_with_rule(rig.strings(name), call, knows ? MORTISE_ALLOW : MORTISE_PASS);
    };
  }
  rig.run();
  PskKey key;
  EXPECT_EQ(Outcome::found, rig.host->find_psk(secure, "pump-7", key).outcome);
  EXPECT_EQ(16U, key.bytes().size());
  EXPECT_EQ(0U, rig.status("a").faults + rig.status("b").faults) << rig.log.all();
}

class BadPsk : public testing::TestWithParam<Row> {};

TEST_P(BadPsk, refuses_the_identity_and_names_plugin_and_listener) {
  Rig rig{"  - {name: a, library: puppet_psk}\n  - {name: b, library: puppet_psk}"};
  attach_psk(rig.strings("a"));
  rig.strings("a").find_psk = [&](mortise_call_t* call, auto, mortise_psk_key_t* key) {
    return GetParam().does(rig.strings("a"), call, key);
  };
  let_know(rig.strings("b"), "pump-7", 0xBB);
  rig.run();
  PskKey key;
  const PskAnswer answer = rig.host->find_psk(secure, "pump-7", key);
  EXPECT_EQ(Outcome::refused, answer.outcome) << "nobody else is asked";
  EXPECT_TRUE(key.bytes().empty());
  for (const char* part : {"plugin \"a\"", "\"secure\"", "\"pump-7\"", GetParam().said})
    EXPECT_NE(std::string::npos, answer.why.find(part)) << part << " in " << answer.why;
  EXPECT_EQ(GetParam().faults, rig.status("a").faults) << rig.log.all();
  EXPECT_EQ(GetParam().faults != 0, rig.log.has("psk.find")) << rig.log.all();
}

INSTANTIATE_TEST_SUITE_P(
    PskFinder, BadPsk,
    testing::ValuesIn(std::vector<Row>{
        {"no_key_at_all", [](auto&, auto*, auto* key) { return allow_with(key, 0); }, 1, "a key of 0 bytes"},
        {"a_key_too_long", [](auto&, auto*, auto* key) { return allow_with(key, 257); }, 1,
         "a key of 257 bytes, where 1 to 256 are allowed"},
        {"a_key_of_four_gigabytes", [](auto&, auto*, auto* key) { return allow_with(key, UINT32_MAX); }, 1,
         "a key of 4294967295 bytes"},
        {"pending", [](auto&, auto*, auto*) { return mortise_answer_t{MORTISE_PENDING}; }, 1,
         "no answer but the number 100"},
        {"an_answer_nobody_knows", [](auto&, auto*, auto*) { return mortise_answer_t{-77}; }, 1,
         "no answer but the number -77"},
        {"replied_without_a_reply", [](auto&, auto*, auto*) { return mortise_answer_t{MORTISE_REPLIED}; }, 1,
         "no answer but the number 101"},
        {"a_throw", [](auto&, auto*, auto*) -> mortise_answer_t { throw 42; }, 1, "has no answer"},
        {"fallback", [](auto&, auto*, auto*) { return mortise_answer_t{MORTISE_FALLBACK}; }, 0,
         "has no answer"},
        {"deny", [](auto&, auto*, auto*) { return mortise_answer_t{MORTISE_DENY}; }, 0, "refuses"},
        {"deny_by_a_rule",
         [](auto& of, auto* call, auto*) { return reply_with_rule(of, call, MORTISE_DENY); }, 0,
         "(psk.yaml:3)"},
        {"fallback_by_a_rule",
         [](auto& of, auto* call, auto*) { return reply_with_rule(of, call, MORTISE_FALLBACK); }, 0,
         "has no answer about the identity \"pump-7\" on listener \"secure\" (psk.yaml:3)"},
        {"no_key_by_reply",
         [](auto& of, auto* call, auto*) { return reply_with_rule(of, call, MORTISE_ALLOW); }, 1,
         "a key of 0 bytes"},
        {"pending_by_reply",
         [](auto& of, auto* call, auto*) { return reply_with_rule(of, call, MORTISE_PENDING); }, 1,
         "no answer but the number 100"},
    }),
    [](const auto& row) { return row.param.name; });

// ---- coming and going while loops ask

std::atomic<int> inside{0};
std::atomic<bool> gone{false};

TEST(PskFinder, who_detaches_is_told_when_no_loop_is_inside_any_more) {
  Rig rig{"  - {name: a, library: puppet_psk}", [](Options& options) { options.loops = 2; }};
  std::atomic<int> asked{0};
  std::atomic<bool> asked_when_gone{false};
  gone = false;
  rig.strings().find_psk = [&](auto, auto, mortise_psk_key_t* key) {
    ++inside;
    ++asked;
    if (gone) asked_when_gone = true;
    --inside;
    return allow_with(key, 16);
  };
  rig.run();
  std::array<std::jthread, 2> loops;
  for (std::uint32_t loop = 0; loop < loops.size(); ++loop)
    loops[loop] = std::jthread{[&rig, loop](const std::stop_token& end) {
      PskKey key;
      while (!end.stop_requested()) {
        rig.host->begin_turn(loop);
        rig.host->find_psk(secure, "pump-7", key);
        rig.host->end_turn(loop);
      }
    }};
  const auto* hooks = rig.strings().service<mortise_hooks_t>(MORTISE_HOST_HOOKS);
  for (int round = 0; round < 200; ++round) {
    gone = false;
    mortise_hook_t hook{};
    ASSERT_EQ(MORTISE_OK, hooks->attach(rig.strings().host, MORTISE_PSK, nullptr, &hook));
    const int before = asked;
    EXPECT_TRUE(eventually([&] { return asked > before; }));
    static std::atomic<bool> told;
    told = false;
    const auto done = [](void*, mortise_status_t, std::uint32_t) {
      EXPECT_EQ(0, inside);
      gone = true;
      told = true;
    };
    ASSERT_EQ(MORTISE_OK, hooks->detach(rig.strings().host, hook, done, nullptr));
    ASSERT_TRUE(eventually([&] { return told.load(); }));
  }
  for (std::jthread& loop : loops) loop.request_stop();
  for (std::jthread& loop : loops) loop.join();
  EXPECT_FALSE(asked_when_gone);
}

}  // namespace
}  // namespace mortise::host
