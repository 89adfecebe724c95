// Answers that come later: from any thread, once, at the latest at their deadline.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "host/rig.hpp"

namespace mortise::host {
namespace {

// Authorises publishing by tokens that the test answers.
struct Deferring {
  explicit Deferring(Strings& of) : strings{of} {
    strings.start = [this](auto, auto) {
      const std::uint16_t kinds[] = {MORTISE_PUBLISH, MORTISE_SUBSCRIBE};
      mortise_attach_t how{};
      how.size = sizeof how;
      how.kinds = kinds;
      how.kind_count = 2;
      how.fallback = MORTISE_FALLBACK;
      EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHORISE, &how));
      EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHENTICATE));
      return mortise_answer_t{MORTISE_ALLOW};
    };
    strings.authorise = [this](mortise_call_t* call, auto) {
      EXPECT_EQ(MORTISE_OK, strings.host->defer(call, 0, &token));
      ++asked;
      return mortise_answer_t{MORTISE_PENDING};
    };
    strings.cancelled = [this](mortise_token_t which, std::uint32_t why) {
      if (which.id == token.id) cancelled = why;
    };
  }
  // What is still owed is cancelled at stop, when this has gone.
  ~Deferring() { strings.cancelled = nullptr; }
  mortise_status_t answer(mortise_answer_t said) const {
    return strings.host->answer(strings.host, token, said, nullptr);
  }
  // Lets a client in and wants `word` back at its end.
  mortise_status_t allow_with(std::uint64_t word) const {
    mortise_verdict_t verdict{};
    verdict.size = sizeof verdict;
    verdict.client_data = word;
    return strings.host->answer(strings.host, token, MORTISE_ALLOW, &verdict);
  }
  // From here on CONNECT waits for the test, too; what is forgotten goes to the list.
  void defer_connect() {
    strings.authenticate = [this](mortise_call_t* call, auto) {
      EXPECT_EQ(MORTISE_OK, strings.host->defer(call, 0, &token));
      return mortise_answer_t{MORTISE_PENDING};
    };
    strings.forget = [this](std::uint64_t word) { forgotten.push_back(word); };
  }

  Strings& strings;
  mortise_token_t token{};
  int asked = 0;
  std::atomic<std::uint32_t> cancelled{0};
  std::vector<std::uint64_t> forgotten;
};

bool was_acknowledged(Rig& rig, Rig::Client& client) {
  return !rig.reasons(client, mqtt::PacketType::puback).empty();
}

TEST(Deferral, a_client_waits_for_its_answer_and_its_later_packets_wait_behind_it) {
  Rig rig{"  - {name: a, library: puppet}"};
  Deferring plugin{rig.strings()};
  rig.run();
  auto& client = rig.connect("x");
  auto& other = rig.connect("y");
  rig.subscribe(other, "#");
  ASSERT_EQ(MORTISE_OK, plugin.answer(MORTISE_ALLOW));
  ASSERT_TRUE(rig.turn_until([&] { return !rig.reasons(other, mqtt::PacketType::suback).empty(); }));
  rig.publish(client, "t", "1");
  rig.publish(client, "t", "2");
  EXPECT_EQ(2, plugin.asked) << "the second is not asked about before the first is answered";
  EXPECT_FALSE(was_acknowledged(rig, client));
  ASSERT_EQ(MORTISE_OK, plugin.answer(MORTISE_ALLOW));
  ASSERT_TRUE(rig.turn_until([&] { return plugin.asked == 3; }));
  ASSERT_EQ(MORTISE_OK, plugin.answer(MORTISE_DENY));
  ASSERT_TRUE(rig.turn_until([&] { return rig.reasons(client, mqtt::PacketType::puback).size() == 2; }));
  EXPECT_EQ((std::vector{0, 0x87}), rig.reasons(client, mqtt::PacketType::puback));
  EXPECT_EQ(std::vector<std::string>{"t=1"}, rig.messages(other));
}

TEST(Deferral, a_second_answer_is_late_and_counted) {
  Rig rig{"  - {name: a, library: puppet}"};
  Deferring plugin{rig.strings()};
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  EXPECT_EQ(MORTISE_OK, plugin.answer(MORTISE_DENY));
  EXPECT_EQ(MORTISE_E_LATE, plugin.answer(MORTISE_ALLOW));
  ASSERT_TRUE(rig.turn_until([&] { return was_acknowledged(rig, client); }));
  EXPECT_EQ(std::vector{0x87}, rig.reasons(client, mqtt::PacketType::puback));
  EXPECT_EQ(1U, rig.status().late_answers);
}

TEST(Deferral, of_eight_threads_that_answer_one_wins) {
  Rig rig{"  - {name: a, library: puppet}"};
  Deferring plugin{rig.strings()};
  rig.run();
  auto& client = rig.connect("x");
  for (int round = 1; round <= 20; ++round) {
    rig.publish(client, "t", "1");
    std::atomic<int> won{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] { won += plugin.answer(MORTISE_ALLOW) == MORTISE_OK; });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(1, won);
    ASSERT_TRUE(rig.turn_until([&] {
      return rig.reasons(client, mqtt::PacketType::puback).size() == static_cast<std::size_t>(round);
    }));
  }
  EXPECT_EQ(20U * 7, rig.status().late_answers);
}

TEST(Deferral, an_answer_before_the_hook_has_returned_counts) {
  Rig rig{"  - {name: a, library: puppet}"};
  Deferring plugin{rig.strings()};
  rig.strings().authorise = [&](mortise_call_t* call, auto) {
    EXPECT_EQ(MORTISE_OK, plugin.strings.host->defer(call, 0, &plugin.token));
    EXPECT_EQ(MORTISE_OK, plugin.answer(MORTISE_DENY));
    EXPECT_EQ(MORTISE_E_LATE, plugin.answer(MORTISE_ALLOW));
    return mortise_answer_t{MORTISE_PENDING};
  };
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  EXPECT_EQ(std::vector{0x87}, rig.reasons(client, mqtt::PacketType::puback));
}

TEST(Deferral, a_token_without_pending_is_void) {
  Rig rig{"  - {name: a, library: puppet}"};
  Deferring plugin{rig.strings()};
  rig.strings().authorise = [&](mortise_call_t* call, auto) {
    EXPECT_EQ(MORTISE_OK, plugin.strings.host->defer(call, 0, &plugin.token));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  EXPECT_TRUE(was_acknowledged(rig, client));
  EXPECT_EQ(MORTISE_E_LATE, plugin.answer(MORTISE_DENY));
}

// A token that start() or drain() took before it replied at once; the limit shows whether it still counts.
TEST(Deferral, a_token_of_a_start_that_replied_is_void) {
  Rig rig{"  - {name: a, library: puppet}", [](Options& options) { options.open_tokens_max = 1; }};
  Deferring plugin{rig.strings()};
  mortise_token_t of_start{};
  rig.strings().start = [&, attach = rig.strings().start](mortise_call_t* call,
                                                          const mortise_report_t* report) {
    EXPECT_EQ(MORTISE_ALLOW, attach(call, report));
    EXPECT_EQ(MORTISE_OK, plugin.strings.host->defer(call, 0, &of_start));
    return plugin.strings.host->reply(call, MORTISE_ALLOW, nullptr);
  };
  rig.run();
  EXPECT_EQ(MORTISE_E_LATE,
            plugin.strings.host->answer(plugin.strings.host, of_start, MORTISE_DENY, nullptr));
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  EXPECT_EQ(1, plugin.asked) << "there is room for its token";
  EXPECT_EQ(MORTISE_OK, plugin.answer(MORTISE_ALLOW));
}

TEST(Deferral, at_the_deadline_the_fallback_answers_and_the_plugin_is_told) {
  Rig rig{"  - {name: a, library: puppet, hooks: {authorise: {deadline: 20ms}}}"};
  Deferring plugin{rig.strings()};
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  ASSERT_TRUE(rig.turn_until([&] { return was_acknowledged(rig, client); }));
  EXPECT_EQ(std::vector{0x87}, rig.reasons(client, mqtt::PacketType::puback));
  EXPECT_EQ(static_cast<std::uint32_t>(MORTISE_CANCEL_DEADLINE), plugin.cancelled);
  EXPECT_EQ(MORTISE_E_LATE, plugin.answer(MORTISE_ALLOW));
  EXPECT_EQ(1U, rig.status().late_answers);
}

// Whichever ends first is 20 ms, the other an hour.
struct Wish {
  const char* name;
  const char* library;
  const char* operators;
  std::uint32_t wished_ms;
};
void PrintTo(const Wish& row, std::ostream* out) { *out << row.name; }
class Deadline : public testing::TestWithParam<Wish> {};

TEST_P(Deadline, is_the_nearer_of_the_operators_and_the_plugins) {
  Rig rig{std::string{"  - {name: a, library: "} + GetParam().library +
          ", hooks: {authorise: {deadline: " + GetParam().operators + "}}}"};
  Deferring plugin{rig.strings()};
  rig.strings().authorise = [&](mortise_call_t* call, auto) {
    EXPECT_EQ(MORTISE_OK, plugin.strings.host->defer(call, GetParam().wished_ms, &plugin.token));
    return mortise_answer_t{MORTISE_PENDING};
  };
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  ASSERT_TRUE(rig.turn_until([&] { return was_acknowledged(rig, client); }));
  EXPECT_EQ(std::vector{0x87}, rig.reasons(client, mqtt::PacketType::puback));
  EXPECT_TRUE(
      eventually([&] { return plugin.cancelled == static_cast<std::uint32_t>(MORTISE_CANCEL_DEADLINE); }));
  rig.stop();
}

INSTANTIATE_TEST_SUITE_P(Deferral, Deadline,
                         testing::Values(Wish{"a_nearer_wish_on_a_loop", "puppet", "1h", 20},
                                         Wish{"a_nearer_wish_on_a_strand", "puppet_on_strand", "1h", 20},
                                         Wish{"a_later_wish_on_a_loop", "puppet", "20ms", 3'600'000},
                                         Wish{"a_later_wish_on_a_strand", "puppet_on_strand", "20ms",
                                              3'600'000}),
                         [](const auto& row) { return row.param.name; });

TEST(Deferral, the_operators_fallback_may_allow) {
  Rig rig{"  - {name: a, library: puppet, hooks: {authorise: {deadline: 20ms, fallback: allow}}}"};
  Deferring plugin{rig.strings()};
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  ASSERT_TRUE(rig.turn_until([&] { return was_acknowledged(rig, client); }));
  EXPECT_EQ(std::vector{0}, rig.reasons(client, mqtt::PacketType::puback));
}

TEST(Deferral, an_answer_for_a_client_that_has_gone_is_counted_and_its_word_forgotten) {
  Rig rig{"  - {name: a, library: puppet}"};
  Deferring plugin{rig.strings()};
  plugin.defer_connect();
  rig.run();
  auto& client = rig.connect("x", "user");
  ASSERT_EQ(MORTISE_OK, plugin.allow_with(12)) << "it is on its way to the loop";
  rig.lose(client);
  EXPECT_EQ(1U, rig.status().late_answers);
  EXPECT_EQ(std::vector<std::uint64_t>{12}, plugin.forgotten);
  EXPECT_EQ(0U, plugin.cancelled) << "it was answered";
}

TEST(Deferral, a_client_that_goes_cancels_its_token_and_the_answer_after_that_is_late) {
  Rig rig{"  - {name: a, library: puppet}"};
  Deferring plugin{rig.strings()};
  rig.run();
  auto& client = rig.connect("x");
  auto& other = rig.connect("y");
  rig.publish(client, "t", "1");
  ASSERT_EQ(MORTISE_OK, plugin.answer(MORTISE_ALLOW));
  ASSERT_TRUE(rig.turn_until([&] { return was_acknowledged(rig, client); }));
  rig.publish(client, "t", "2");
  rig.lose(other);
  EXPECT_EQ(0U, plugin.cancelled) << "that one waited for nothing";
  rig.lose(client);
  EXPECT_EQ(static_cast<std::uint32_t>(MORTISE_CANCEL_CLIENT_GONE), plugin.cancelled);
  EXPECT_EQ(0U, rig.status().late_answers);
  EXPECT_EQ(MORTISE_E_LATE, plugin.answer(MORTISE_ALLOW));
  EXPECT_EQ(1U, rig.status().late_answers);
  EXPECT_EQ(0U, rig.loops.run(*rig.broker)) << "nobody is told of it";
}

TEST(Deferral, a_connect_that_goes_cancels_its_token_and_gives_no_word_to_forget) {
  Rig rig{"  - {name: a, library: puppet}"};
  Deferring plugin{rig.strings()};
  plugin.defer_connect();
  rig.run();
  auto& client = rig.connect("x", "user");
  rig.lose(client);
  EXPECT_EQ(static_cast<std::uint32_t>(MORTISE_CANCEL_CLIENT_GONE), plugin.cancelled);
  EXPECT_EQ(MORTISE_E_LATE, plugin.allow_with(12));
  rig.stop();
  EXPECT_TRUE(plugin.forgotten.empty());
}

TEST(Deferral, a_client_lost_between_its_answer_and_its_entry_is_forgotten) {
  Rig rig{"  - {name: a, library: puppet}"};
  Deferring plugin{rig.strings()};
  plugin.defer_connect();
  rig.run();
  auto& client = rig.connect("x", "user");
  ASSERT_EQ(MORTISE_OK, plugin.allow_with(12));
  ASSERT_EQ(1U, rig.loops.run(*rig.broker)) << "the answer is there, and CONNECT is not read again yet";
  rig.lose(client);
  EXPECT_EQ(std::vector<std::uint64_t>{12}, plugin.forgotten);
  rig.stop();
  EXPECT_EQ(1U, plugin.forgotten.size());
}

TEST(Deferral, an_answer_for_a_client_that_is_being_closed_is_late_and_its_word_forgotten) {
  Rig rig{"  - {name: a, library: puppet}"};
  Deferring plugin{rig.strings()};
  plugin.defer_connect();
  rig.run();
  auto& client = rig.connect("x", "user");
  rig.broker->close(client.key, mqtt::ReasonCode::server_shutting_down, "by the test");
  ASSERT_EQ(MORTISE_OK, plugin.allow_with(12));
  ASSERT_TRUE(rig.turn_until([&] { return !plugin.forgotten.empty(); }));
  EXPECT_EQ(1U, rig.status().late_answers);
  rig.lose(client);
  rig.stop();
  EXPECT_EQ(std::vector<std::uint64_t>{12}, plugin.forgotten);
}

TEST(Deferral, a_later_pass_goes_on_with_the_rest_of_the_chain_and_the_same_question) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}"};
  Deferring first{rig.strings("a")};
  Deferring second{rig.strings("b")};
  std::string seen;
  rig.strings("b").authorise = [&](mortise_call_t* call, const mortise_access_t* access) {
    seen = std::string(access->client->client_id.data, access->client->client_id.size) + ' ' +
           std::string(access->topic.data, access->topic.size) + ' ' +
           std::string(reinterpret_cast<const char*>(access->message->payload.data),
                       access->message->payload.size);
    EXPECT_EQ(MORTISE_OK, second.strings.host->defer(call, 0, &second.token));
    return mortise_answer_t{MORTISE_PENDING};
  };
  rig.run();
  auto& client = rig.connect("pump-7");
  rig.publish(client, "some/topic", "payload");
  EXPECT_EQ("", seen);
  ASSERT_EQ(MORTISE_OK, first.answer(MORTISE_PASS));
  ASSERT_TRUE(rig.turn_until([&] { return !seen.empty(); }));
  EXPECT_EQ("pump-7 some/topic payload", seen);
  ASSERT_EQ(MORTISE_OK, second.answer(MORTISE_DENY));
  ASSERT_TRUE(rig.turn_until([&] { return was_acknowledged(rig, client); }));
  EXPECT_EQ(std::vector{0x87}, rig.reasons(client, mqtt::PacketType::puback));
}

TEST(Deferral, a_token_of_one_instance_is_none_of_another) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}"};
  Deferring plugin{rig.strings("a")};
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  const Strings& other = rig.strings("b");
  EXPECT_EQ(MORTISE_E_LATE, other.host->answer(other.host, plugin.token, MORTISE_ALLOW, nullptr));
  EXPECT_EQ(MORTISE_E_LATE, other.host->answer(other.host, {0x123456789}, MORTISE_ALLOW, nullptr));
  EXPECT_EQ(MORTISE_OK, plugin.answer(MORTISE_ALLOW));
}

TEST(Deferral, beyond_the_limit_of_open_tokens_a_plugin_answers_now) {
  Rig rig{"  - {name: a, library: puppet}", [](Options& options) { options.open_tokens_max = 1; }};
  Deferring plugin{rig.strings()};
  rig.run();
  auto& first = rig.connect("x");
  auto& second = rig.connect("y");
  rig.publish(first, "t", "1");
  mortise_status_t refused = MORTISE_OK;
  rig.strings().authorise = [&](mortise_call_t* call, auto) {
    mortise_token_t token{};
    refused = plugin.strings.host->defer(call, 0, &token);
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.publish(second, "t", "1");
  EXPECT_EQ(MORTISE_E_LIMIT, refused);
  EXPECT_TRUE(was_acknowledged(rig, second));
}

TEST(Deferral, stop_settles_what_is_owed_and_a_later_answer_finds_nothing) {
  Rig rig{"  - {name: a, library: puppet}"};
  Deferring plugin{rig.strings()};
  const mortise_host_t* host = nullptr;
  mortise_status_t in_stop = MORTISE_OK;
  rig.strings().stop = [&] { in_stop = plugin.answer(MORTISE_ALLOW); };
  rig.run();
  host = plugin.strings.host;
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  rig.stop();
  EXPECT_EQ(static_cast<std::uint32_t>(MORTISE_CANCEL_DRAIN), plugin.cancelled);
  EXPECT_EQ(MORTISE_E_LATE, in_stop);
  EXPECT_EQ(MORTISE_E_STATE, host->answer(host, plugin.token, MORTISE_ALLOW, nullptr));
}

}  // namespace
}  // namespace mortise::host
