// Batches on their way to a store plugin: kept until synced, offered again after a failure,
// flushed at the end.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>

#include "host/rig.hpp"

namespace mortise::host {
namespace {

// A store that keeps nothing, and answers as it is told.
class FakeStore {
 public:
  explicit FakeStore(Rig& rig, const std::string& name = "a") : strings_{rig.strings(name)} {
    strings_.start = [this](auto, auto) {
      EXPECT_EQ(MORTISE_OK, strings_.attach(MORTISE_STORE));
      return mortise_answer_t{MORTISE_ALLOW};
    };
    strings_.store_commit = [this](const mortise_batch_t* const* batches, std::size_t count) {
      const std::lock_guard lock{mutex_};
      if (fails_with_ != MORTISE_OK) {
        ++refused_;
        return fails_with_;
      }
      for (std::size_t i = 0; i < count; ++i) {
        taken_.push_back(batches[i]->sequence);
        for (std::size_t r = 0; r < batches[i]->record_count; ++r)
          if (batches[i]->records[r]->kind == MORTISE_REC_RETAINED &&
              batches[i]->records[r]->op == MORTISE_PUT)
            topics_.emplace(batches[i]->records[r]->key.data, batches[i]->records[r]->key.size);
      }
      if (answers_) durable(taken_.back(), MORTISE_SYNCED);
      return mortise_status_t{MORTISE_OK};
    };
    strings_.store_health = [this](mortise_health_t* out) {
      out->state = state_;
      if (state_ != MORTISE_STORE_GOOD) std::string_view{"/var/x.db: no room"}.copy(out->text, 18);
      return mortise_status_t{MORTISE_OK};
    };
  }
  mortise_status_t durable(std::uint64_t sequence, std::uint32_t level,
                           mortise_status_t status = MORTISE_OK) {
    return strings_.service<mortise_host_store_t>(MORTISE_HOST_STORE)
        ->durable(strings_.host, sequence, level, status);
  }
  void fail_with(mortise_status_t status) {
    const std::lock_guard lock{mutex_};
    fails_with_ = status;
  }
  // What it says of itself from now on; MORTISE_STORE_*.
  void feel(std::uint32_t state) { state_ = state; }
  void answer_by_hand() {
    const std::lock_guard lock{mutex_};
    answers_ = false;
  }
  std::vector<std::uint64_t> taken() {
    const std::lock_guard lock{mutex_};
    return taken_;
  }
  std::set<std::string> topics() {
    const std::lock_guard lock{mutex_};
    return topics_;
  }
  int refused() {
    const std::lock_guard lock{mutex_};
    return refused_;
  }

 private:
  Strings& strings_;
  std::mutex mutex_;
  std::vector<std::uint64_t> taken_;
  std::set<std::string> topics_;
  mortise_status_t fails_with_ = MORTISE_OK;
  std::atomic<std::uint32_t> state_{MORTISE_STORE_GOOD};
  bool answers_ = true;
  int refused_ = 0;
};

constexpr const char* one_store = "  - {name: a, library: puppet_store}";

bool acknowledged(Rig& rig, Rig::Client& client, std::size_t count) {
  return rig.reasons(client, mqtt::PacketType::puback).size() == count;
}

TEST(StorePort, an_acknowledgement_waits_for_the_synced_line) {
  Rig rig{one_store};
  FakeStore store{rig};
  rig.run();
  auto& client = rig.connect("x");
  ASSERT_TRUE(rig.turn_until([&] { return !rig.reasons(client, mqtt::PacketType::connack).empty(); }));
  ASSERT_TRUE(eventually([&] { return rig.shared->journal.pending_bytes() == 0; }));
  store.answer_by_hand();
  const std::size_t before = store.taken().size();
  rig.publish(client, "kept", "1", mqtt::Qos::at_least_once, true);
  ASSERT_TRUE(rig.turn_until([&] { return store.taken().size() > before; }));
  const std::uint64_t sequence = store.taken().back();
  EXPECT_EQ(std::set<std::string>{"kept"}, store.topics());
  rig.turn();
  EXPECT_TRUE(acknowledged(rig, client, 0));
  EXPECT_NE(0U, rig.shared->journal.pending_bytes());
  EXPECT_EQ(MORTISE_OK, store.durable(sequence, MORTISE_WRITTEN));
  EXPECT_EQ(0U, rig.shared->journal.pending_bytes());
  rig.turn();
  EXPECT_TRUE(acknowledged(rig, client, 0)) << "written is not synced";
  EXPECT_EQ(MORTISE_OK, store.durable(sequence, MORTISE_SYNCED));
  EXPECT_TRUE(rig.turn_until([&] { return acknowledged(rig, client, 1); }));
}

TEST(StorePort, lines_that_make_no_sense_are_faults) {
  Rig rig{one_store};
  FakeStore store{rig};
  rig.run();
  ASSERT_TRUE(eventually([&] { return !store.taken().empty() && rig.shared->journal.pending_bytes() == 0; }));
  EXPECT_EQ(MORTISE_E_INVALID, store.durable(store.taken().back() + 1000, MORTISE_SYNCED));
  EXPECT_EQ(MORTISE_E_INVALID, store.durable(0, MORTISE_SYNCED));
  EXPECT_EQ(MORTISE_E_INVALID, store.durable(store.taken().back(), 7));
  EXPECT_EQ(3U, rig.status().faults);
}

TEST(StorePort, what_was_refused_is_offered_again_in_order_until_it_is_taken) {
  Rig rig{one_store};
  FakeStore store{rig};
  rig.run();
  auto& client = rig.connect("x");
  rig.turn();
  store.fail_with(MORTISE_E_FULL);
  rig.publish(client, "one", "1", mqtt::Qos::at_least_once, true);
  ASSERT_TRUE(rig.turn_until([&] { return rig.shared->journal.failing(); }));
  EXPECT_TRUE(acknowledged(rig, client, 0)) << "what is in a batch waits";
  rig.publish(client, "two", "2");
  ASSERT_TRUE(eventually([&] { return store.refused() >= 2; }));
  EXPECT_TRUE(rig.log.has("cannot keep anything new at present")) << rig.log.all();
  EXPECT_TRUE(rig.log.has("there is no room")) << rig.log.all();
  store.fail_with(MORTISE_OK);
  ASSERT_TRUE(rig.turn_until([&] { return acknowledged(rig, client, 2); }));
  EXPECT_EQ((std::vector{0, 0x97}), rig.reasons(client, mqtt::PacketType::puback))
      << "what came meanwhile was refused";
  EXPECT_EQ(std::set<std::string>{"one"}, store.topics());
  EXPECT_FALSE(rig.shared->journal.failing());
  EXPECT_TRUE(rig.log.has("keeps batches again")) << rig.log.all();
  const auto taken = store.taken();
  for (std::size_t i = 0; i < taken.size(); ++i) EXPECT_EQ(i + 1, taken[i]);
}

// How a store says it is while it takes every batch, and whether it is given anything new then.
struct Health {
  const char* name;
  std::uint32_t state;
  int puback;
};
void PrintTo(const Health& row, std::ostream* out) { *out << row.name; }
class StoreHealth : public testing::TestWithParam<Health> {};

TEST_P(StoreHealth, decides_about_new_messages_and_what_is_in_a_batch_goes_on) {
  Rig rig{one_store};
  FakeStore store{rig};
  rig.run();
  auto& client = rig.connect("x");
  ASSERT_TRUE(rig.turn_until([&] { return !rig.reasons(client, mqtt::PacketType::connack).empty(); }));
  store.feel(GetParam().state);
  rig.publish(client, "one", "1", mqtt::Qos::at_least_once, true);
  ASSERT_TRUE(rig.turn_until([&] { return acknowledged(rig, client, 1); }));
  const bool refuses = GetParam().puback != 0;
  ASSERT_TRUE(eventually([&] { return rig.shared->journal.failing() == refuses; }));
  rig.publish(client, "two", "2", mqtt::Qos::at_least_once, true);
  ASSERT_TRUE(rig.turn_until([&] { return acknowledged(rig, client, 2); }));
  EXPECT_EQ((std::vector{0, GetParam().puback}), rig.reasons(client, mqtt::PacketType::puback));
  if (refuses)
    EXPECT_TRUE(eventually([&] { return rig.log.has("/var/x.db: no room"); })) << rig.log.all();
  else
    EXPECT_FALSE(rig.log.has("/var/x.db: no room")) << rig.log.all();
  store.feel(MORTISE_STORE_GOOD);
  ASSERT_TRUE(eventually([&] { return !rig.shared->journal.failing(); })) << "nothing is offered meanwhile";
  rig.publish(client, "three", "3", mqtt::Qos::at_least_once, true);
  ASSERT_TRUE(rig.turn_until([&] { return acknowledged(rig, client, 3); }));
  EXPECT_EQ(0, rig.reasons(client, mqtt::PacketType::puback).back());
}

INSTANTIATE_TEST_SUITE_P(StorePort, StoreHealth,
                         testing::Values(Health{"full", MORTISE_STORE_FULL, 0x97},
                                         Health{"broken", MORTISE_STORE_BROKEN, 0x97},
                                         Health{"slow", MORTISE_STORE_SLOW, 0}),
                         [](const auto& row) { return row.param.name; });

TEST(StorePort, a_full_store_that_takes_batches_again_from_its_reserve_gets_nothing_new_yet) {
  Rig rig{one_store};
  FakeStore store{rig};
  rig.run();
  auto& client = rig.connect("x");
  ASSERT_TRUE(rig.turn_until([&] { return !rig.reasons(client, mqtt::PacketType::connack).empty(); }));
  store.feel(MORTISE_STORE_FULL);
  store.fail_with(MORTISE_E_FULL);
  rig.publish(client, "one", "1", mqtt::Qos::at_least_once, true);
  ASSERT_TRUE(rig.turn_until([&] { return store.refused() > 0; }));
  store.fail_with(MORTISE_OK);
  ASSERT_TRUE(rig.turn_until([&] { return acknowledged(rig, client, 1); }));
  EXPECT_TRUE(rig.shared->journal.failing());
  rig.publish(client, "two", "2", mqtt::Qos::at_least_once, true);
  EXPECT_EQ((std::vector{0, 0x97}), rig.reasons(client, mqtt::PacketType::puback));
  EXPECT_FALSE(rig.log.has("keeps batches again")) << rig.log.all();
  store.feel(MORTISE_STORE_GOOD);
  ASSERT_TRUE(eventually([&] { return !rig.shared->journal.failing(); }));
  EXPECT_EQ(std::set<std::string>{"one"}, store.topics());
}

TEST(StorePort, a_client_refused_for_the_store_after_a_plugin_let_it_in_is_forgotten_once) {
  Rig rig{one_store};
  FakeStore store{rig};
  Strings& strings = rig.strings();
  const auto attach_store = strings.start;
  strings.start = [&](mortise_call_t* call, const mortise_report_t* report) {
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHENTICATE));
    return attach_store(call, report);
  };
  strings.authenticate = [&](mortise_call_t* call, auto) {
    mortise_verdict_t verdict{};
    verdict.size = sizeof verdict;
    verdict.client_data = 7;
    return strings.host->reply(call, MORTISE_ALLOW, &verdict);
  };
  std::vector<std::uint64_t> forgotten;
  strings.forget = [&](std::uint64_t word) { forgotten.push_back(word); };
  rig.run();
  auto& publisher = rig.connect("x");
  ASSERT_TRUE(rig.turn_until([&] { return !rig.reasons(publisher, mqtt::PacketType::connack).empty(); }));
  store.fail_with(MORTISE_E_FULL);
  rig.publish(publisher, "one", "1", mqtt::Qos::at_least_once, true);
  ASSERT_TRUE(rig.turn_until([&] { return rig.shared->journal.failing(); }));
  auto& client = rig.connect("y", "user", {}, mqtt::Version::v5_0, 3600);
  EXPECT_EQ(std::vector{0x97}, rig.reasons(client, mqtt::PacketType::connack));
  EXPECT_TRUE(forgotten.empty()) << "not before its connection has ended";
  rig.lose(client);
  EXPECT_EQ(std::vector<std::uint64_t>{7}, forgotten);
  rig.stop();
  EXPECT_EQ(2U, forgotten.size()) << "the publisher, who stayed";
}

TEST(StorePort, a_failure_found_later_brings_back_that_batch_and_all_above_it) {
  Rig rig{one_store};
  FakeStore store{rig};
  rig.run();
  auto& client = rig.connect("x");
  ASSERT_TRUE(rig.turn_until([&] { return !rig.reasons(client, mqtt::PacketType::connack).empty(); }));
  ASSERT_TRUE(eventually([&] { return rig.shared->journal.pending_bytes() == 0; }));
  store.answer_by_hand();
  const std::size_t before = store.taken().size();
  rig.publish(client, "one", "1", mqtt::Qos::at_least_once, true);
  ASSERT_TRUE(rig.turn_until([&] { return store.taken().size() > before; }));
  const std::uint64_t sequence = store.taken().back();
  EXPECT_EQ(MORTISE_OK, store.durable(sequence, MORTISE_WRITTEN));
  EXPECT_EQ(MORTISE_OK, store.durable(sequence, MORTISE_SYNCED, MORTISE_E_IO));
  EXPECT_TRUE(rig.shared->journal.failing());
  ASSERT_TRUE(eventually([&] { return store.taken().size() > before + 1; }));
  EXPECT_EQ(sequence, store.taken()[before + 1]) << "the same batch, with the same number";
  EXPECT_EQ(MORTISE_OK, store.durable(store.taken().back(), MORTISE_SYNCED));
  EXPECT_TRUE(rig.turn_until([&] { return acknowledged(rig, client, 1); }));
}

TEST(StorePort, what_commit_throws_is_a_fault_and_a_failure) {
  Rig rig{one_store};
  FakeStore store{rig};
  rig.run();
  const auto sound = rig.strings().store_commit;
  ASSERT_TRUE(eventually([&] { return rig.shared->journal.pending_bytes() == 0; }));
  std::atomic<int> thrown{0};
  rig.strings().store_commit = [&](auto, auto) -> mortise_status_t {
    if (++thrown > 1) return MORTISE_E_IO;
    throw std::runtime_error{"disk on fire"};
  };
  auto& client = rig.connect("x");
  rig.publish(client, "one", "1", mqtt::Qos::at_least_once, true);
  ASSERT_TRUE(rig.turn_until([&] { return thrown >= 1; }));
  EXPECT_TRUE(eventually([&] { return rig.shared->journal.failing(); }));
  EXPECT_EQ(1U, rig.status().faults);
}

TEST(StorePort, everything_is_flushed_before_the_store_stops) {
  Rig rig{one_store};
  FakeStore store{rig};
  std::string order;
  rig.strings().store_flush = [&](std::uint64_t request) {
    order += "flush ";
    return rig.strings()
        .service<mortise_host_store_t>(MORTISE_HOST_STORE)
        ->done(rig.strings().host, request, MORTISE_OK);
  };
  rig.strings().stop = [&] { order += "stop"; };
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "one", "1", mqtt::Qos::at_least_once, true);
  rig.stop();
  EXPECT_EQ("flush stop", order);
  EXPECT_EQ(std::set<std::string>{"one"}, store.topics());
  EXPECT_EQ(0U, rig.shared->journal.pending_bytes());
}

// When a plugin is told about a message it publishes: what it asks for, what the topic's class asks for, and
// how far the store has come when it is told.
struct Asked {
  const char* name;
  std::uint32_t level;
  broker::Level topic_class;
  std::uint32_t told_at;
};
void PrintTo(const Asked& row, std::ostream* out) { *out << row.name; }

// Publishes as `b` and keeps what its done is told.
class Publisher {
 public:
  explicit Publisher(Rig& rig) : strings_{rig.strings("b")} {}
  mortise_status_t publish(std::uint32_t level, bool retain) {
    mortise_edit_t edit{};
    edit.size = sizeof edit;
    edit.set = MORTISE_SET_TOPIC | MORTISE_SET_PAYLOAD | MORTISE_SET_RETAIN;
    edit.topic = {"alerts/fire", 11};
    edit.payload = {reinterpret_cast<const std::uint8_t*>("1"), 1};
    edit.retain = retain;
    mortise_message_t* message = nullptr;
    const auto* messages = strings_.service<mortise_messages_t>(MORTISE_HOST_MESSAGES);
    EXPECT_EQ(MORTISE_OK, messages->make(strings_.host, nullptr, &edit, &message));
    mortise_publish_t how{};
    how.size = sizeof how;
    how.level = level;
    how.context = this;
    how.done = [](void* context, mortise_status_t said, std::uint32_t level_reached) {
      auto& self = *static_cast<Publisher*>(context);
      self.status = said;
      self.reached = level_reached;
      ++self.told;
    };
    const mortise_status_t published =
        strings_.service<mortise_publisher_t>(MORTISE_HOST_PUBLISH)->publish(strings_.host, message, &how);
    messages->unref(strings_.host, message);
    return published;
  }
  std::atomic<int> told{0};
  std::atomic<mortise_status_t> status{MORTISE_E_INTERNAL};
  std::atomic<std::uint32_t> reached{99};

 private:
  Strings& strings_;
};

constexpr const char* a_store_and_a_publisher =
    "  - {name: a, library: puppet_store}\n  - {name: b, library: puppet}";

class PublishLevel : public testing::TestWithParam<Asked> {};

TEST_P(PublishLevel, is_reached_before_done_is_told) {
  Rig rig{a_store_and_a_publisher};
  FakeStore store{rig};
  Publisher publisher{rig};
  rig.broker_options.acknowledge_default = GetParam().topic_class;
  rig.run();
  ASSERT_TRUE(rig.turn_until([&] { return rig.shared->journal.pending_bytes() == 0; }));
  store.answer_by_hand();
  const std::size_t before = store.taken().size();
  ASSERT_EQ(MORTISE_OK, publisher.publish(GetParam().level, true));
  ASSERT_TRUE(rig.turn_until([&] { return store.taken().size() > before; }));
  const std::uint64_t sequence = store.taken().back();
  for (const std::uint32_t line : {MORTISE_MEMORY, MORTISE_WRITTEN, MORTISE_SYNCED}) {
    if (line != MORTISE_MEMORY) {
      EXPECT_EQ(MORTISE_OK, store.durable(sequence, line));
    }
    rig.turn();
    if (line == GetParam().told_at) {
      EXPECT_TRUE(eventually([&] { return publisher.told == 1; }));
    }
    EXPECT_EQ(line < GetParam().told_at ? 0 : 1, publisher.told) << line;
  }
  EXPECT_EQ(MORTISE_OK, publisher.status);
  EXPECT_EQ(GetParam().told_at, publisher.reached);
  rig.stop();
  EXPECT_EQ(1, publisher.told);
}

INSTANTIATE_TEST_SUITE_P(
    StorePort, PublishLevel,
    testing::Values(
        Asked{"memory_is_told_when_it_is_routed", MORTISE_MEMORY, broker::Level::synced, MORTISE_MEMORY},
        Asked{"written", MORTISE_WRITTEN, broker::Level::memory, MORTISE_WRITTEN},
        Asked{"synced", MORTISE_SYNCED, broker::Level::memory, MORTISE_SYNCED},
        Asked{"the_class_of_the_topic_is_stronger", MORTISE_WRITTEN, broker::Level::synced, MORTISE_SYNCED}),
    [](const auto& row) { return row.param.name; });

TEST(StorePort, a_plugin_is_told_at_once_when_nothing_had_to_be_stored) {
  Rig rig{a_store_and_a_publisher};
  FakeStore store{rig};
  Publisher publisher{rig};
  rig.run();
  store.answer_by_hand();
  ASSERT_EQ(MORTISE_OK, publisher.publish(MORTISE_SYNCED, false));
  ASSERT_TRUE(rig.turn_until([&] { return publisher.told == 1; }));
  EXPECT_EQ(MORTISE_OK, publisher.status);
  rig.stop();
}

TEST(StorePort, a_plugin_that_stops_before_its_message_is_stored_is_told_so_once) {
  Rig rig{a_store_and_a_publisher};
  FakeStore store{rig};
  Publisher publisher{rig};
  rig.run();
  ASSERT_TRUE(rig.turn_until([&] { return rig.shared->journal.pending_bytes() == 0; }));
  store.answer_by_hand();
  ASSERT_EQ(MORTISE_OK, publisher.publish(MORTISE_SYNCED, true));
  rig.turn();
  rig.stop();
  EXPECT_EQ(1, publisher.told);
  EXPECT_EQ(MORTISE_E_STATE, publisher.status);
}

TEST(StorePort, what_a_plugin_wants_kept_is_not_published_while_the_store_takes_nothing_new) {
  Rig rig{a_store_and_a_publisher};
  FakeStore store{rig};
  Publisher publisher{rig};
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "#");
  rig.shared->journal.set_failing(true);
  ASSERT_EQ(MORTISE_OK, publisher.publish(MORTISE_SYNCED, false));
  ASSERT_TRUE(rig.turn_until([&] { return publisher.told == 1; }));
  EXPECT_EQ(MORTISE_E_FULL, publisher.status);
  ASSERT_EQ(MORTISE_OK, publisher.publish(MORTISE_MEMORY, false));
  ASSERT_TRUE(rig.turn_until([&] { return publisher.told == 2; }));
  EXPECT_EQ(MORTISE_OK, publisher.status);
  ASSERT_TRUE(rig.turn_until([&] { return !rig.messages(client).empty(); }));
  EXPECT_EQ(1U, rig.messages(client).size());
  rig.stop();
}

TEST(StorePort, without_a_store_nothing_is_promised_about_it) {
  Rig rig{"  - {name: b, library: puppet}"};
  Publisher publisher{rig};
  rig.run();
  EXPECT_EQ(MORTISE_E_STATE, publisher.publish(MORTISE_WRITTEN, true));
  EXPECT_EQ(MORTISE_E_INVALID, publisher.publish(MORTISE_SYNCED + 1, true));
  rig.stop();
  EXPECT_EQ(0, publisher.told);
}

TEST(StorePort, what_a_store_gives_back_is_there_again) {
  Rig rig{one_store};
  FakeStore store{rig};
  Strings& strings = rig.strings();
  strings.store_read = [&](const mortise_read_t* read) {
    EXPECT_EQ(static_cast<std::uint32_t>(MORTISE_READ_ALL), read->kind);
    const auto& service = *strings.service<mortise_host_store_t>(MORTISE_HOST_STORE);
    mortise_message_view_t body{};
    body.size = sizeof body;
    body.topic = {"kept", 4};
    body.payload = {reinterpret_cast<const std::uint8_t*>("value"), 5};
    body.retain = 1;
    mortise_record_t record{};
    record.size = sizeof record;
    record.kind = MORTISE_REC_RETAINED;
    record.op = MORTISE_PUT;
    record.number = 7;
    record.position = 1;
    record.key = body.topic;
    record.body = &body;
    EXPECT_EQ(MORTISE_OK, service.emit(strings.host, read->request, &record));
    record.body = nullptr;
    EXPECT_EQ(MORTISE_OK, service.emit(strings.host, read->request, &record));
    EXPECT_EQ(MORTISE_E_UNKNOWN, service.emit(strings.host, read->request + 1, &record));
    EXPECT_EQ(MORTISE_OK, service.done(strings.host, read->request, MORTISE_OK));
    EXPECT_EQ(MORTISE_E_UNKNOWN, service.done(strings.host, read->request, MORTISE_OK));
    return mortise_status_t{MORTISE_OK};
  };
  rig.run();
  EXPECT_TRUE(rig.log.has("records that make no sense")) << rig.log.all();
  auto& client = rig.connect("x");
  rig.subscribe(client, "#");
  EXPECT_TRUE(rig.turn_until([&] { return rig.messages(client) == std::vector<std::string>{"kept=value"}; }));
}

TEST(StorePort, a_read_that_fails_is_told) {
  Rig rig{one_store};
  FakeStore store{rig};
  rig.strings().store_read = [](auto) { return mortise_status_t{MORTISE_E_DAMAGED}; };
  ASSERT_EQ("", text_of(rig.load()));
  ASSERT_EQ("", text_of(rig.host->start()));
  broker::Shared shared{{}, 1, rig.host->store(), rig.host->hooks(), rig.host->log()};
  rig.host->connect(shared, rig.loops);
  broker::Restorer restorer{shared};
  EXPECT_EQ("stored data is not what was written", rig.host->restore(restorer));
  rig.stop();
}

}  // namespace
}  // namespace mortise::host
