// A plugin that may block: every decision becomes a deferred one, on one thread of its own.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "host/rig.hpp"

namespace mortise::host {
namespace {

mortise_status_t attach_kinds(const Strings& strings, std::vector<std::uint16_t> kinds) {
  mortise_attach_t how{};
  how.size = sizeof how;
  how.kinds = kinds.data();
  how.kind_count = kinds.size();
  how.fallback = MORTISE_FALLBACK;
  return strings.attach(MORTISE_AUTHORISE, &how);
}

TEST(OnStrand, decisions_run_on_its_thread_and_the_client_waits_for_them) {
  Rig rig{"  - {name: a, library: puppet_on_strand}"};
  Strings& strings = rig.strings();
  strings.start = [&](auto, auto) {
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHENTICATE));
    EXPECT_EQ(MORTISE_OK, attach_kinds(strings, {MORTISE_PUBLISH}));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  std::thread::id authenticated, authorised;
  std::string seen;
  strings.authenticate = [&](mortise_call_t* call, const mortise_connect_t* connect) {
    authenticated = std::this_thread::get_id();
    EXPECT_EQ(MORTISE_NO_LOOP, call->loop);
    seen = std::string(connect->client_id.data, connect->client_id.size) + ' ' +
           std::string(reinterpret_cast<const char*>(connect->password.data), connect->password.size);
    return mortise_answer_t{MORTISE_ALLOW};
  };
  strings.authorise = [&](auto, const mortise_access_t* access) {
    authorised = std::this_thread::get_id();
    const bool is_open = std::string(access->topic.data, access->topic.size) == "open";
    return mortise_answer_t{is_open ? MORTISE_ALLOW : MORTISE_DENY};
  };
  rig.run();
  auto& client = rig.connect("pump-7", "user", "secret");
  ASSERT_TRUE(rig.turn_until([&] { return !rig.reasons(client, mqtt::PacketType::connack).empty(); }));
  EXPECT_EQ("pump-7 secret", seen);
  rig.publish(client, "open", "1");
  rig.publish(client, "closed", "1");
  ASSERT_TRUE(rig.turn_until([&] { return rig.reasons(client, mqtt::PacketType::puback).size() == 2; }));
  EXPECT_EQ((std::vector{0, 0x87}), rig.reasons(client, mqtt::PacketType::puback));
  EXPECT_EQ(authenticated, authorised);
  EXPECT_NE(std::this_thread::get_id(), authorised);
}

TEST(OnStrand, what_cannot_wait_is_refused_with_a_line_that_says_so) {
  Rig rig{"  - {name: a, library: puppet_on_strand}"};
  Strings& strings = rig.strings();
  mortise_status_t intercept = MORTISE_OK, receive = MORTISE_OK, all = MORTISE_E_STATE,
                   all_interceptions = MORTISE_E_STATE;
  strings.start = [&](auto, auto) {
    const std::uint16_t wills[] = {MORTISE_INTERCEPT_WILL};
    mortise_attach_t how{};
    how.size = sizeof how;
    how.kinds = wills;
    how.kind_count = 1;
    how.fallback = MORTISE_FALLBACK;
    intercept = strings.attach(MORTISE_INTERCEPT, &how);
    all_interceptions = strings.attach(MORTISE_INTERCEPT);
    receive = attach_kinds(strings, {MORTISE_PUBLISH, MORTISE_RECEIVE});
    all = attach_kinds(strings, {});
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.run();
  EXPECT_EQ(MORTISE_E_STATE, intercept);
  EXPECT_EQ(MORTISE_E_STATE, receive);
  EXPECT_EQ(MORTISE_OK, all) << "no kinds named are those that can wait";
  EXPECT_EQ(MORTISE_OK, all_interceptions);
  EXPECT_TRUE(rig.log.has("cannot intercept wills")) << rig.log.all();
  EXPECT_TRUE(rig.log.has("cannot authorise receive")) << rig.log.all();
  const broker::Hooks::Wanted& wanted = rig.host->hooks().wanted(0);
  EXPECT_FALSE(wanted.wants(broker::Action::receive) || wanted.intercept_will);
  EXPECT_TRUE(wanted.wants(broker::Action::subscribe) && wanted.wants(broker::Action::will) &&
              wanted.wants(broker::Action::retain) && wanted.intercept_publish && wanted.intercept_connect);
}

TEST(OnStrand, a_hook_that_blocks_past_its_deadline_is_answered_for_and_holds_nobody_else_up) {
  Rig rig{"  - {name: a, library: puppet_on_strand, hooks: {authorise: {deadline: 500ms}}}"};
  Strings& strings = rig.strings();
  strings.start = [&](auto, auto) {
    EXPECT_EQ(MORTISE_OK, attach_kinds(strings, {MORTISE_PUBLISH}));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  std::atomic<bool> release{false};
  std::atomic<int> calls{0};
  strings.authorise = [&](auto, auto) {
    ++calls;
    EXPECT_TRUE(eventually([&] { return release.load(); }));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.run();
  auto& client = rig.connect("x");
  auto& other = rig.connect("y");
  rig.publish(client, "t", "1");
  ASSERT_TRUE(eventually([&] { return calls == 1; }));
  rig.publish(other, "t", "1");
  rig.subscribe(other, "t");
  ASSERT_TRUE(rig.turn_until([&] {
    return !rig.reasons(client, mqtt::PacketType::puback).empty() &&
           !rig.reasons(other, mqtt::PacketType::puback).empty();
  }));
  EXPECT_EQ(std::vector{0x87}, rig.reasons(client, mqtt::PacketType::puback));
  EXPECT_EQ(std::vector{0x87}, rig.reasons(other, mqtt::PacketType::puback));
  release = true;
  rig.stop();
  EXPECT_EQ(1, calls) << "nobody waits for the second any more when its turn comes";
}

TEST(OnStrand, it_may_take_its_own_token_and_answer_later) {
  Rig rig{"  - {name: a, library: puppet_on_strand}"};
  Strings& strings = rig.strings();
  strings.start = [&](auto, auto) {
    EXPECT_EQ(MORTISE_OK, attach_kinds(strings, {MORTISE_PUBLISH}));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  std::atomic<std::uint64_t> token{0};
  strings.authorise = [&](mortise_call_t* call, auto) {
    mortise_token_t taken{};
    EXPECT_EQ(MORTISE_OK, strings.host->defer(call, 0, &taken));
    token = taken.id;
    return mortise_answer_t{MORTISE_PENDING};
  };
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  ASSERT_TRUE(eventually([&] { return token != 0; }));
  EXPECT_EQ(MORTISE_OK, strings.host->answer(strings.host, {token}, MORTISE_DENY, nullptr));
  ASSERT_TRUE(rig.turn_until([&] { return !rig.reasons(client, mqtt::PacketType::puback).empty(); }));
  EXPECT_EQ(std::vector{0x87}, rig.reasons(client, mqtt::PacketType::puback));
}

TEST(OnStrand, clients_that_go_cancel_what_was_taken_and_are_not_asked_about_any_more) {
  Rig rig{"  - {name: a, library: puppet_on_strand}"};
  Strings& strings = rig.strings();
  strings.start = [&](auto, auto) {
    EXPECT_EQ(MORTISE_OK, attach_kinds(strings, {MORTISE_PUBLISH}));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  std::atomic<bool> release{false};
  std::atomic<int> calls{0};
  mortise_token_t taken{};
  strings.authorise = [&](mortise_call_t* call, auto) {
    EXPECT_EQ(MORTISE_OK, strings.host->defer(call, 0, &taken));
    ++calls;
    EXPECT_TRUE(eventually([&] { return release.load(); }));
    return mortise_answer_t{MORTISE_PENDING};
  };
  std::vector<std::pair<std::uint64_t, std::uint32_t>> cancelled;
  strings.cancelled = [&](mortise_token_t token, std::uint32_t why) {
    cancelled.emplace_back(token.id, why);
  };
  rig.run();
  auto& asked = rig.connect("x");
  auto& next = rig.connect("y");
  rig.publish(asked, "t", "1");
  ASSERT_TRUE(eventually([&] { return calls == 1; }));
  rig.publish(next, "t", "1");
  rig.lose(asked);
  rig.lose(next);
  release = true;
  rig.stop();
  EXPECT_EQ(1, calls);
  ASSERT_EQ(1U, cancelled.size()) << "a token it never had is no news";
  EXPECT_EQ(taken.id, cancelled.front().first);
  EXPECT_EQ(static_cast<std::uint32_t>(MORTISE_CANCEL_CLIENT_GONE), cancelled.front().second);
}

TEST(OnStrand, a_token_nobody_waits_for_any_more_is_refused) {
  Rig rig{"  - {name: a, library: puppet_on_strand}"};
  Strings& strings = rig.strings();
  strings.start = [&](auto, auto) {
    EXPECT_EQ(MORTISE_OK, attach_kinds(strings, {MORTISE_PUBLISH}));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  std::atomic<bool> inside{false}, release{false};
  mortise_status_t status = MORTISE_OK;
  strings.authorise = [&](mortise_call_t* call, auto) {
    inside = true;
    EXPECT_TRUE(eventually([&] { return release.load(); }));
    mortise_token_t token{};
    status = strings.host->defer(call, 0, &token);
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  ASSERT_TRUE(eventually([&] { return inside.load(); }));
  rig.lose(client);
  release = true;
  rig.stop();
  EXPECT_EQ(MORTISE_E_LATE, status);
  EXPECT_EQ(0U, rig.status().faults);
}

TEST(OnStrand, what_it_throws_is_a_fault_and_the_fallback_answers) {
  Rig rig{"  - {name: a, library: puppet_on_strand}"};
  Strings& strings = rig.strings();
  strings.start = [&](auto, auto) {
    EXPECT_EQ(MORTISE_OK, attach_kinds(strings, {MORTISE_PUBLISH}));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  strings.authorise = [](auto, auto) -> mortise_answer_t { throw std::runtime_error{"oops"}; };
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  ASSERT_TRUE(rig.turn_until([&] { return !rig.reasons(client, mqtt::PacketType::puback).empty(); }));
  EXPECT_EQ(std::vector{0x87}, rig.reasons(client, mqtt::PacketType::puback));
  EXPECT_EQ(1U, rig.status().faults);
}

}  // namespace
}  // namespace mortise::host
