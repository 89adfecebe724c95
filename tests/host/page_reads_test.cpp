// Messages that left the broker's memory and come back from the store plugin when they are to be sent.
#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "host/rig.hpp"

namespace mortise::host {
namespace {

using Texts = std::vector<std::string>;

// A store that keeps messages, and gives them back as it is told.
class KeepingStore {
 public:
  explicit KeepingStore(Rig& rig) : strings_{rig.strings()} {
    strings_.start = [this](auto, auto) {
      EXPECT_EQ(MORTISE_OK, strings_.attach(MORTISE_STORE));
      return mortise_answer_t{MORTISE_ALLOW};
    };
    strings_.store_commit = [this](const mortise_batch_t* const* batches, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t r = 0; r < batches[i]->record_count; ++r) keep(*batches[i]->records[r]);
      service().durable(strings_.host, batches[count - 1]->sequence, MORTISE_SYNCED, MORTISE_OK);
      return mortise_status_t{MORTISE_OK};
    };
    strings_.store_health = [](auto) { return mortise_status_t{MORTISE_OK}; };
    strings_.store_read = [this](const mortise_read_t* what) {
      if (what->kind == MORTISE_READ_ALL) {
        EXPECT_EQ(MORTISE_OK, service().done(strings_.host, what->request, MORTISE_OK));
        return mortise_status_t{MORTISE_OK};
      }
      EXPECT_EQ(static_cast<std::uint32_t>(MORTISE_READ_MESSAGES), what->kind);
      return give(*what);
    };
  }
  const mortise_host_store_t& service() const {
    return *strings_.service<mortise_host_store_t>(MORTISE_HOST_STORE);
  }
  void refuse_reads(mortise_status_t with) {
    const std::lock_guard lock{mutex_};
    refuses_with_ = with;
  }
  void lose_payload(const std::string& payload) {
    const std::lock_guard lock{mutex_};
    std::erase_if(kept_, [&](const auto& entry) { return entry.second.second == payload; });
  }
  int pages() {
    const std::lock_guard lock{mutex_};
    return pages_;
  }

 private:
  void keep(const mortise_record_t& record) {
    if (record.kind != MORTISE_REC_MESSAGE || record.op != MORTISE_PUT) return;
    const std::lock_guard lock{mutex_};
    const auto& payload = record.body->payload;
    kept_[record.number] = {std::string{record.body->topic.data, record.body->topic.size},
                            std::string{reinterpret_cast<const char*>(payload.data), payload.size}};
  }
  mortise_status_t give(const mortise_read_t& what) {
    const std::lock_guard lock{mutex_};
    ++pages_;
    if (refuses_with_ != MORTISE_OK) return refuses_with_;
    for (std::size_t i = 0; i < what.delivery_count; ++i) {
      const auto found = kept_.find(what.deliveries[i].message);
      if (found == kept_.end()) continue;
      const auto& [topic, payload] = found->second;
      mortise_message_view_t body{};
      body.size = sizeof body;
      body.topic = {topic.data(), topic.size()};
      body.payload = {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
      body.qos = 1;
      mortise_record_t record{};
      record.size = sizeof record;
      record.kind = MORTISE_REC_MESSAGE;
      record.op = MORTISE_PUT;
      record.number = found->first;
      record.body = &body;
      EXPECT_EQ(MORTISE_OK, service().emit(strings_.host, what.request, &record));
    }
    EXPECT_EQ(MORTISE_OK, service().done(strings_.host, what.request, MORTISE_OK));
    return MORTISE_OK;
  }

  Strings& strings_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::pair<std::string, std::string>> kept_;
  mortise_status_t refuses_with_ = MORTISE_OK;
  int pages_ = 0;
};

// A client that is away while `count` messages come for it, none of which stays in memory.
class PageReads : public testing::Test {
 protected:
  PageReads() { rig.broker_options.resident_max = 0; }
  void queue(int count) {
    rig.run();
    auto& away = rig.connect("away", {}, {}, mqtt::Version::v5_0, 1000);
    rig.subscribe(away, "#", mqtt::Qos::at_least_once);
    ASSERT_TRUE(rig.turn_until([&] { return rig.reasons(away, mqtt::PacketType::suback).size() == 1; }));
    rig.lose(away);
    auto& publisher = rig.connect("y");
    for (int i = 0; i < count; ++i) rig.publish(publisher, "t", sent.emplace_back(std::to_string(i)));
    ASSERT_TRUE(rig.turn_until([&] {
      return rig.reasons(publisher, mqtt::PacketType::puback).size() == sent.size() && bytes_queued() == 0;
    }));
  }
  // Bytes of bodies in memory, apart from stubs.
  std::int64_t bytes_queued() const {
    const auto stubs = static_cast<std::int64_t>(sent.size() * (sizeof(broker::Message) + 16));
    return std::max<std::int64_t>(0, rig.shared->message_bytes() - stubs);
  }
  Rig::Client& come_back() { return rig.connect("away", {}, {}, mqtt::Version::v5_0, 1000, false); }

  Rig rig{"  - {name: a, library: puppet_store}"};
  KeepingStore store{rig};
  Texts sent;
};

TEST_F(PageReads, bring_back_in_order_what_left_memory) {
  queue(40);
  auto& client = come_back();
  ASSERT_TRUE(rig.turn_until([&] { return rig.messages(client).size() == sent.size(); }));
  Texts expected;
  for (const std::string& payload : sent) expected.push_back("t=" + payload);
  EXPECT_EQ(expected, rig.messages(client));
  EXPECT_EQ(1, store.pages());
  EXPECT_EQ("", broker::imbalance(rig.shared->ledgers));
}

TEST_F(PageReads, bring_back_what_was_in_flight_when_its_connection_ended) {
  rig.run();
  auto& first = rig.connect("away", {}, {}, mqtt::Version::v5_0, 1000);
  rig.subscribe(first, "#", mqtt::Qos::at_least_once);
  auto& publisher = rig.connect("y");
  ASSERT_TRUE(rig.turn_until([&] { return rig.reasons(first, mqtt::PacketType::suback).size() == 1; }));
  for (int i = 0; i < 3; ++i) rig.publish(publisher, "t", sent.emplace_back(std::to_string(i)));
  ASSERT_TRUE(rig.turn_until([&] { return rig.messages(first) == Texts{"t=0", "t=1", "t=2"}; }));
  ASSERT_TRUE(rig.turn_until([&] { return rig.reasons(publisher, mqtt::PacketType::puback).size() == 3; }));
  EXPECT_NE(0, bytes_queued());
  rig.lose(first);
  EXPECT_TRUE(rig.turn_until([&] { return bytes_queued() == 0; }));
  EXPECT_EQ(0, store.pages());
  auto& again = come_back();
  EXPECT_TRUE(rig.turn_until([&] { return rig.messages(again) == Texts{"t=0", "t=1", "t=2"}; }));
  EXPECT_EQ(1, store.pages());
}

TEST_F(PageReads, are_asked_again_until_the_store_can) {
  queue(3);
  store.refuse_reads(MORTISE_E_STATE);
  auto& client = come_back();
  ASSERT_TRUE(rig.turn_until([&] { return store.pages() >= 3; }));
  EXPECT_EQ(Texts{}, rig.messages(client));
  EXPECT_TRUE(rig.log.has("cannot give back messages")) << rig.log.all();
  store.refuse_reads(MORTISE_OK);
  EXPECT_TRUE(rig.turn_until([&] { return rig.messages(client) == Texts{"t=0", "t=1", "t=2"}; }));
}

TEST_F(PageReads, a_message_the_store_does_not_have_is_dropped_and_counted) {
  queue(3);
  store.lose_payload("1");
  auto& client = come_back();
  EXPECT_TRUE(rig.turn_until([&] { return rig.messages(client) == Texts{"t=0", "t=2"}; }));
  EXPECT_TRUE(eventually([&] { return rig.log.has("does not have messages any more"); })) << rig.log.all();
  const auto& dropped = rig.shared->ledgers[0]->dropped;
  EXPECT_EQ(1U, dropped[static_cast<std::size_t>(broker::Dropped::unreadable)].value());
  EXPECT_EQ("", broker::imbalance(rig.shared->ledgers));
}

TEST_F(PageReads, end_with_the_host) {
  queue(3);
  store.refuse_reads(MORTISE_E_STATE);
  come_back();
  ASSERT_TRUE(rig.turn_until([&] { return store.pages() >= 1; }));
  rig.stop();
}

}  // namespace
}  // namespace mortise::host
