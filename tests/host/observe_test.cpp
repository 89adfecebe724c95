// What happened, in one batch a turn, to those who asked for it.
#include <gtest/gtest.h>

#include <mutex>

#include "host/rig.hpp"

namespace mortise::host {
namespace {

void attach_observe(Strings& strings, std::vector<std::uint16_t> kinds, std::string filter = {}) {
  strings.start = [&strings, kinds = std::move(kinds), filter = std::move(filter)](auto, auto) {
    const mortise_str_t raw{filter.data(), filter.size()};
    mortise_attach_t how{};
    how.size = sizeof how;
    how.kinds = kinds.data();
    how.kind_count = kinds.size();
    how.filters = &raw;
    how.filter_count = filter.empty() ? 0 : 1;
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_OBSERVE, &how));
    return mortise_answer_t{MORTISE_ALLOW};
  };
}

std::string text_of(mortise_str_t text) { return {text.data, text.size}; }

TEST(Observe, events_of_a_turn_come_in_one_batch_and_in_order) {
  Rig rig{"  - {name: a, library: puppet}"};
  attach_observe(rig.strings(), {MORTISE_EV_CONNECTED, MORTISE_EV_SUBSCRIBED, MORTISE_EV_PUBLISHED});
  std::vector<std::string> batches;
  rig.strings().events = [&](mortise_call_t* call, const mortise_event_t* const* events, std::size_t count) {
    EXPECT_EQ(0U, call->loop);
    std::string& batch = batches.emplace_back();
    for (std::size_t i = 0; i < count; ++i) {
      batch += std::to_string(events[i]->type) + ':' + text_of(events[i]->client->client_id);
      if (events[i]->message) batch += ':' + text_of(events[i]->message->topic);
      batch += ' ';
    }
  };
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "a/#");
  client.unread.clear();
  mqtt::Publish packet;
  packet.topic = "a/b";
  mqtt::encode(packet, client.version, client.unread);
  packet.topic = "c";
  mqtt::encode(packet, client.version, client.unread);
  rig.turn();
  EXPECT_EQ((std::vector<std::string>{"1:x ", "10:x ", "12:x:a/b 12:x:c "}), batches);
}

TEST(Observe, filters_choose_among_events_with_a_message) {
  Rig rig{"  - {name: a, library: puppet}"};
  attach_observe(rig.strings(), {MORTISE_EV_CONNECTED, MORTISE_EV_PUBLISHED}, "a/#");
  std::string seen;
  rig.strings().events = [&](auto, const mortise_event_t* const* events, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      seen += events[i]->message ? text_of(events[i]->message->topic) + ' ' : std::string{"connected "};
  };
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "b", "1");
  rig.publish(client, "a/b", "1");
  EXPECT_EQ("connected a/b ", seen);
}

TEST(Observe, event_types_must_be_named_and_known) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  mortise_status_t unnamed = MORTISE_OK, unknown = MORTISE_OK;
  strings.start = [&](auto, auto) {
    unnamed = strings.attach(MORTISE_OBSERVE);
    const std::uint16_t kind = 30;
    mortise_attach_t how{};
    how.size = sizeof how;
    how.kinds = &kind;
    how.kind_count = 1;
    unknown = strings.attach(MORTISE_OBSERVE, &how);
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.run();
  EXPECT_EQ(MORTISE_E_INVALID, unnamed);
  EXPECT_EQ(MORTISE_E_UNKNOWN, unknown);
}

TEST(Observe, what_it_throws_is_a_fault_and_the_others_see_their_events) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}"};
  int seen = 0;
  attach_observe(rig.strings("a"), {MORTISE_EV_CONNECTED});
  attach_observe(rig.strings("b"), {MORTISE_EV_CONNECTED});
  rig.strings("a").events = [](auto, auto, auto) { throw std::runtime_error{"oops"}; };
  rig.strings("b").events = [&](auto, auto, auto) { ++seen; };
  rig.run();
  rig.connect("x");
  EXPECT_EQ(1U, rig.status("a").faults);
  EXPECT_EQ(1, seen);
}

TEST(Observe, on_a_strand_a_batch_outlives_the_turn) {
  Rig rig{"  - {name: a, library: puppet_on_strand}"};
  attach_observe(rig.strings(), {MORTISE_EV_PUBLISHED});
  std::mutex mutex;
  std::vector<std::string> seen;
  rig.strings().events = [&](mortise_call_t* call, const mortise_event_t* const* events, std::size_t count) {
    EXPECT_EQ(MORTISE_NO_LOOP, call->loop);
    const std::lock_guard lock{mutex};
    for (std::size_t i = 0; i < count; ++i)
      seen.emplace_back(reinterpret_cast<const char*>(events[i]->message->payload.data),
                        events[i]->message->payload.size);
  };
  rig.run();
  auto& client = rig.connect("x");
  std::vector<std::string> sent;
  for (int i = 0; i < 100; ++i)
    rig.publish(client, "t", sent.emplace_back(std::to_string(i)), mqtt::Qos::at_most_once);
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard lock{mutex};
    return seen.size() == sent.size();
  }));
  EXPECT_EQ(sent, seen);
}

TEST(Observe, the_word_of_a_client_that_left_is_still_shown_with_its_last_events) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  strings.start = [&](auto, auto) {
    const std::uint16_t kind = MORTISE_EV_DISCONNECTED;
    mortise_attach_t how{};
    how.size = sizeof how;
    how.kinds = &kind;
    how.kind_count = 1;
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_OBSERVE, &how));
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHENTICATE));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  strings.authenticate = [&](mortise_call_t* call, auto) {
    mortise_verdict_t verdict{};
    verdict.size = sizeof verdict;
    verdict.client_data = 9;
    return strings.host->reply(call, MORTISE_ALLOW, &verdict);
  };
  std::string order;
  strings.events = [&](auto, const mortise_event_t* const* events, auto) {
    order += "event " + std::to_string(events[0]->client->data);
  };
  strings.forget = [&](std::uint64_t word) { order += ", forget " + std::to_string(word); };
  rig.run();
  auto& client = rig.connect("x", "user");
  rig.lose(client);
  EXPECT_EQ("event 9, forget 9", order);
}

}  // namespace
}  // namespace mortise::host
