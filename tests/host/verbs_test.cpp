// Plugins that answer an operator: what they are asked, how they may answer, and what becomes of nonsense.
#include "host/verbs.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "host/rig.hpp"

namespace mortise::host {
namespace {

using Outcome = VerbAnswer::Outcome;

constexpr const char* one_puppet = "  - {name: a, library: puppet}";

// Whoever waits for an answer.
class Asker {
 public:
  Asker(Rig& rig, const std::string& verb, std::vector<std::string> words = {},
        base::Duration wait = std::chrono::seconds{20}, const std::string& instance = "a") {
    rig.host->ask_verb({{instance, verb, std::move(words), {}}, "uid 7", wait},
                       [state = state_](const VerbAnswer& answer) {
                         const std::lock_guard lock{state->mutex};
                         state->answer = answer;
                         ++state->told;
                       });
  }
  bool is_answered() const {
    const std::lock_guard lock{state_->mutex};
    return state_->answer.has_value();
  }
  VerbAnswer answer() const {
    EXPECT_TRUE(eventually([this] { return is_answered(); }));
    const std::lock_guard lock{state_->mutex};
    EXPECT_EQ(state_->told, 1);
    return state_->answer.value_or(VerbAnswer{});
  }
  // "done: …", "wrong: … | remedy"
  std::string text() const {
    static constexpr const char* names[] = {"done", "wrong", "failed"};
    const VerbAnswer given = answer();
    return std::string{names[static_cast<int>(given.outcome)]} + ": " + given.text +
           (given.remedy.empty() ? "" : " | " + given.remedy);
  }

 private:
  struct State {
    std::mutex mutex;
    std::optional<VerbAnswer> answer;
    int told = 0;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

mortise_str_t lend(std::string_view text) { return {text.data(), text.size()}; }

// Answers in the call with these details.
auto replying(Strings& strings, mortise_answer_t answer, const std::string& data, const std::string& why = {},
              const std::string& remedy = {}, std::uint8_t code = 0) {
  return [=, &strings](mortise_call_t* call, auto) {
    mortise_verdict_t verdict{};
    verdict.size = sizeof verdict;
    verdict.reason_code = code;
    verdict.data = {reinterpret_cast<const std::uint8_t*>(data.data()), data.size()};
    verdict.reason_string = lend(why);
    verdict.remedy = lend(remedy);
    return strings.host->reply(call, answer, &verdict);
  };
}

TEST(Verbs, are_listed_while_their_instance_runs) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}"};
  ASSERT_EQ("", text_of(rig.load()));
  EXPECT_TRUE(rig.host->verbs().empty());
  EXPECT_EQ(rig.host->instances_with_verbs(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Asker(rig, "plain").text(), "failed: plugin \"a\" does not run | the log says why");
  ASSERT_EQ("", text_of(rig.host->start()));
  const auto rows = rig.host->verbs();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].instance + " " + rows[0].verb + " " + rows[0].words + ": " + rows[0].summary,
            "a say TEXT [times=2] [loud=false] [to=…] [how=…]: says something");
  EXPECT_EQ(rows[3].instance + " " + rows[3].verb + rows[3].words, "b plain");
}

TEST(Verbs, reach_their_plugin_with_checked_arguments_and_who_asks) {
  Rig rig{one_puppet};
  Strings& strings = rig.strings();
  std::string seen;
  strings.run = [&](mortise_call_t* call, const mortise_request_t* request) {
    const auto* config = strings.service<mortise_config_t>(MORTISE_HOST_CONFIG);
    mortise_str_t text{};
    std::int64_t times = 0;
    std::uint8_t loud = 9;
    EXPECT_EQ(config->string(config->at(request->arguments, "/text"), &text), MORTISE_OK);
    EXPECT_EQ(config->integer(config->at(request->arguments, "/times"), &times), MORTISE_OK);
    EXPECT_EQ(config->boolean(config->at(request->arguments, "/loud"), &loud), MORTISE_OK);
    EXPECT_EQ(call->loop, MORTISE_NO_LOOP);
    seen = std::to_string(request->command) + " " + std::string(text.data, text.size) + " " +
           std::to_string(times) + " " + std::to_string(loud) + " " +
           std::string(request->caller.data, request->caller.size);
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.run();
  EXPECT_EQ(Asker(rig, "say", {"hello", "loud=true"}).text(), "done: null");
  EXPECT_EQ(seen, "0 hello 2 1 uid 7");
  EXPECT_TRUE(rig.log.has("plugin was asked for something"));
  EXPECT_TRUE(rig.log.has("verb=say by=uid 7 outcome=done")) << rig.log.all();
}

TEST(Verbs, of_every_plugin_run_on_its_strand) {
  for (const char* const library : {"puppet", "puppet_on_strand"}) {
    Rig rig{std::string{"  - {name: a, library: "} + library + "}"};
    std::thread::id timer;
    std::thread::id verb;
    Strings& strings = rig.strings();
    strings.run = [&](auto, auto) {
      verb = std::this_thread::get_id();
      const auto note = [](void* where) {
        *static_cast<std::thread::id*>(where) = std::this_thread::get_id();
      };
      strings.service<mortise_work_t>(MORTISE_HOST_WORK)->post(strings.host, note, &timer);
      return mortise_answer_t{MORTISE_ALLOW};
    };
    rig.run();
    Asker(rig, "plain").answer();
    rig.stop();
    EXPECT_EQ(verb, timer);
    EXPECT_NE(verb, std::this_thread::get_id());
  }
}

TEST(Verbs, may_be_answered_later_from_any_thread) {
  Rig rig{one_puppet};
  Strings& strings = rig.strings();
  std::atomic<std::uint64_t> token{0};
  strings.run = [&](mortise_call_t* call, auto) {
    mortise_token_t taken{};
    EXPECT_EQ(strings.host->defer(call, 0, &taken), MORTISE_OK);
    token = taken.id;
    return mortise_answer_t{MORTISE_PENDING};
  };
  rig.run();
  const Asker asker{rig, "plain"};
  ASSERT_TRUE(eventually([&] { return token != 0; }));
  EXPECT_FALSE(asker.is_answered());
  mortise_verdict_t verdict{};
  verdict.size = sizeof verdict;
  const std::string data = R"({"bytes": 12})";
  verdict.data = {reinterpret_cast<const std::uint8_t*>(data.data()), data.size()};
  EXPECT_EQ(strings.host->answer(strings.host, {token}, MORTISE_ALLOW, &verdict), MORTISE_OK);
  EXPECT_EQ(asker.text(), "done: " + data);
  EXPECT_EQ(strings.host->answer(strings.host, {token}, MORTISE_ALLOW, &verdict), MORTISE_E_LATE);
}

TEST(Verbs, that_take_too_long_are_told_so_and_their_plugin_hears_of_it) {
  Rig rig{one_puppet};
  Strings& strings = rig.strings();
  std::atomic<std::uint32_t> cancelled{0};
  strings.run = [&](mortise_call_t* call, auto) {
    mortise_token_t taken{};
    strings.host->defer(call, 0, &taken);
    return mortise_answer_t{MORTISE_PENDING};
  };
  strings.cancelled = [&](auto, std::uint32_t why) { cancelled = why; };
  rig.run();
  EXPECT_EQ(Asker(rig, "plain", {}, std::chrono::milliseconds{50}).text(),
            "failed: plugin \"a\" has not answered within 50ms; it may still be at it | the log says how it "
            "ends; to wait longer, write --wait=10m");
  EXPECT_TRUE(eventually([&] { return cancelled == MORTISE_CANCEL_DEADLINE; }));
}

TEST(Verbs, wait_no_longer_for_a_strand_that_is_busy) {
  Rig rig{one_puppet};
  std::atomic<bool> release{false};
  std::atomic<int> runs{0};
  rig.strings().run = [&](auto, auto) {
    ++runs;
    eventually([&] { return release.load(); });
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.run();
  const Asker first{rig, "plain"};
  ASSERT_TRUE(eventually([&] { return runs == 1; }));
  EXPECT_EQ(Asker(rig, "plain", {}, std::chrono::milliseconds{30}).answer().outcome, Outcome::failed);
  release = true;
  EXPECT_EQ(first.text(), "done: null");
  rig.stop();
  EXPECT_EQ(runs, 1) << "nobody waited for the second any more when its turn came";
}

TEST(Verbs, still_owed_when_the_broker_stops_are_answered) {
  Rig rig{one_puppet};
  Strings& strings = rig.strings();
  std::atomic<bool> asked{false};
  strings.run = [&](mortise_call_t* call, auto) {
    mortise_token_t taken{};
    strings.host->defer(call, 0, &taken);
    asked = true;
    return mortise_answer_t{MORTISE_PENDING};
  };
  rig.run();
  const Asker asker{rig, "plain"};
  ASSERT_TRUE(eventually([&] { return asked.load(); }));
  rig.stop();
  EXPECT_EQ(asker.text(), "failed: plugin \"a\" is being stopped | ask again when the broker runs");
}

TEST(Verbs, are_refused_in_the_plugins_own_words) {
  Rig rig{one_puppet};
  Strings& strings = rig.strings();
  strings.run = replying(strings, MORTISE_DENY, "", "the file is there", "choose another");
  rig.run();
  EXPECT_EQ(Asker(rig, "plain").text(), "failed: the file is there | choose another");
  strings.run = replying(strings, MORTISE_DENY, "", "for: too long", "for=1h", MORTISE_CONTROL_WRONG);
  EXPECT_EQ(Asker(rig, "plain").text(), "wrong: for: too long | for=1h");
  strings.run = [](auto, auto) { return mortise_answer_t{MORTISE_DENY}; };
  EXPECT_EQ(Asker(rig, "plain").text(), "failed: plugin \"a\" refuses, and does not say why");
  strings.run = replying(strings, MORTISE_FALLBACK, "", "out of luck");
  EXPECT_EQ(Asker(rig, "plain").text(),
            "failed: plugin \"a\" could not do it: out of luck | the log may say more");
  EXPECT_EQ(rig.status().faults, 0u);
}

TEST(Verbs, that_are_not_there_say_what_is) {
  Rig rig{one_puppet};
  rig.run();
  EXPECT_EQ(Asker(rig, "sya").text(), "wrong: plugin \"a\" has no verb \"sya\" | did you mean say?");
  EXPECT_EQ(Asker(rig, "frobnicate").text(),
            "wrong: plugin \"a\" has no verb \"frobnicate\" | mortise ctl a lists what it has");
  EXPECT_EQ(Asker(rig, "say", {}, std::chrono::seconds{20}, "zz").text(),
            "wrong: no plugin instance \"zz\" has verbs | mortise ctl help lists what there is");
  EXPECT_EQ(Asker(rig, "say").answer().outcome, Outcome::wrong);
  EXPECT_EQ(Asker(rig, "say", {"hello", "times=0"}).answer().outcome, Outcome::wrong);
}

TEST(Verbs, are_explained_by_the_host) {
  Rig rig{one_puppet};
  rig.run();
  EXPECT_NE(Asker(rig, "help").text().find(R"({"verb":"plain","words":"","summary":"takes nothing"})"),
            std::string::npos);
  EXPECT_NE(Asker(rig, "help", {"say"})
                .text()
                .find(R"({"argument":"text","default":"must be given","description":"what is said"})"),
            std::string::npos);
  EXPECT_EQ(Asker(rig, "help", {"sya"}).text(),
            "wrong: plugin \"a\" has no verb \"sya\" | did you mean say?");
}

// What each of these does is the plugin's fault, which is counted, and told to whoever asked.
TEST(Verbs, with_nonsense_for_an_answer_are_faults) {
  Rig rig{one_puppet};
  Strings& strings = rig.strings();
  const std::string deep = std::string(17, '[') + std::string(17, ']');
  const std::pair<decltype(strings.run), std::string> rows[] = {
      {replying(strings, MORTISE_ALLOW, "{\"a\": "), "an answer that is no JSON"},
      {replying(strings, MORTISE_ALLOW, "\"\xff\""), "an answer that is no JSON"},
      {replying(strings, MORTISE_ALLOW, deep), "an answer that is no JSON, or deeper"},
      {replying(strings, MORTISE_ALLOW, '"' + std::string(5 << 20, 'x') + '"'), "4 MiB are the most"},
      {replying(strings, MORTISE_DENY, "", "\xff"), "a text that is not UTF-8"},
      {[](auto, auto) { return mortise_answer_t{MORTISE_CHANGE}; }, "an answer a verb does not take"},
      {[](auto, auto) { return mortise_answer_t{4711}; }, "an answer a verb does not take"},
      {[](auto, auto) { return mortise_answer_t{MORTISE_PENDING}; }, "could not do it"},
      {[](auto, auto) -> mortise_answer_t { throw std::runtime_error{"broken inside"}; },
       "could not do it: broken inside"},
      {[](auto, auto) -> mortise_answer_t { throw 42; }, "could not do it"}};
  rig.run();
  std::uint64_t faults = 0;
  for (const auto& [run, said] : rows) {
    strings.run = run;
    const Asker asker{rig, "plain"};
    EXPECT_EQ(asker.answer().outcome, Outcome::failed) << said;
    EXPECT_NE(asker.text().find(said), std::string::npos) << asker.text().substr(0, 200);
    EXPECT_EQ(rig.status().faults, ++faults) << said;
  }
  strings.run = nullptr;
  EXPECT_EQ(Asker(rig, "plain").text(), "done: null") << "the instance goes on";
}

TEST(Verbs, may_show_as_much_as_is_allowed) {
  Rig rig{one_puppet};
  Strings& strings = rig.strings();
  const std::string deep = std::string(16, '[') + std::string(16, ']');
  strings.run = replying(strings, MORTISE_ALLOW, deep);
  rig.run();
  EXPECT_EQ(Asker(rig, "plain").text(), "done: " + deep);
}

}  // namespace
}  // namespace mortise::host
