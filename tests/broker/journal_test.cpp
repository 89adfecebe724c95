#include "broker/journal.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/kept_batches.hpp"

namespace mortise::broker {
namespace {

class JournalOf : public testing::Test {
 protected:
  MessageRef message(std::uint64_t number) {
    MessageParts parts;
    parts.topic = "t";
    parts.number = number;
    return Message::make(parts, accounts);
  }
  static Batch put(const MessageRef& message, std::uint32_t deliveries) {
    Batch batch;
    batch.records.push_back(record::MessagePut{message, deliveries});
    for (std::uint32_t i = 0; i < deliveries; ++i) batch.deliveries.push_back({.number = i + 1});
    return batch;
  }
  static Batch erase(const MessageRef& message) {
    Batch batch;
    batch.deliveries.push_back({.number = 1, .op = DeliveryRecord::Op::erase});
    batch.erased.push_back(message);
    return batch;
  }
  std::size_t erased_messages(std::size_t batch) const {
    const auto& records = store.batches[batch].records;
    return static_cast<std::size_t>(std::count_if(records.begin(), records.end(), [](const Record& record) {
      return std::holds_alternative<record::MessageErase>(record);
    }));
  }

  Accounts accounts;
  KeptBatches store;
  Journal journal{&store};
};

TEST_F(JournalOf, batches_get_one_rising_sequence) {
  for (std::uint64_t expected = 1; expected <= 3; ++expected) {
    EXPECT_EQ(journal.hand_over({}), expected);
    EXPECT_EQ(store.batches.back().sequence, expected);
  }
}

TEST_F(JournalOf, a_message_is_erased_with_its_last_delivery) {
  const MessageRef shared = message(9);
  journal.hand_over(put(shared, 3));
  journal.hand_over(erase(shared));
  journal.hand_over(erase(shared));
  EXPECT_EQ(erased_messages(1), 0U);
  EXPECT_EQ(erased_messages(2), 0U);
  journal.hand_over(erase(shared));
  ASSERT_EQ(erased_messages(3), 1U);
  EXPECT_EQ(std::get<record::MessageErase>(store.batches[3].records.back()).number, 9U);
}

TEST_F(JournalOf, deliveries_that_were_restored_count) {
  const MessageRef restored = message(9);
  Journal::count_restored(*restored);
  Journal::count_restored(*restored);
  journal.hand_over(erase(restored));
  EXPECT_EQ(erased_messages(0), 0U);
  journal.hand_over(erase(restored));
  EXPECT_EQ(erased_messages(1), 1U);
}

TEST_F(JournalOf, a_message_its_stub_and_a_body_read_back_are_counted_as_one) {
  MessageRef sent = message(9);
  journal.hand_over(put(sent, 3));
  const MessageRef stub = journal.stub_of(*sent);
  EXPECT_EQ(stub.get(), journal.stub_of(*sent).get()) << "one, whoever asks";
  EXPECT_EQ(stub->size(), sent->size());
  journal.hand_over(erase(sent));
  sent.reset();
  journal.hand_over(erase(stub));
  const MessageRef read_back = message(9);
  read_back->set_stub(stub);
  EXPECT_EQ(erased_messages(2), 0U);
  journal.hand_over(erase(read_back));
  EXPECT_EQ(erased_messages(3), 1U);
}

TEST_F(JournalOf, a_delivery_whose_message_is_lost_can_be_erased) {
  journal.hand_over(erase({}));
  EXPECT_EQ(erased_messages(0), 0U);
  EXPECT_EQ(store.batches[0].deliveries.size(), 1U);
}

TEST_F(JournalOf, lines_only_rise_and_synced_includes_written) {
  journal.durable(5, Level::written, 0);
  EXPECT_EQ(journal.line(Level::written), 5U);
  EXPECT_EQ(journal.line(Level::synced), 0U);
  journal.durable(7, Level::synced, 0);
  EXPECT_EQ(journal.line(Level::written), 7U);
  EXPECT_EQ(journal.line(Level::synced), 7U);
  journal.durable(6, Level::synced, 0);
  journal.durable(6, Level::written, 0);
  EXPECT_EQ(journal.line(Level::written), 7U);
  EXPECT_EQ(journal.line(Level::synced), 7U);
}

TEST_F(JournalOf, what_is_handed_over_is_pending_until_it_is_done) {
  Batch batch = put(message(9), 2);
  const std::size_t bytes = batch.memory();
  EXPECT_GT(bytes, 2 * sizeof(DeliveryRecord));
  const std::uint64_t sequence = journal.hand_over(std::move(batch));
  EXPECT_EQ(journal.pending_bytes(), bytes);
  journal.durable(sequence, Level::written, bytes);
  EXPECT_EQ(journal.pending_bytes(), 0U);
}

}  // namespace
}  // namespace mortise::broker
