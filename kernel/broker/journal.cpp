#include "broker/journal.hpp"

#include "base/contract.hpp"
#include "broker/rules.hpp"

namespace mortise::broker {

std::size_t Batch::memory() const noexcept {
  std::size_t bytes =
      sizeof(Batch) + records.size() * sizeof(Record) + deliveries.size() * sizeof(DeliveryRecord);
  for (const Record& entry : records)
    if (const auto* put = std::get_if<record::MessagePut>(&entry)) bytes += put->message->memory();
  return bytes;
}

std::uint64_t Journal::hand_over(Batch batch) {
  MORTISE_EXPECT(store_ != nullptr);
  const std::lock_guard lock{mutex_};
  // Counted here and nowhere else: under this lock the count follows the order of the sequence, so that a
  // message is never erased before an earlier batch has erased its other deliveries.
  for (const Record& entry : batch.records)
    if (const auto* put = std::get_if<record::MessagePut>(&entry))
      put->message->stored_deliveries() += put->deliveries;
  std::size_t erase = 0;
  for (const DeliveryRecord& delivery : batch.deliveries) {
    if (delivery.op != DeliveryRecord::Op::erase) continue;
    Message* message = batch.erased[erase++].get();
    if (!message) continue;  // a damaged store had the delivery without its message
    std::uint32_t& stored = message->stored_deliveries();
    MORTISE_EXPECT(stored > 0);
    const bool last = --stored == 0;
    if (last || !holds(Rule::message_outlives_deliveries))
      batch.records.push_back(record::MessageErase{message->number()});
  }
  batch.erased.clear();
  batch.sequence = last_sequence_.fetch_add(1, std::memory_order_relaxed) + 1;
  const std::uint64_t sequence = batch.sequence;
  pending_bytes_.fetch_add(batch.memory(), std::memory_order_relaxed);
  store_->hand_over(std::move(batch));
  return sequence;
}

MessageRef Journal::stub_of(Message& message) {
  const std::lock_guard lock{mutex_};
  if (MessageRef stub = message.stub()) return stub;
  MessageRef stub = Message::make_stub(message);
  message.set_stub(stub);
  return stub;
}

void Journal::durable(std::uint64_t sequence, Level level, std::size_t bytes_done) noexcept {
  const auto raise = [sequence](std::atomic<std::uint64_t>& line) {
    std::uint64_t before = line.load(std::memory_order_relaxed);
    while (before < sequence && !line.compare_exchange_weak(before, sequence, std::memory_order_release,
                                                            std::memory_order_relaxed)) {}
  };
  raise(written_);
  if (level == Level::synced) raise(synced_);
  if (bytes_done != 0) pending_bytes_.fetch_sub(bytes_done, std::memory_order_relaxed);
}

}  // namespace mortise::broker
