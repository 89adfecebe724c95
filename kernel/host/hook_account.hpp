// What the hooks of one instance are asked, which of them a loop is in, and how long one call in 64 takes.
//
// Thread: each loop and the instance's strand write a part of their own; readers see values that may be a moment old.
// Cost:   a call is three stores to lines of cache that are the loop's own; one in 64 reads the clock twice.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ring.hpp"
#include "base/time.hpp"
#include "broker/ledger.hpp"
#include "host/alarm_clock.hpp"
#include "host/said.hpp"

namespace mortise::host {

class HookAccount {
 public:
  static constexpr std::size_t observe = static_cast<std::size_t>(Point::count);  // which is no decision
  static constexpr std::size_t hooks = observe + 1;
  static constexpr std::uint64_t one_in = 64;

  struct Row {
    broker::Counter calls;
    broker::Counter sampled;
    broker::Counter nanoseconds;  // that those took
    broker::Counter slow;         // of those, on a loop
    broker::Counter deferred;
  };

  explicit HookAccount(std::uint32_t loops) : parts_(loops + 1) {}

  // `loop`: on whose thread; one that is none of them for the strand.
  Row& row(std::size_t hook, std::uint32_t loop) noexcept { return part(loop).rows[hook]; }
  bool is_loop(std::uint32_t loop) const noexcept { return loop < parts_.size() - 1; }

  // Runs `call`; `slow(nanoseconds)` is told when its time was taken and is more than `longest` on a loop.
  template <class Call, class Slow>
  auto timed(std::size_t hook, std::uint32_t loop, base::Duration longest, Call&& call, Slow&& slow) {
    const Inside inside{part(loop).inside, hook};
    Row& row = this->row(hook, loop);
    row.calls.add(1);
    if (row.calls.value() % one_in != 0) [[likely]]
      return call();
    const base::TimePoint begun = monotonic_now();
    auto said = call();
    const base::Duration took = monotonic_now() - begun;
    row.sampled.add(1);
    row.nanoseconds.add(static_cast<std::uint64_t>(took.count()));
    if (is_loop(loop) && took > longest) {
      row.slow.add(1);
      slow(took);
    }
    return said;
  }

  // The hook that loop is in at present, if any.
  std::optional<std::size_t> inside(std::uint32_t loop) const noexcept {
    const std::size_t mark = parts_[loop].inside.load(std::memory_order_relaxed);
    return mark == 0 ? std::nullopt : std::optional{mark - 1};
  }

  struct Sum {
    std::uint64_t calls = 0, sampled = 0, nanoseconds = 0, slow = 0, deferred = 0;
  };
  Sum sum(std::size_t hook) const noexcept {
    Sum all;
    for (const Part& part : parts_) {
      const Row& row = part.rows[hook];
      all.calls += row.calls.value();
      all.sampled += row.sampled.value();
      all.nanoseconds += row.nanoseconds.value();
      all.slow += row.slow.value();
      all.deferred += row.deferred.value();
    }
    return all;
  }

 private:
  using Mark = std::atomic<std::uint8_t>;  // hook + 1; 0: in none
  struct Inside {
    Inside(Mark& mark, std::size_t hook) noexcept : at{mark} {
      at.store(static_cast<std::uint8_t>(hook + 1), std::memory_order_relaxed);
    }
    ~Inside() { at.store(0, std::memory_order_relaxed); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    Mark& at;
  };
  struct alignas(base::cache_line) Part {
    Mark inside{0};
    std::array<Row, hooks> rows;
  };
  Part& part(std::uint32_t loop) noexcept { return is_loop(loop) ? parts_[loop] : parts_.back(); }

  std::vector<Part> parts_;
};

// As it stands in labels and log lines.
inline std::string_view hook_name(std::size_t hook) noexcept {
  static constexpr std::array<std::string_view, HookAccount::hooks> names{"authenticate",
                                                                          "exchange",
                                                                          "intercept",
                                                                          "authorise_publish",
                                                                          "authorise_subscribe",
                                                                          "authorise_receive",
                                                                          "authorise_will",
                                                                          "authorise_retain",
                                                                          "psk",
                                                                          "intercept_connect",
                                                                          "intercept_will",
                                                                          "accept",
                                                                          "observe"};
  return names[hook];
}

}  // namespace mortise::host
