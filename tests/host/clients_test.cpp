// What a plugin sees of sessions, connected and away, and how it ends them.
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>

#include "host/rig.hpp"

namespace mortise::host {
namespace {

using mqtt::PacketType;

// The service as a plugin has it, and what it was told, in order.
class Look {
 public:
  explicit Look(Rig& rig, const std::string& instance = "a") : rig_{rig}, strings_{rig.strings(instance)} {}

  const mortise_clients_t& service() const {
    return *strings_.service<mortise_clients_t>(MORTISE_HOST_CLIENTS);
  }
  mortise_status_t find(const std::string& id) {
    return service().find(strings_.host, {id.data(), id.size()}, &Look::show, this);
  }
  mortise_status_t list(const mortise_client_query_t* query = nullptr) {
    return service().list(strings_.host, query, &Look::show, this);
  }
  mortise_status_t subscriptions(const std::string& id) {
    return service().subscriptions(strings_.host, {id.data(), id.size()}, &Look::show_subscription, this);
  }
  mortise_status_t kick(const std::string& id, std::uint32_t flags = 0, std::uint8_t reason = 0) {
    return service().kick(
        strings_.host, {id.data(), id.size()}, reason, flags, {},
        [](void* self, mortise_status_t status, std::uint32_t) {
          of(self).add("kicked " + std::to_string(status));
        },
        this);
  }
  bool sees(const std::string& what) {
    return rig_.turn_until([&] { return std::ranges::count(told(), what) != 0; });
  }
  std::vector<std::string> told() {
    const std::lock_guard lock{mutex_};
    return told_;
  }

 private:
  static Look& of(void* self) { return *static_cast<Look*>(self); }
  static std::string text(mortise_str_t from) { return {from.data ? from.data : "", from.size}; }
  void add(std::string what) {
    const std::lock_guard lock{mutex_};
    told_.push_back(std::move(what));
  }
  static void show(void* self, mortise_status_t status, const mortise_client_info_t* info) {
    if (!info) return of(self).add("end " + std::to_string(status));
    std::string line = text(info->client->client_id) + (info->client->connected ? " here" : " away");
    if (info->client->username.size != 0) line += " as " + text(info->client->username);
    if (info->client->peer) line += " from " + text(info->client->peer->address);
    of(self).add(line + ", " + std::to_string(info->subscriptions) + " subscriptions, " +
                 std::to_string(info->queued_messages) + " queued" +
                 (info->ends_unix_ms != 0 ? ", ends" : ""));
  }
  static void show_subscription(void* self, mortise_status_t status, const mortise_subscription_t* one) {
    if (!one) return of(self).add("end " + std::to_string(status));
    of(self).add(text(one->filter) + " qos " + std::to_string(one->qos) +
                 (one->share.data ? " of " + text(one->share) : ""));
  }

  Rig& rig_;
  Strings& strings_;
  std::mutex mutex_;
  std::vector<std::string> told_;
};

const std::string one = "  - {name: a, library: puppet}";

TEST(Clients, are_listed_connected_and_away) {
  Rig rig{one};
  rig.run();
  auto& here = rig.connect("here");
  rig.subscribe(here, "a/#");
  auto& away = rig.connect("away", {}, {}, mqtt::Version::v5_0, 600, false);
  rig.subscribe(away, "q", mqtt::Qos::at_least_once);
  rig.lose(away);
  rig.publish(here, "q", "x");
  Look look{rig};
  ASSERT_EQ(MORTISE_OK, look.list());
  ASSERT_TRUE(look.sees("end -13"));
  EXPECT_EQ(look.told(), (std::vector<std::string>{"here here from 10.0.0.17, 1 subscriptions, 0 queued",
                                                   "away away, 1 subscriptions, 1 queued, ends", "end -13"}));
}

TEST(Clients, are_listed_as_the_query_asks) {
  Rig rig{one};
  rig.run();
  for (const char* id : {"a-1", "a-2", "b-1"}) rig.connect(id);
  const auto ask = [&](const std::function<void(mortise_client_query_t&)>& edit) {
    mortise_client_query_t query{};
    query.size = sizeof query;
    edit(query);
    Look look{rig};
    EXPECT_EQ(MORTISE_OK, look.list(&query));
    EXPECT_TRUE(look.sees("end -13"));
    return look.told().size() - 1;
  };
  EXPECT_EQ(ask([](auto& query) { query.id_prefix = {"a-", 2}; }), 2U);
  EXPECT_EQ(ask([](auto& query) { query.most = 1; }), 1U);
  EXPECT_EQ(ask([](auto& query) { query.listener = {"local", 5}; }), 3U);
  EXPECT_EQ(ask([](auto& query) { query.listener = {"other", 5}; }), 0U);
  EXPECT_EQ(ask([](auto& query) { query.connected = 2; }), 0U);
  EXPECT_EQ(ask([](auto& query) { query.username = {"nobody", 6}; }), 0U);
}

TEST(Clients, more_than_a_page_of_them_are_all_shown) {
  Rig rig{one};
  rig.run();
  for (int i = 0; i < 650; ++i) rig.connect("c" + std::to_string(i));
  Look look{rig};
  ASSERT_EQ(MORTISE_OK, look.list());
  ASSERT_TRUE(look.sees("end -13"));
  EXPECT_EQ(look.told().size(), 651U);
}

TEST(Clients, one_is_found_by_its_identifier) {
  Rig rig{one};
  rig.run();
  rig.connect("here");
  Look look{rig};
  ASSERT_EQ(MORTISE_OK, look.find("here"));
  ASSERT_TRUE(look.sees("here here from 10.0.0.17, 0 subscriptions, 0 queued"));
  ASSERT_EQ(MORTISE_OK, look.find("nobody"));
  ASSERT_TRUE(look.sees("end -2"));
  EXPECT_EQ(look.told().size(), 2U);
}

TEST(Clients, their_subscriptions_are_shown) {
  Rig rig{one};
  rig.run();
  auto& client = rig.connect("here");
  rig.subscribe(client, "a/+", mqtt::Qos::at_least_once);
  rig.subscribe(client, "$share/g/b");
  Look look{rig};
  ASSERT_EQ(MORTISE_OK, look.subscriptions("here"));
  ASSERT_TRUE(look.sees("end -13"));
  EXPECT_EQ(look.told(), (std::vector<std::string>{"a/+ qos 1", "b qos 0 of g", "end -13"}));
}

TEST(Clients, are_kicked_and_told_why) {
  Rig rig{one};
  rig.run();
  auto& client = rig.connect("here", {}, {}, mqtt::Version::v5_0, 600, false);
  Look look{rig};
  ASSERT_EQ(MORTISE_OK, look.kick("here"));
  ASSERT_TRUE(look.sees("kicked 0"));
  rig.turn();
  EXPECT_EQ(rig.reasons(client, PacketType::disconnect), std::vector<int>{0x98});
  EXPECT_EQ(rig.broker->sessions(), 1U);
  EXPECT_TRUE(rig.log.has("ended by plugin a"));
  ASSERT_EQ(MORTISE_OK, look.kick("here", MORTISE_KICK_END_SESSION));
  ASSERT_TRUE(rig.turn_until([&] { return rig.broker->sessions() == 0; }));
  ASSERT_EQ(MORTISE_OK, look.kick("here"));
  ASSERT_TRUE(look.sees("kicked -2"));
}

TEST(Clients, a_question_that_is_open_when_the_plugin_stops_is_told_so) {
  Rig rig{one};
  rig.run();
  rig.connect("here");
  Look look{rig};
  ASSERT_EQ(MORTISE_OK, look.list());
  ASSERT_EQ(MORTISE_OK, look.find("here"));
  ASSERT_EQ(MORTISE_OK, look.kick("here"));
  rig.stop();  // and no turn in between
  auto told = look.told();
  std::ranges::sort(told);
  EXPECT_EQ(told, (std::vector<std::string>{"end -4", "end -4", "kicked -4"}));
}

TEST(Clients, the_scope_says_whether_they_may_be_ended) {
  Rig rig{"  - {name: a, library: puppet_reader}"};
  rig.run();
  Look look{rig};
  EXPECT_EQ(MORTISE_OK, look.list());
  EXPECT_EQ(MORTISE_E_NOT_GRANTED, look.kick("here"));
  EXPECT_TRUE(look.sees("end -13"));
}

TEST(Clients, questions_that_make_no_sense_are_refused) {
  Rig rig{one};
  rig.run();
  Look look{rig};
  const mortise_host_t* const host = rig.strings().host;
  mortise_client_query_t query{};
  query.size = sizeof query;
  query.connected = 3;
  EXPECT_EQ(MORTISE_E_INVALID, look.list(&query));
  query.size = 8;
  EXPECT_EQ(MORTISE_E_INVALID, look.list(&query));
  EXPECT_EQ(MORTISE_E_INVALID, look.service().list(host, nullptr, nullptr, nullptr));
  EXPECT_EQ(MORTISE_E_INVALID, look.service().find(host, {nullptr, 0}, nullptr, nullptr));
  EXPECT_EQ(MORTISE_E_INVALID, look.kick("here", 1U << 31));
  EXPECT_EQ(MORTISE_E_INVALID, look.kick("here", 0, 0x04));  // no error
  EXPECT_EQ(MORTISE_E_INVALID, look.kick("here", 0, 0x91));  // not a DISCONNECT's
  EXPECT_TRUE(look.told().empty());
}

}  // namespace
}  // namespace mortise::host
