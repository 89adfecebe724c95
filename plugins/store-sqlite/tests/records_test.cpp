// Every kind of fact goes in, comes back as it was, and goes.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "running.hpp"

namespace mortise::store_sqlite::test {
namespace {

struct Row {
  const char* name;
  std::function<void(Offer&)> put;
  std::function<void(Offer&)> erase;
};

class EachFact : public testing::TestWithParam<Row> {};

TEST_P(EachFact, comes_back_as_it_was_put_and_is_gone_when_erased) {
  const Folder folder;
  Facts model;
  Offer put{1};
  Offer erase{2};
  GetParam().put(put);
  GetParam().erase(erase);
  model.apply(*put.batch());
  {
    Running store{folder.path()};
    store.keep(put);
    EXPECT_EQ(store.read(), model.as_text());
  }
  ASSERT_FALSE(model.empty());
  model.apply(*erase.batch());
  Running again{folder.path()};
  Offer reput{1};
  GetParam().put(reput);
  EXPECT_EQ(again.host.aside.size(), 0u);
  again.keep(reput);
  again.keep(erase);
  EXPECT_EQ(again.read(), model.as_text());
}

INSTANTIATE_TEST_SUITE_P(
    Store, EachFact,
    testing::ValuesIn<Row>({
        {"a_session", [](Offer& o) { o.session(7, "pump-7", 12); }, [](Offer& o) { o.end_session(7); }},
        {"a_session_with_a_user", [](Offer& o) { o.session(8, "pump-8"); },
         [](Offer& o) { o.end_session(8); }},
        {"a_subscription", [](Offer& o) { o.session(7, "a").subscribe(7, "plant/#"); },
         [](Offer& o) { o.unsubscribe(7, "plant/#"); }},
        {"a_shared_subscription",
         [](Offer& o) { o.session(7, "a").subscribe(7, "plant/#", "group").subscribe(7, "plant/#"); },
         [](Offer& o) { o.unsubscribe(7, "plant/#", "group"); }},
        {"a_message_with_one_receiver",
         [](Offer& o) { o.session(7, "a").message(20, 1).deliver(21, 20, 7, 3); },
         [](Offer& o) { o.erase_message(20).erase_delivery(21); }},
        {"a_message_with_two_receivers",
         [](Offer& o) { o.session(7, "a").message(20, 2).deliver(21, 20, 7, 3).deliver(22, 20, 7, 4); },
         [](Offer& o) { o.erase_delivery(21); }},
        {"a_message_without_a_receiver", [](Offer& o) { o.message(20, 0); },
         [](Offer& o) { o.erase_message(20); }},
        {"a_message_whose_receiver_is_not_in_its_batch", [](Offer& o) { o.message(20, 1); },
         [](Offer& o) { o.erase_message(20); }},
        {"an_empty_payload_and_no_user",
         [](Offer& o) {
           o.session(7, "a").message(20, 1, {.payload = "", .publisher = "", .has_username = false});
           o.deliver(21, 20, 7, 0);
         },
         [](Offer& o) { o.erase_message(20).erase_delivery(21); }},
        {"bytes_that_are_no_text",
         [](Offer& o) {
           o.message(20, 0,
                     {.payload = std::string{"\0\xff\x01", 3}, .properties = std::string{"\x01\0", 2}});
         },
         [](Offer& o) { o.erase_message(20); }},
        {"a_large_payload", [](Offer& o) { o.message(20, 0, {.payload = std::string(300'000, 'x')}); },
         [](Offer& o) { o.erase_message(20); }},
        {"the_largest_numbers",
         [](Offer& o) {
           o.session(INT64_MAX, "a")
               .message(INT64_MAX, 1)
               .deliver(INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX);
         },
         [](Offer& o) { o.erase_message(INT64_MAX).erase_delivery(INT64_MAX); }},
        {"several_subscription_identifiers",
         [](Offer& o) { o.session(7, "a").message(20, 1).identifiers(21, "\x01\x02").deliver(21, 20, 7, 3); },
         [](Offer& o) { o.erase_message(20).erase_delivery(21); }},
        {"an_inbound_identifier", [](Offer& o) { o.session(7, "a").inbound(7, 65'535).inbound(7, 1); },
         [](Offer& o) { o.inbound(7, 65'535, MORTISE_ERASE); }},
        {"a_retained_message", [](Offer& o) { o.retain("plant/state", 5, 30); },
         [](Offer& o) { o.clear_retained("plant/state", 6); }},
        {"a_will_with_its_session", [](Offer& o) { o.session(7, "a").will(7, "a"); },
         [](Offer& o) { o.erase_will(7); }},
        {"a_will_alone", [](Offer& o) { o.will(9, "pump-9", 1'764'000'000'000); },
         [](Offer& o) { o.erase_will(9); }},
        {"numbers", [](Offer& o) { o.numbers(4096, 1'764'000'000'000).message(1, 0); },
         [](Offer& o) { o.erase_message(1); }},
    }),
    [](const auto& tested) { return tested.param.name; });

TEST(Records, come_in_the_order_the_kernel_restores_them_in) {
  const Folder folder;
  Running store{folder.path()};
  Offer all{1};
  all.will(3, "a").retain("t", 1, 60).inbound(3, 9).identifiers(51, "x").message(40, 2).message(41, 1);
  all.subscribe(3, "#").session(3, "a").session(4, "b").numbers(100, 5);
  all.deliver(53, 40, 3, 9).deliver(51, 40, 4, 2).deliver(52, 41, 3, 4);
  store.keep(all);
  store.read();
  EXPECT_EQ(store.host.kinds,
            (std::vector<std::string>{"numbers", "session", "subscription", "message", "identifiers",
                                      "delivery", "inbound", "retained", "will"}));
}

TEST(Records, of_one_delivery_replace_each_other_and_its_message_stays) {
  const Folder folder;
  Facts model;
  Running store{folder.path()};
  Offer put{1};
  Offer received{2};
  put.session(7, "a").message(20, 1).deliver(21, 20, 7, 3);
  received.deliver(21, 20, 7, 3, MORTISE_RECEIVED);
  for (Offer* offer : {&put, &received}) {
    store.keep(*offer);
    model.apply(*offer->batch());
  }
  EXPECT_EQ(store.read(), model.as_text());
  store.stop();
  Running again{folder.path()};
  EXPECT_TRUE(again.host.aside.empty()) << again.host.aside[0].reason;
  EXPECT_EQ(again.read(), model.as_text());
}

TEST(Records, of_a_message_outlive_the_delivery_whose_row_it_lay_in) {
  const Folder folder;
  Facts model;
  Running store{folder.path()};
  Offer put{1};
  Offer hand_on{2};
  put.session(7, "a").session(8, "b").message(20, 1).deliver(21, 20, 7, 3);
  hand_on.erase_delivery(21).deliver(22, 20, 8, 1);
  for (Offer* offer : {&put, &hand_on}) {
    store.keep(*offer);
    model.apply(*offer->batch());
  }
  EXPECT_EQ(model.count("message"), 1u);
  EXPECT_EQ(store.read(), model.as_text());
}

TEST(Records, that_meet_in_one_commit_leave_what_their_order_leaves) {
  const Folder folder;
  Facts model;
  Running store{folder.path()};
  Offer one{1};
  Offer two{2};
  Offer three{3};
  one.session(7, "a").message(20, 1).deliver(21, 20, 7, 3).message(30, 1).deliver(31, 30, 7, 4).inbound(7, 5);
  one.retain("t", 4, 70, {.payload = "old"}).message(40, 1).deliver(41, 40, 7, 5);
  two.erase_message(20)
      .erase_delivery(21)
      .erase_delivery(31)
      .deliver(32, 30, 7, 6)
      .inbound(7, 5, MORTISE_ERASE);
  two.retain("t", 6, 71, {.payload = "new"}).erase_message(50);
  three.inbound(7, 5).retain("t", 5, 72, {.payload = "late"}).message(50, 1).deliver(51, 50, 7, 7);
  for (Offer* offer : {&one, &two, &three}) model.apply(*offer->batch());
  EXPECT_EQ(store.commit({&one, &two, &three}), MORTISE_OK);
  EXPECT_EQ(store.read(), model.as_text());
  EXPECT_EQ(model.count("message"), 3u);
}

TEST(Records, of_a_batch_may_be_there_when_it_is_offered_again) {
  const Folder folder;
  Facts model;
  Running store{folder.path()};
  for (int round = 0; round < 2; ++round) {
    Offer offer{static_cast<std::uint64_t>(round + 1)};
    offer.session(7, "a")
        .subscribe(7, "#")
        .message(20, 1)
        .deliver(21, 20, 7, 3)
        .inbound(7, 1)
        .retain("t", 2, 9);
    offer.will(7, "a").erase_message(99).erase_delivery(98);
    store.keep(offer);
    model.apply(*offer.batch());
  }
  EXPECT_EQ(store.read(), model.as_text());
}

TEST(Retained, a_lower_version_changes_nothing_while_the_store_is_open) {
  const Folder folder;
  Facts model;
  Running store{folder.path()};
  Offer clear{1};
  Offer late{2};
  Offer other{3};
  clear.retain("a", 5, 30).clear_retained("a", 7).clear_retained("b", 3);
  late.retain("a", 6, 31).retain("b", 2, 32);
  other.retain("b", 4, 33).clear_retained("b", 3);
  for (Offer* offer : {&clear, &late, &other}) {
    store.keep(*offer);
    model.apply(*offer->batch());
  }
  EXPECT_EQ(store.read(), model.as_text());
  EXPECT_EQ(model.count("retained"), 1u);
}

TEST(Retained, a_tombstone_is_forgotten_when_the_store_is_next_opened) {
  const Folder folder;
  Facts model;
  {
    Running store{folder.path()};
    Offer clear{1};
    store.keep(clear.clear_retained("a", 7));
  }
  Running store{folder.path()};
  Offer put{1};
  store.keep(put.retain("a", 1, 30));
  model.apply(*put.batch());
  EXPECT_EQ(store.read(), model.as_text());
}

TEST(Reading, stops_when_the_host_refuses_a_record) {
  const Folder folder;
  Running store{folder.path()};
  Offer put{1};
  store.keep(put.session(1, "a").session(2, "b").message(3, 2).deliver(4, 3, 1, 1).deliver(5, 3, 2, 1));
  store.host.emits_until_refusal = 1;
  const std::uint64_t request = 1;
  EXPECT_EQ(store.read_only(request), MORTISE_OK);
  EXPECT_EQ(store.host.done(request), MORTISE_E_MEMORY);
  EXPECT_EQ(store.host.read.count("session"), 1u);
}

}  // namespace
}  // namespace mortise::store_sqlite::test
