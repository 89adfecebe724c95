// What of a commit's batches need not be written, because the same commit takes it back.
//
// All batches that waited go into one transaction, so only the last word about a key reaches the disk.
// Inbound packet identifiers are left alone: they come and go too fast to be worth a look.
//
// Owns: nothing; the batches outlive it.
// Cost: nothing for batches without erases and with fewer than two retained messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>

#include "mortise/draft/store.h"

namespace mortise::store_sqlite {

class Plan {
 public:
  explicit Plan(std::span<const mortise_batch_t* const> batches);

  // Whether a PUT in batch number `batch` (from 0) is taken back later. Within a batch records come first.
  bool cancels_delivery(std::uint64_t number, std::size_t batch, std::size_t place) const;
  bool cancels_message(std::uint64_t number, std::size_t batch, std::size_t place) const;
  // Whether a RETAINED record has a successor.
  bool outdates(const mortise_record_t& retained) const;
  // Messages erased by name, anywhere.
  bool erases_message(std::uint64_t number) const { return messages_.contains(number); }
  const auto& erased_messages() const { return messages_; }

 private:
  struct Place {
    std::size_t batch;
    std::size_t place;
    bool is_after(std::size_t other_batch, std::size_t other_place) const {
      return batch != other_batch ? batch > other_batch : place > other_place;
    }
  };

  std::unordered_map<std::uint64_t, Place> deliveries_;  // the last erase of each
  std::unordered_map<std::uint64_t, Place> messages_;
  std::unordered_map<std::string_view, std::uint64_t> retained_;  // the highest version of each topic
};

}  // namespace mortise::store_sqlite
