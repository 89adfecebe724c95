// What a message costs the device: put, delivered to one of 200 waiting sessions, and erased later.
//
// The figures of README.md come from here; printed always, and bounded, since bytes do not depend on the
// machine.
#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <string>

#include "running.hpp"

namespace mortise::store_sqlite::test {
namespace {

constexpr std::uint64_t sessions = 200;
constexpr std::uint64_t waiting = 20'000;

struct Row {
  const char* name;
  std::uint64_t messages_a_batch;
  const char* wal_limit;  // 128 MiB is never checkpointed here
  double bytes_at_most;   // a message
};
class WalBytes : public testing::TestWithParam<Row> {};

class Traffic {
 public:
  explicit Traffic(Running& store) : store_{store} {
    Offer& all = next();
    for (std::uint64_t session = 1; session <= sessions; ++session)
      all.session(session, "client-" + std::to_string(session));
    store_.keep(all);
  }
  // `count` messages come and as many of the oldest go, if so many wait.
  void step(std::uint64_t count) {
    Offer& offer = next();
    for (std::uint64_t i = 0; i < count; ++i, ++put_) {
      const std::uint64_t number = put_ * 2;
      offer.message(number, 1, {.topic = "plant/7/temperature", .payload = std::string(100, 'x')});
      offer.deliver(number + 1, number, 1 + put_ % sessions, put_ / sessions);
      if (put_ < first_ + waiting) continue;
      const std::uint64_t oldest = gone_++ * 2 + first_ * 2;
      offer.erase_message(oldest).erase_delivery(oldest + 1);
    }
    ASSERT_EQ(store_.commit({&offer}), MORTISE_OK);
    if (offers_.size() > 20) offers_.pop_front();
  }

 private:
  Offer& next() { return offers_.emplace_back(++sequence_, MORTISE_WRITTEN); }

  static constexpr std::uint64_t first_ = 1000;
  Running& store_;
  std::deque<Offer> offers_;
  std::uint64_t sequence_ = 0;
  std::uint64_t put_ = first_;
  std::uint64_t gone_ = 0;
};

TEST_P(WalBytes, stay_below_what_the_readme_says) {
  const Folder folder;
  Running store{folder.path(), std::string{R"({"wal_limit": ")"} + GetParam().wal_limit + R"("})"};
  Traffic traffic{store};
  for (std::uint64_t i = 0; i < waiting / 500; ++i) traffic.step(500);
  const std::uint64_t messages = GetParam().messages_a_batch == 1 ? 4'000 : 20'000;
  const auto before = store.health().bytes_written;
  for (std::uint64_t i = 0; i < messages / GetParam().messages_a_batch; ++i)
    traffic.step(GetParam().messages_a_batch);
  const double bytes =
      static_cast<double>(store.health().bytes_written - before) / static_cast<double>(messages);
  std::printf("%s: %.0f bytes a message\n", GetParam().name, bytes);
  EXPECT_LT(bytes, GetParam().bytes_at_most);
}

INSTANTIATE_TEST_SUITE_P(Store, WalBytes,
                         testing::ValuesIn<Row>({{"one_a_batch_to_the_wal", 1, "128MiB", 8000},
                                                 {"ten_a_batch_to_the_wal", 10, "128MiB", 2000},
                                                 {"a_hundred_a_batch_to_the_wal", 100, "128MiB", 420},
                                                 {"one_a_batch_in_all", 1, "8MiB", 12'000},
                                                 {"ten_a_batch_in_all", 10, "8MiB", 3000},
                                                 {"a_hundred_a_batch_in_all", 100, "8MiB", 900}}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace mortise::store_sqlite::test
