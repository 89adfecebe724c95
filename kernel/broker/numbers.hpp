// Rising numbers for sessions, messages and deliveries, never used twice, across restarts too.
//
// They are reserved in blocks whose reservation is durable before a number from it is used; a restart goes on
// above the last reservation, also when the highest record was erased long ago.
//
// Thread: shared by all loops; each loop draws from its own Allocator, which takes a span at a time.
// Cost:   one lock in 4,096 numbers.
// Fails:  has() is false when the reservation is used up and the next one is not durable yet.
// Source: Rule::reserve_numbers.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "base/contract.hpp"
#include "broker/rules.hpp"

namespace mortise::broker {

class Numbers {
 public:
  static constexpr std::uint64_t block = std::uint64_t{1} << 32;
  static constexpr std::uint64_t span = 4096;

  // `reserved` is what the store had reserved, `highest` the highest number it still has in a record.
  void start(std::uint64_t reserved, std::uint64_t highest) {
    const std::lock_guard lock{mutex_};
    next_ = (holds(Rule::reserve_numbers) ? reserved : highest) + 1;
    limit_ = asked_ = reserved;
  }
  // Without a store nothing needs to be reserved.
  void start_unbounded() {
    const std::lock_guard lock{mutex_};
    limit_ = asked_ = UINT64_MAX;
  }

  // What to reserve next, told once when it is time to: store it, then call reserved() once that is durable.
  std::optional<std::uint64_t> wants_reservation() {
    const std::lock_guard lock{mutex_};
    if (asked_ > limit_ || limit_ - (next_ - 1) >= block / 2) return {};
    asked_ = limit_ + block;
    return asked_;
  }
  void reserved(std::uint64_t up_to) {
    const std::lock_guard lock{mutex_};
    if (up_to > limit_) limit_ = up_to;
  }

  class Allocator {
   public:
    explicit Allocator(Numbers& source) : source_{&source} {}

    // Makes sure that the next `count` calls of take() succeed. `count` is at most a span.
    bool has(std::uint64_t count) {
      if (end_ - next_ >= count) return true;
      const std::lock_guard lock{source_->mutex_};
      if (source_->limit_ - (source_->next_ - 1) < span) return false;
      next_ =
          source_->next_;  // what is left of the old span is given up: numbers rise, they need not be dense
      end_ = source_->next_ += span;
      return true;
    }
    // Whoever may be refused asks has() first; half a block is always reserved ahead.
    std::uint64_t take() {
      MORTISE_EXPECT(has(1));
      return next_++;
    }

   private:
    Numbers* source_;
    std::uint64_t next_ = 0;
    std::uint64_t end_ = 0;
  };

 private:
  std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::uint64_t limit_ = 0;  // the highest number that may be used
  std::uint64_t asked_ = 0;
};

}  // namespace mortise::broker
