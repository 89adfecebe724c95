#include "broker/restorer.hpp"

#include <gtest/gtest.h>

#include "quiet.hpp"

namespace mortise::broker {
namespace {

using namespace std::chrono_literals;

class KeepingStore : public Store {
 public:
  void hand_over(Batch batch) override {
    for (const DeliveryRecord& delivery : batch.deliveries)
      if (delivery.op == DeliveryRecord::Op::erase) erased_deliveries.push_back(delivery.number);
    for (const Record& record : batch.records) {
      if (const auto* erase = std::get_if<record::MessageErase>(&record))
        erased_messages.push_back(erase->number);
      if (const auto* numbers = std::get_if<record::Numbers>(&record)) reserved = numbers->reserved;
    }
  }
  void read(StoreRead what) override { reads.push_back(std::move(what)); }
  std::vector<StoreRead> reads;
  std::vector<std::uint64_t> erased_deliveries;
  std::vector<std::uint64_t> erased_messages;
  std::uint64_t reserved = 0;
};

class RestorerOf : public testing::Test {
 protected:
  explicit RestorerOf(std::uint64_t resident_max = UINT64_MAX / 2)
      : shared{options(resident_max), 1, &store, hooks, log} {}
  static Options options(std::uint64_t resident_max) {
    Options options;
    options.seed = {1, 2};
    options.resident_max = resident_max;
    return options;
  }
  void session(std::uint64_t number, const char* client_id, std::uint64_t sent_to = 0) {
    record::Session session;
    session.number = number;
    session.client_id = client_id;
    session.expiry_s = 3600;
    session.sent_to = sent_to;
    restorer.on_record(session);
  }
  void message(std::uint64_t number) {
    MessageParts parts;
    parts.topic = "t";
    parts.number = number;
    parts.qos = mqtt::Qos::at_least_once;
    restorer.on_record(record::MessagePut{Message::make(parts, restorer.accounts()), 0});
  }
  void delivery(std::uint64_t number, std::uint64_t of_message, std::uint64_t to_session,
                std::uint64_t position) {
    restorer.on_delivery(
        {.number = number, .message = of_message, .session = to_session, .position = position});
  }
  // Finishes, and lets a second pass, after which what rode along has been handed over.
  Restorer::Outcome finish() {
    const auto outcome = restorer.finish({&broker}, now);
    broker.end_turn();
    now.monotonic += 2s;
    broker.begin_turn(now);
    broker.end_turn();
    return outcome;
  }

  KeepingStore store;
  QuietHooks hooks;
  QuietLog log;
  Shared shared;
  base::Now now{base::TimePoint{} + 1h, base::from_unix_ms(1'800'000'000'000)};
  Broker broker{shared, 0, now};
  Restorer restorer{shared};
};

TEST_F(RestorerOf, an_empty_store_gives_an_empty_broker_with_numbers_reserved) {
  const auto outcome = finish();
  EXPECT_EQ(outcome.sessions + outcome.deliveries + outcome.retained + outcome.wills + outcome.orphans, 0U);
  EXPECT_EQ(broker.sessions(), 0U);
  EXPECT_GE(store.reserved, Numbers::span);
}

TEST_F(RestorerOf, everything_that_is_whole_is_put_back) {
  session(1, "reader");
  restorer.on_record(record::Subscription{1, "t", {}, 0});
  restorer.on_record(record::Subscription{1, "u/#", {}, 0});
  message(2);
  delivery(3, 2, 1, 0);
  const auto outcome = finish();
  EXPECT_EQ(outcome.sessions, 1U);
  EXPECT_EQ(outcome.subscriptions, 2U);
  EXPECT_EQ(outcome.deliveries, 1U);
  EXPECT_EQ(outcome.orphans, 0U);
  EXPECT_EQ(broker.sessions(), 1U);
  EXPECT_EQ(broker.subscriptions(), 2U);
  EXPECT_EQ(shared.ledgers[0]->restored.value(), 1U);
  EXPECT_EQ(shared.ledgers[0]->queued.value(), 1U);
  EXPECT_TRUE(store.erased_deliveries.empty());
  EXPECT_TRUE(store.erased_messages.empty());
}

TEST_F(RestorerOf, a_delivery_without_its_message_is_taken_out) {
  session(1, "reader");
  delivery(3, 2, 1, 0);
  EXPECT_EQ(finish().orphans, 1U);
  EXPECT_EQ(store.erased_deliveries, std::vector<std::uint64_t>{3});
  EXPECT_TRUE(store.erased_messages.empty());
}

TEST_F(RestorerOf, a_delivery_without_its_session_is_taken_out_and_its_message_with_it) {
  message(2);
  delivery(3, 2, 1, 0);
  EXPECT_EQ(finish().orphans, 1U);
  EXPECT_EQ(store.erased_deliveries, std::vector<std::uint64_t>{3});
  EXPECT_EQ(store.erased_messages, std::vector<std::uint64_t>{2});
}

TEST_F(RestorerOf, a_message_that_somebody_else_waits_for_stays) {
  session(1, "reader");
  message(2);
  delivery(3, 2, 1, 0);
  delivery(4, 2, 99, 0);
  const auto outcome = finish();
  EXPECT_EQ(outcome.deliveries, 1U);
  EXPECT_EQ(outcome.orphans, 1U);
  EXPECT_EQ(store.erased_deliveries, std::vector<std::uint64_t>{4});
  EXPECT_TRUE(store.erased_messages.empty());
}

TEST_F(RestorerOf, a_message_that_nobody_waits_for_is_taken_out) {
  message(2);
  finish();
  EXPECT_EQ(store.erased_messages, std::vector<std::uint64_t>{2});
}

TEST_F(RestorerOf, a_subscription_without_its_session_is_nobodys) {
  restorer.on_record(record::Subscription{1, "t", {}, 0});
  const auto outcome = finish();
  EXPECT_EQ(outcome.subscriptions, 0U);
  EXPECT_EQ(broker.subscriptions(), 0U);
}

// Memory has room for no message.
class RestorerOfMuch : public RestorerOf {
 protected:
  RestorerOfMuch() : RestorerOf{0} {}
};

TEST_F(RestorerOfMuch, what_is_more_than_memory_holds_stays_in_the_store) {
  session(1, "reader");
  for (std::uint64_t number = 2; number < 202; number += 2) {
    message(number);
    delivery(number + 1, number, 1, number / 2 - 1);
  }
  EXPECT_EQ(finish().deliveries, 100U);
  EXPECT_EQ(shared.ledgers[0]->queued.value(), 100U);
  MessageParts parts;
  parts.topic = "t";
  parts.qos = mqtt::Qos::at_least_once;
  const auto whole = Message::make(parts, restorer.accounts());
  const auto stub = Message::make_stub(*whole);
  EXPECT_EQ(shared.message_bytes(), static_cast<std::int64_t>(whole->memory() + 101 * stub->memory()));
}

TEST_F(RestorerOfMuch, a_retained_value_is_whole_and_shares_its_count_with_what_waits) {
  session(1, "reader");
  message(2);
  message(4);
  delivery(5, 4, 1, 0);
  MessageParts parts;
  parts.topic = "kept";
  parts.payload = {reinterpret_cast<const std::uint8_t*>("value"), 5};
  parts.number = 4;
  MessageRef kept = Message::make(parts, restorer.accounts());
  restorer.on_record(record::Retained{1, kept});
  finish();
  EXPECT_FALSE(kept->is_stub());
  EXPECT_TRUE(kept->stub());
  EXPECT_EQ(kept->stored_deliveries(), 1U);
}

TEST_F(RestorerOf, the_latest_time_of_the_store_is_known) {
  restorer.on_record(record::Numbers{100, 5'000});
  EXPECT_EQ(restorer.latest(), base::from_unix_ms(5'000));
  MessageParts parts;
  parts.topic = "t";
  parts.received = base::from_unix_ms(9'000);
  restorer.on_record(record::MessagePut{Message::make(parts, restorer.accounts()), 0});
  EXPECT_EQ(restorer.latest(), base::from_unix_ms(9'000));
}

}  // namespace
}  // namespace mortise::broker
