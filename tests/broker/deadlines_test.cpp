#include "broker/deadlines.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

namespace mortise::broker {
namespace {

using namespace std::chrono_literals;

const base::TimePoint start = base::TimePoint{} + 1h;

std::vector<std::uint64_t> fired_until(Deadlines& deadlines, base::TimePoint now) {
  std::vector<std::uint64_t> fired;
  deadlines.advance(now, [&](Timer& timer) { fired.push_back(timer.owner()); });
  return fired;
}

TEST(Deadlines, a_timer_fires_once_and_never_early) {
  Deadlines deadlines{start};
  Timer timer{TimerKind::silence, 7};
  deadlines.set(timer, start + 1500us);
  EXPECT_TRUE(timer.is_set());
  EXPECT_TRUE(fired_until(deadlines, start + 1ms).empty());
  EXPECT_EQ(fired_until(deadlines, start + 2ms), std::vector<std::uint64_t>{7});
  EXPECT_FALSE(timer.is_set());
  EXPECT_TRUE(fired_until(deadlines, start + 1h).empty());
}

TEST(Deadlines, what_is_past_already_fires_at_the_next_advance) {
  Deadlines deadlines{start};
  fired_until(deadlines, start + 10s);
  Timer timer{TimerKind::silence, 7};
  deadlines.set(timer, start + 1s);
  EXPECT_EQ(fired_until(deadlines, start + 10s + 1ms).size(), 1U);
}

TEST(Deadlines, never_is_no_timer) {
  Deadlines deadlines{start};
  Timer timer{TimerKind::silence, 7};
  deadlines.set(timer, base::never);
  EXPECT_FALSE(timer.is_set());
  EXPECT_EQ(deadlines.next(), base::never);
}

TEST(Deadlines, a_timer_unlinks_itself_when_it_goes) {
  Deadlines deadlines{start};
  {
    Timer timer{TimerKind::silence, 7};
    deadlines.set(timer, start + 5s);
    EXPECT_LE(deadlines.next(), start + 5s);
  }
  EXPECT_EQ(deadlines.next(), base::never);
  EXPECT_TRUE(fired_until(deadlines, start + 10s).empty());
}

TEST(Deadlines, a_firing_timer_may_set_and_cancel_others) {
  Deadlines deadlines{start};
  Timer first{TimerKind::silence, 1}, second{TimerKind::silence, 2}, third{TimerKind::silence, 3};
  deadlines.set(first, start + 1s);
  deadlines.set(second, start + 2s);
  std::vector<std::uint64_t> fired;
  deadlines.advance(start + 10s, [&](Timer& timer) {
    fired.push_back(timer.owner());
    if (timer.owner() != 1) return;
    second.cancel();
    deadlines.set(third, start + 3s);
  });
  EXPECT_EQ(fired, (std::vector<std::uint64_t>{1, 3}));
}

// A distance from a millisecond to years, each size as likely as another.
base::Duration any_distance(std::mt19937_64& random) {
  return std::chrono::microseconds{random() % (std::uint64_t{1} << (10 + random() % 38))};
}

TEST(Deadlines, fires_what_a_sorted_list_would_fire) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    std::mt19937_64 random{seed};
    Deadlines deadlines{start};
    std::vector<std::unique_ptr<Timer>> timers;
    for (std::uint64_t i = 0; i < 50; ++i) timers.push_back(std::make_unique<Timer>(TimerKind::silence, i));
    std::map<std::uint64_t, base::TimePoint> model;
    base::TimePoint now = start;
    for (int step = 0; step < 3000; ++step) {
      const std::uint64_t which = random() % timers.size();
      const std::uint64_t what = random() % 10;
      if (what < 5) {
        model[which] = now + any_distance(random);
        deadlines.set(*timers[which], model[which]);
      } else if (what == 5) {
        timers[which]->cancel();
        model.erase(which);
      } else {
        base::TimePoint earliest = base::never;
        for (const auto& [owner, due] : model) earliest = std::min(earliest, due);
        // An overdue timer is due within the millisecond that has begun.
        ASSERT_LE(deadlines.next(), model.empty() ? base::never : std::max(earliest, now) + 1ms);
        ASSERT_EQ(deadlines.next() == base::never, model.empty());
        // Every other time just to the next deadline, as a loop does; else a jump of any length.
        now = what < 8 && deadlines.next() != base::never ? std::max(now, deadlines.next())
                                                          : now + any_distance(random);
        for (const std::uint64_t owner : fired_until(deadlines, now)) {
          ASSERT_TRUE(model.contains(owner)) << "seed " << seed;
          ASSERT_LE(model[owner], now) << "early, seed " << seed;
          model.erase(owner);
        }
        for (const auto& [owner, due] : model) ASSERT_GT(due, now - 1ms) << "late, seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace mortise::broker
