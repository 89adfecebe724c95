// Clients of plugins: what they subscribe to, are given, acknowledge and publish, and what of that outlives
// them.
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "host/line.hpp"

namespace mortise::host {
namespace {

using mqtt::PacketType;
using mqtt::Qos;

const std::string one = "  - {name: a, library: puppet}";

TEST(Inline, is_given_what_it_subscribed_to_and_acknowledges_it) {
  Rig rig{one};
  rig.run();
  Line line{rig};
  line.open_and_wait("up");
  ASSERT_EQ(MORTISE_OK, line.subscribe("lines/#", Qos::at_least_once));
  ASSERT_TRUE(line.sees("subscribed 1")) << line.all();
  auto& client = rig.connect("sensor");
  rig.publish(client, "lines/1", "x");
  ASSERT_TRUE(line.sees("lines/1=x qos 1 id 1 by 7")) << line.all();
  EXPECT_EQ(MORTISE_OK, line.acknowledge(1));
  rig.publish(client, "lines/0", "y", Qos::at_most_once);
  ASSERT_TRUE(line.sees("lines/0=y qos 0 id 0 by 7")) << line.all();
  // Acknowledged: a new beginning of the session is given nothing.
  EXPECT_EQ(MORTISE_OK, line.close());
  ASSERT_TRUE(line.sees("closed 0"));
  line.forget();
  line.open_and_wait("up");
  EXPECT_EQ(line.told(), std::vector<std::string>{"opened again"});
}

TEST(Inline, is_given_again_what_it_did_not_acknowledge) {
  Rig rig{one};
  rig.run();
  Line line{rig};
  line.open_and_wait("up");
  line.subscribe("lines/#");
  ASSERT_TRUE(line.sees("subscribed 2"));
  auto& client = rig.connect("sensor");
  rig.publish(client, "lines/1", "x");
  ASSERT_TRUE(line.sees("lines/1=x qos 1 id 1 by 7"));
  line.close();
  ASSERT_TRUE(line.sees("closed 0"));
  rig.publish(client, "lines/2", "while away", Qos::exactly_once);
  line.forget();
  line.open_and_wait("up");
  ASSERT_TRUE(line.sees("lines/2=while away qos 2 id 2 by 7")) << line.all();
  EXPECT_EQ(line.told(), (std::vector<std::string>{"opened again", "again lines/1=x qos 1 id 1 by 7",
                                                   "lines/2=while away qos 2 id 2 by 7"}));
}

TEST(Inline, passes_on_each_of_the_four_steps_of_qos_2) {
  Rig rig{one};
  rig.run();
  Line line{rig};
  line.open_and_wait("up");
  line.subscribe("lines/#");
  ASSERT_TRUE(line.sees("subscribed 2"));
  auto& client = rig.connect("sensor");
  rig.publish(client, "lines/1", "x", Qos::exactly_once);
  ASSERT_TRUE(line.sees("lines/1=x qos 2 id 1 by 7"));
  EXPECT_EQ(MORTISE_OK, line.received(1));
  ASSERT_TRUE(line.sees("release 1"));
  // Between the two: what was received is not given again, its release is.
  line.close();
  ASSERT_TRUE(line.sees("closed 0"));
  line.forget();
  line.open_and_wait("up");
  ASSERT_TRUE(line.sees("release 1"));
  EXPECT_EQ(line.told(), (std::vector<std::string>{"opened again", "release 1"}));
  EXPECT_EQ(MORTISE_OK, line.acknowledge(1));
  line.close();
  ASSERT_TRUE(line.sees("closed 0"));
  line.forget();
  line.open_and_wait("up");
  EXPECT_EQ(line.told(), std::vector<std::string>{"opened again"});
}

TEST(Inline, acknowledges_qos_2_in_one_step_where_nobody_cares) {
  Rig rig{one};
  rig.run();
  Line line{rig};
  line.open_and_wait("up");
  line.subscribe("lines/#");
  ASSERT_TRUE(line.sees("subscribed 2"));
  auto& client = rig.connect("sensor");
  rig.publish(client, "lines/1", "x", Qos::exactly_once);
  ASSERT_TRUE(line.sees("lines/1=x qos 2 id 1 by 7"));
  EXPECT_EQ(MORTISE_OK, line.acknowledge(1));
  // All four steps were gone: the next message finds the window open, and the session owes nothing.
  rig.publish(client, "lines/2", "y", Qos::exactly_once);
  ASSERT_TRUE(line.sees("lines/2=y qos 2 id 2 by 7"));
  EXPECT_EQ(MORTISE_OK, line.acknowledge(2, 0x97));  // refused, which is done with, too
  line.close();
  ASSERT_TRUE(line.sees("closed 0"));
  line.forget();
  line.open_and_wait("up");
  EXPECT_EQ(line.told(), std::vector<std::string>{"opened again"});
}

TEST(Inline, publishes_at_every_qos_and_is_told_when_it_is_done) {
  Rig rig{one};
  rig.run();
  Line line{rig};
  line.open_and_wait("up");
  auto& client = rig.connect("reader");
  rig.subscribe(client, "lines/#", Qos::exactly_once);
  EXPECT_EQ(MORTISE_OK, line.publish("lines/a", "zero", Qos::at_most_once));
  EXPECT_EQ(MORTISE_OK, line.publish("lines/a", "one"));
  EXPECT_EQ(MORTISE_OK, line.publish("lines/a", "two", Qos::exactly_once, 40'000));
  ASSERT_TRUE(line.sees("published zero 0") && line.sees("published one 0") && line.sees("published two 0"))
      << line.all();
  // The same identifier is the same message.
  EXPECT_EQ(MORTISE_OK, line.publish("lines/a", "two", Qos::exactly_once, 40'000));
  ASSERT_TRUE(rig.turn_until([&] { return line.count("published two 0") == 2; }));
  EXPECT_EQ(MORTISE_OK, line.complete(40'000));
  ASSERT_TRUE(line.sees("completed 0"));
  EXPECT_EQ(MORTISE_OK, line.complete(40'000));
  ASSERT_TRUE(line.sees("completed 146")) << "0x92: nobody holds it";
  EXPECT_EQ(MORTISE_OK, line.publish("lines/a", "three", Qos::exactly_once, 40'000));
  ASSERT_TRUE(line.sees("published three 0"));
  EXPECT_EQ(rig.messages(client),
            (std::vector<std::string>{"lines/a=zero", "lines/a=one", "lines/a=two", "lines/a=three"}));
}

TEST(Inline, keeps_the_identifiers_of_qos_2_until_told_to_forget_them) {
  Rig rig{one};
  rig.run();
  Line line{rig};
  line.open_and_wait("up");
  auto& client = rig.connect("reader");
  rig.subscribe(client, "lines/#", Qos::at_most_once);
  line.publish("lines/a", "x", Qos::exactly_once, 9);
  ASSERT_TRUE(line.sees("published x 0"));
  const auto reopen = [&](std::uint32_t flags) {
    line.close();
    ASSERT_TRUE(line.sees("closed 0"));
    line.forget();
    line.open_and_wait("up", flags);
    line.publish("lines/a", "x", Qos::exactly_once, 9);
    ASSERT_TRUE(line.sees("published x 0"));
  };
  reopen(0);
  EXPECT_EQ(rig.messages(client).size(), 1U) << "its publisher only repeats it";
  reopen(MORTISE_INLINE_FORGET_INBOUND);
  EXPECT_EQ(rig.messages(client).size(), 2U) << "a publisher that knows nothing of the first";
}

TEST(Inline, has_more_under_way_than_the_brokers_receive_maximum) {
  Rig rig{one};
  rig.broker_options.receive_maximum = 4;
  rig.run();
  Line line{rig};
  line.open_and_wait("up");
  auto& client = rig.connect("reader");
  rig.subscribe(client, "lines/#");
  for (std::uint16_t i = 1; i <= 20; ++i) {
    ASSERT_EQ(MORTISE_OK, line.publish("lines/a", std::to_string(i), Qos::exactly_once, i));
    ASSERT_EQ(MORTISE_OK, line.publish("lines/b", std::to_string(i)));
  }
  for (std::uint16_t i = 1; i <= 20; ++i) {
    const std::string published = "published " + std::to_string(i) + " 0";
    ASSERT_TRUE(rig.turn_until([&] { return line.count(published) >= 1; })) << line.all();
    ASSERT_EQ(MORTISE_OK, line.complete(i));
  }
  ASSERT_TRUE(rig.turn_until([&] { return line.count("completed 0") == 20; })) << line.all();
  ASSERT_TRUE(rig.turn_until([&] { return rig.messages(client).size() == 40; }));
  EXPECT_EQ(line.count("closed 147"), 0U);
}

TEST(Inline, goes_on_when_what_it_published_is_refused) {
  Rig rig{one};
  rig.broker_options.receive_maximum = 4;
  rig.strings().start = [&](auto, auto) {
    return rig.strings().attach(MORTISE_AUTHORISE) == MORTISE_OK ? mortise_answer_t{MORTISE_ALLOW}
                                                                 : mortise_answer_t{MORTISE_DENY};
  };
  rig.strings().authorise = [](auto...) { return mortise_answer_t{MORTISE_DENY}; };
  rig.run();
  Line line{rig};
  line.open_and_wait("up", MORTISE_INLINE_THROUGH_HOOKS);
  for (std::uint16_t i = 1; i <= 20; ++i)
    ASSERT_EQ(MORTISE_OK, line.publish("lines/a", "x", Qos::exactly_once, i));
  EXPECT_TRUE(rig.turn_until([&] { return line.count("published x 135") == 20; })) << line.all();
}

TEST(Inline, is_given_no_more_than_it_has_credit_for) {
  Rig rig{one};
  rig.run();
  Line line{rig};
  line.how.credits = 2;
  line.open_and_wait("up");
  line.subscribe("lines/#");
  ASSERT_TRUE(line.sees("subscribed 2"));
  auto& client = rig.connect("sensor");
  for (int i = 1; i <= 4; ++i) rig.publish(client, "lines/" + std::to_string(i), "x");
  ASSERT_TRUE(line.sees("lines/2=x qos 1 id 2 by 7"));
  for (int i = 0; i < 10; ++i) rig.turn();
  EXPECT_EQ(line.count("lines/3=x qos 1 id 3 by 7"), 0U);
  EXPECT_EQ(MORTISE_OK, line.credit(1));
  ASSERT_TRUE(line.sees("lines/3=x qos 1 id 3 by 7"));
  EXPECT_EQ(line.count("lines/4=x qos 1 id 4 by 7"), 0U);
  EXPECT_EQ(MORTISE_OK, line.credit(5));
  EXPECT_TRUE(line.sees("lines/4=x qos 1 id 4 by 7"));
}

TEST(Inline, does_not_get_its_own_messages_with_no_local) {
  Rig rig{one};
  rig.run();
  Line line{rig};
  line.open_and_wait("up");
  const std::string filter = "lines/#";
  mortise_subscription_t subscription{};
  subscription.size = sizeof subscription;
  subscription.filter = {filter.data(), filter.size()};
  subscription.no_local = 1;
  ASSERT_EQ(MORTISE_OK,
            line.service().subscribe(rig.strings().host, line.client, &subscription, nullptr, nullptr));
  line.publish("lines/a", "own", Qos::at_most_once);
  auto& client = rig.connect("sensor");
  rig.publish(client, "lines/a", "other", Qos::at_most_once);
  ASSERT_TRUE(line.sees("lines/a=other qos 0 id 0"));
  EXPECT_EQ(line.count("lines/a=own qos 0 id 0"), 0U);
}

TEST(Inline, opened_in_start_lives_when_the_loops_do) {
  Rig rig{one};
  Line line{rig};
  std::optional<mortise_status_t> opened;
  rig.strings().start = [&](auto, auto) {
    opened = line.open("up");
    EXPECT_EQ(MORTISE_OK, line.subscribe("lines/#", Qos::at_most_once));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.run();
  ASSERT_EQ(opened, MORTISE_OK);
  ASSERT_TRUE(line.sees("subscribed 0")) << line.all();
  auto& client = rig.connect("sensor");
  rig.publish(client, "lines/a", "x", Qos::at_most_once);
  EXPECT_TRUE(line.sees("lines/a=x qos 0 id 0 by 7"));
  EXPECT_EQ(line.told().front(), "opened");
}

TEST(Inline, of_a_plugin_that_does_not_start_is_told_its_end) {
  Rig rig{one};
  Line line{rig};
  rig.strings().start = [&](auto, auto) {
    line.open("up");
    return mortise_answer_t{MORTISE_DENY};
  };
  EXPECT_EQ("", text_of(rig.load()));
  EXPECT_NE("", text_of(rig.host->start()));
  EXPECT_EQ(line.told(), std::vector<std::string>{"closed 139"});
}

TEST(Inline, is_closed_when_its_plugin_stops_and_its_requests_are_told) {
  Rig rig{one};
  rig.run();
  Line line{rig};
  line.open_and_wait("up");
  EXPECT_EQ(MORTISE_OK, line.publish("lines/a", "late"));
  rig.stop();  // no turn in between: nobody takes it any more
  EXPECT_EQ(line.told(), (std::vector<std::string>{"opened", "published late -4", "closed 139"}));
}

TEST(Inline, a_second_one_of_the_same_identifier_takes_over) {
  Rig rig{one};
  rig.run();
  Line first{rig};
  first.open_and_wait("up");
  Line second{rig};
  second.open_and_wait("up");
  EXPECT_TRUE(first.sees("closed 142"));
  EXPECT_EQ(MORTISE_E_UNKNOWN, first.close());
  EXPECT_EQ(MORTISE_E_UNKNOWN, first.publish("lines/a", "x"));
}

TEST(Inline, ends_its_session_if_it_says_so) {
  Rig rig{one};
  rig.run();
  Line line{rig};
  line.open_and_wait("up");
  EXPECT_EQ(rig.broker->sessions(), 1U);
  line.close(true);
  ASSERT_TRUE(line.sees("closed 0"));
  EXPECT_EQ(rig.broker->sessions(), 0U);
}

TEST(Inline, no_other_client_takes_its_identifier) {
  Rig rig{one};
  rig.run();
  Line line{rig};
  line.open_and_wait("up");
  auto& thief = rig.connect("$inline/a/up");
  EXPECT_EQ(rig.reasons(thief, PacketType::connack), std::vector<int>{0x85});
  for (int i = 0; i < 10; ++i) rig.turn();
  EXPECT_EQ(line.told(), std::vector<std::string>{"opened"});
}

TEST(Inline, nobody_is_asked_about_it_unless_it_wants) {
  Rig rig{one + "\n  - {name: b, library: puppet}"};
  rig.strings("b").start = [&](auto, auto) {
    rig.strings("b").attach(MORTISE_AUTHENTICATE);
    rig.strings("b").attach(MORTISE_INTERCEPT);
    return rig.strings("b").attach(MORTISE_AUTHORISE) == MORTISE_OK ? mortise_answer_t{MORTISE_ALLOW}
                                                                    : mortise_answer_t{MORTISE_DENY};
  };
  std::atomic<int> asked{0};
  rig.strings("b").authenticate = [&](auto...) { return ++asked, mortise_answer_t{MORTISE_DENY}; };
  rig.strings("b").authorise = [&](auto...) { return ++asked, mortise_answer_t{MORTISE_DENY}; };
  rig.strings("b").intercept = [&](auto...) { return ++asked, mortise_answer_t{MORTISE_PASS}; };
  rig.run();
  Line quiet{rig};
  quiet.open_and_wait("quiet");
  quiet.subscribe("lines/#");
  ASSERT_TRUE(quiet.sees("subscribed 2"));
  quiet.publish("lines/a", "x");
  ASSERT_TRUE(quiet.sees("published x 0"));
  ASSERT_TRUE(quiet.sees("lines/a=x qos 1 id 1 by 7"));
  EXPECT_EQ(asked, 0);
  Line asks{rig};
  asks.open_and_wait("asks", MORTISE_INLINE_THROUGH_HOOKS);
  asks.subscribe("lines/#");
  ASSERT_TRUE(asks.sees("subscribed 135")) << asks.all();
  asks.publish("lines/a", "y");
  ASSERT_TRUE(asks.sees("published y 135")) << asks.all();
  EXPECT_EQ(asked, 3);
}

TEST(Inline, keeps_to_its_grant) {
  Rig rig{one};
  rig.run();
  Line line{rig};
  line.open_and_wait("up");
  EXPECT_EQ(MORTISE_E_NOT_GRANTED, line.subscribe("#"));
  EXPECT_EQ(MORTISE_E_NOT_GRANTED, line.subscribe("other/a"));
  EXPECT_EQ(MORTISE_E_NOT_GRANTED, line.publish("other/a", "x"));
  EXPECT_EQ(MORTISE_OK, line.subscribe("lines/+/x"));
}

TEST(Inline, without_a_grant_there_is_no_service) {
  Rig rig{
      "  - {name: a, library: puppet, grants: [mortise.authenticate/1, "
      "mortise.authorise/1, mortise.intercept/1, mortise.observe/1]}"};
  rig.run();
  EXPECT_EQ(rig.strings().service<mortise_inline_clients_t>(MORTISE_HOST_INLINE), nullptr);
}

struct Wrong {
  const char* name;
  mortise_status_t status;
  std::function<mortise_status_t(Line&)> ask;
};
void PrintTo(const Wrong& row, std::ostream* out) { *out << row.name; }

class InlineMistake : public testing::TestWithParam<Wrong> {};
TEST_P(InlineMistake, is_refused_and_ends_nothing) {
  Rig rig{one};
  rig.broker_options.topic_levels_max = 4;
  rig.broker_options.topic_length_max = 100;
  rig.broker_options.packet_size_max = 4096;
  rig.run();
  Line line{rig};
  line.open_and_wait("up");
  EXPECT_EQ(GetParam().status, GetParam().ask(line));
  // It lives.
  EXPECT_EQ(MORTISE_OK, line.publish("lines/a", "after"));
  EXPECT_TRUE(line.sees("published after 0")) << line.all();
}
INSTANTIATE_TEST_SUITE_P(
    Inline, InlineMistake,
    testing::ValuesIn(std::vector<Wrong>{
        {"a_filter_that_is_none", MORTISE_E_INVALID, [](Line& line) { return line.subscribe("lines/#/a"); }},
        {"an_empty_filter", MORTISE_E_INVALID, [](Line& line) { return line.subscribe(""); }},
        {"more_levels_than_allowed", MORTISE_E_LIMIT,
         [](Line& line) { return line.publish("lines/a/b/c/d", "x"); }},
        {"a_topic_longer_than_allowed", MORTISE_E_LIMIT,
         [](Line& line) { return line.publish("lines/" + std::string(100, 'x'), "x"); }},
        {"a_message_larger_than_allowed", MORTISE_E_LIMIT,
         [](Line& line) { return line.publish("lines/a", std::string(4096, 'x')); }},
        {"qos_2_without_an_identifier", MORTISE_E_INVALID,
         [](Line& line) { return line.publish("lines/a", "x", Qos::exactly_once); }},
        {"qos_1_with_an_identifier", MORTISE_E_INVALID,
         [](Line& line) { return line.publish("lines/a", "x", Qos::at_least_once, 3); }},
        {"identifier_0_acknowledged", MORTISE_E_INVALID, [](Line& line) { return line.acknowledge(0); }},
        {"identifier_0_received", MORTISE_E_INVALID, [](Line& line) { return line.received(0); }},
        {"identifier_0_completed", MORTISE_E_INVALID, [](Line& line) { return line.complete(0); }},
        {"a_reason_no_acknowledgement_has", MORTISE_E_INVALID,
         [](Line& line) { return line.acknowledge(1, 0x81); }},
        {"what_was_never_delivered_acknowledged", MORTISE_OK,
         [](Line& line) { return line.acknowledge(77); }},
        {"what_was_never_delivered_received", MORTISE_OK, [](Line& line) { return line.received(77); }},
        {"no_client_identifier", MORTISE_E_INVALID, [](Line& line) { return Line{line.rig()}.open(""); }},
        {"a_client_identifier_over_200_bytes", MORTISE_E_INVALID,
         [](Line& line) { return Line{line.rig()}.open(std::string(201, 'x')); }},
        {"flags_of_tomorrow", MORTISE_E_INVALID,
         [](Line& line) { return Line{line.rig()}.open("x", 1U << 31); }},
    }),
    [](const auto& row) { return row.param.name; });

TEST(Inline, eighty_may_be_open_and_no_more) {
  Rig rig{one};
  rig.run();
  std::vector<std::unique_ptr<Line>> lines;
  for (int i = 0; i < 80; ++i) {
    lines.push_back(std::make_unique<Line>(rig));
    ASSERT_EQ(MORTISE_OK, lines.back()->open("c" + std::to_string(i)));
  }
  Line more{rig};
  EXPECT_EQ(MORTISE_E_LIMIT, more.open("one more"));
  for (const auto& line : lines) ASSERT_TRUE(line->sees("opened"));
  lines.front()->close();
  ASSERT_TRUE(lines.front()->sees("closed 0"));
  EXPECT_EQ(MORTISE_OK, more.open("one more"));
  rig.stop();
}

TEST(Inline, has_a_queue_of_its_own_size) {
  Rig rig{one};
  rig.broker_options.queue_messages_max = 2;
  rig.run();
  Line line{rig};
  line.how.queue_messages = 5;
  line.open_and_wait("up");
  line.subscribe("lines/#");
  ASSERT_TRUE(line.sees("subscribed 2"));
  line.close();
  ASSERT_TRUE(line.sees("closed 0"));
  auto& client = rig.connect("sensor");
  for (int i = 1; i <= 7; ++i) rig.publish(client, "lines/" + std::to_string(i), "x");
  line.forget();
  line.open_and_wait("up");
  ASSERT_TRUE(line.sees("lines/7=x qos 1 id 7 by 7")) << line.all();
  EXPECT_EQ(line.told().size(), 6U) << line.all();  // opened, and the five newest
  EXPECT_EQ(line.count("lines/2=x qos 1 id 2 by 7"), 0U);
}

TEST(Inline, is_not_given_what_is_too_old) {
  Rig rig{one};
  rig.run();
  Line line{rig};
  line.how.queue_age_s = 3600;
  line.open_and_wait("up");
  line.subscribe("lines/#");
  ASSERT_TRUE(line.sees("subscribed 2"));
  line.close();
  ASSERT_TRUE(line.sees("closed 0"));
  auto& client = rig.connect("sensor");
  rig.publish(client, "lines/1", "old");
  rig.loops.ahead = std::chrono::minutes{61};
  rig.publish(client, "lines/2", "new");
  line.forget();
  line.open_and_wait("up");
  ASSERT_TRUE(line.sees("lines/2=new qos 1 id 2 by 7")) << line.all();
  EXPECT_EQ(line.count("lines/1=old qos 1 id 1 by 7"), 0U);
}

}  // namespace
}  // namespace mortise::host
