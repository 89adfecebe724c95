#include "plan.hpp"

#include <algorithm>

namespace mortise::store_sqlite {
namespace {

std::string_view topic_of(const mortise_record_t& record) { return {record.key.data, record.key.size}; }

}  // namespace

Plan::Plan(std::span<const mortise_batch_t* const> batches) {
  for (std::size_t b = 0; b < batches.size(); ++b) {
    const mortise_batch_t& batch = *batches[b];
    for (std::size_t i = 0; i < batch.record_count; ++i) {
      const mortise_record_t& record = *batch.records[i];
      if (record.kind == MORTISE_REC_MESSAGE && record.op == MORTISE_ERASE) messages_[record.number] = {b, i};
      if (record.kind == MORTISE_REC_RETAINED) {
        std::uint64_t& highest = retained_[topic_of(record)];
        highest = std::max(highest, record.position);
      }
    }
    for (std::size_t i = 0; i < batch.delivery_count; ++i)
      if (batch.deliveries[i].op == MORTISE_ERASE) deliveries_[batch.deliveries[i].number] = {b, i};
  }
}

bool Plan::cancels_delivery(std::uint64_t number, std::size_t batch, std::size_t place) const {
  const auto found = deliveries_.find(number);
  return found != deliveries_.end() && found->second.is_after(batch, place);
}

bool Plan::cancels_message(std::uint64_t number, std::size_t batch, std::size_t place) const {
  const auto found = messages_.find(number);
  return found != messages_.end() && found->second.is_after(batch, place);
}

bool Plan::outdates(const mortise_record_t& retained) const {
  const auto found = retained_.find(topic_of(retained));
  return found != retained_.end() && found->second > retained.position;
}

}  // namespace mortise::store_sqlite
