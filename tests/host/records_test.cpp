// The broker's records as a store sees them, and as they come back.
#include "host/records.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "broker/quiet.hpp"

namespace mortise::host {
namespace {

namespace record = broker::record;

std::string text_of(mortise_str_t text) { return {text.data, text.size}; }

class Records : public testing::Test {
 protected:
  broker::MessageRef message(std::uint64_t number) {
    broker::MessageParts parts;
    parts.topic = "t";
    static constexpr std::uint8_t payload[] = {'p'};
    parts.payload = payload;
    parts.publisher = "pump-7";
    parts.username = "pumps";
    parts.qos = mqtt::Qos::exactly_once;
    parts.received = base::from_unix_ms(1'000);
    parts.expires = base::from_unix_ms(9'000);
    parts.level = broker::Level::written;
    parts.payload_is_utf8 = true;
    parts.number = number;
    return broker::Message::make(parts, accounts);
  }
  broker::Accounts accounts;
};

TEST_F(Records, keep_what_they_hold_and_point_into_the_batch) {
  broker::Batch batch;
  batch.sequence = 5;
  batch.level = broker::Level::synced;
  batch.records.push_back(record::Numbers{4096, 77});
  batch.records.push_back(record::Session{3, "client", "user", 60, 0, 12});
  batch.records.push_back(record::Subscription{
      3, "a/+", {mqtt::Qos::at_least_once, true, false, mqtt::RetainHandling::send_if_new}, 9});
  batch.records.push_back(record::MessagePut{message(8), 2});
  batch.records.push_back(record::DeliveryIdentifiers{11, {1, 300}});
  batch.records.push_back(record::InboundErase{3, 65535});
  batch.records.push_back(record::Will{3, "client", message(0), 30, 5, 0});
  batch.deliveries.push_back({11, 8, 3, 1, 0, broker::DeliveryRecord::Op::put,
                              broker::DeliveryRecord::State::queued, mqtt::Qos::at_least_once, true});
  const StoredBatch stored{std::move(batch), {}};
  const mortise_batch_t& abi = *stored.abi();
  ASSERT_EQ(7U, abi.record_count);
  EXPECT_EQ(5U, abi.sequence);
  EXPECT_EQ(static_cast<std::uint32_t>(MORTISE_SYNCED), abi.level);
  EXPECT_EQ(4096U, abi.records[0]->number);
  EXPECT_EQ(77U, abi.records[0]->unix_ms);
  EXPECT_EQ("client", text_of(abi.records[1]->key));
  EXPECT_EQ("user", text_of(abi.records[1]->owner));
  EXPECT_EQ(12U, abi.records[1]->position);
  EXPECT_EQ("a/+", text_of(abi.records[2]->subscription->filter));
  EXPECT_EQ(nullptr, abi.records[2]->subscription->share.data);
  EXPECT_EQ(1, abi.records[2]->subscription->no_local);
  EXPECT_EQ(9U, abi.records[2]->subscription->identifier);
  EXPECT_EQ(8U, abi.records[3]->number);
  EXPECT_EQ(9'000U, abi.records[3]->unix_ms);
  EXPECT_EQ(2U, abi.records[3]->deliveries);
  EXPECT_EQ(MORTISE_NO_EXPIRY, abi.records[3]->body->expiry_s);
  EXPECT_EQ("pumps", text_of(abi.records[3]->body->username));
  EXPECT_EQ(8U, abi.records[4]->data.size);
  EXPECT_EQ(MORTISE_ERASE, abi.records[5]->op);
  EXPECT_EQ(65535U, abi.records[5]->identifier);
  EXPECT_EQ(5U, abi.records[6]->body->expiry_s);
  EXPECT_EQ(30U, abi.records[6]->seconds);
  ASSERT_EQ(1U, abi.delivery_count);
  EXPECT_EQ(MORTISE_DELIVERY_RETAIN, abi.deliveries[0].flags);
  EXPECT_EQ(11U, abi.deliveries[0].number);
}

TEST_F(Records, come_back_as_the_session_they_were) {
  broker::Batch batch;
  batch.records.push_back(record::Numbers{100, 0});
  batch.records.push_back(record::Session{3, "client", "user", 600, 0, 1});
  batch.records.push_back(
      record::Subscription{3, "t", {mqtt::Qos::at_least_once, false, false, mqtt::RetainHandling::send}, 0});
  batch.records.push_back(record::MessagePut{message(8), 1});
  batch.records.push_back(record::DeliveryIdentifiers{11, {1, 300}});
  batch.records.push_back(record::Retained{1, message(9)});
  batch.deliveries.push_back({11, 8, 3, 1, 0, broker::DeliveryRecord::Op::put,
                              broker::DeliveryRecord::State::queued, mqtt::Qos::at_least_once, false});
  const StoredBatch stored{std::move(batch), {}};

  broker::QuietHooks hooks;
  broker::QuietLog log;
  broker::Shared shared{{}, 1, nullptr, hooks, log};
  const base::Now now{base::TimePoint{std::chrono::seconds{1}}, base::from_unix_ms(2'000)};
  broker::Broker broker{shared, 0, now};
  broker::Restorer restorer{shared};
  for (std::size_t i = 0; i < stored.abi()->record_count; ++i)
    EXPECT_TRUE(restore_record(*stored.abi()->records[i], restorer)) << i;
  EXPECT_TRUE(restore_delivery(stored.abi()->deliveries[0], restorer));
  broker.begin_turn(now);
  const auto outcome = restorer.finish({&broker}, now);
  broker.end_turn();
  EXPECT_EQ(1U, outcome.sessions);
  EXPECT_EQ(1U, outcome.subscriptions);
  EXPECT_EQ(1U, outcome.deliveries);
  EXPECT_EQ(1U, outcome.retained);
  EXPECT_EQ(0U, outcome.orphans);
}

struct Bad {
  std::string name;
  std::function<void(mortise_record_t&, mortise_message_view_t&)> spoil;
  friend void PrintTo(const Bad& row, std::ostream* out) { *out << row.name; }
};
class SenselessRecord : public testing::TestWithParam<Bad> {};

TEST_P(SenselessRecord, is_left_out) {
  broker::QuietHooks hooks;
  broker::QuietLog log;
  broker::Shared shared{{}, 1, nullptr, hooks, log};
  broker::Restorer restorer{shared};
  mortise_message_view_t body{};
  body.size = sizeof body;
  body.topic = {"t", 1};
  mortise_record_t record{};
  record.size = sizeof record;
  record.kind = MORTISE_REC_MESSAGE;
  record.body = &body;
  ASSERT_TRUE(restore_record(record, restorer));
  GetParam().spoil(record, body);
  EXPECT_FALSE(restore_record(record, restorer));
}

INSTANTIATE_TEST_SUITE_P(Records, SenselessRecord,
                         testing::ValuesIn(std::vector<Bad>{
                             {"of_an_unknown_kind", [](auto& record, auto&) { record.kind = 99; }},
                             {"too_short", [](auto& record, auto&) { record.size = 8; }},
                             {"without_its_body", [](auto& record, auto&) { record.body = nullptr; }},
                             {"with_a_topic_that_is_none",
                              [](auto&, auto& body) {
                                body.topic = {"a/#", 3};
                              }},
                             {"with_a_qos_that_is_none", [](auto&, auto& body) { body.qos = 3; }},
                             {"with_bytes_that_are_nowhere",
                              [](auto& record, auto&) {
                                record.data = {nullptr, 3};
                              }},
                             {"with_a_class_that_is_none",
                              [](auto& record, auto&) {
                                static constexpr std::uint8_t data[] = {3};
                                record.data = {data, 1};
                              }},
                         }),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace mortise::host
