// The plugin through its C functions: logins that wait, answers with their rule, reload.
#include "plugin.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "password.hpp"
#include "testkit/driven.hpp"

namespace mortise::test {
namespace {

namespace fs = std::filesystem;
using auth_file::Plugin;
using Tables = detail::tables<Plugin>;

const Json both = Json::parse(R"({"users": "users.yaml", "access": "access.yaml"})");

class AuthFile : public testing::Test {
 protected:
  AuthFile() {
    std::string name = (fs::temp_directory_path() / "mortise-auth-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    static const std::string hash = auth_file::hash_password("secret");
    write("users.yaml",
          "groups: [pumps]\nusers:\n  - {name: pump-7, password: \"" + hash + "\", groups: [pumps]}\n");
    write("access.yaml",
          "rules:\n  - {group: pumps, may_not: [write], topics: [\"alarm/#\"]}\n"
          "  - {group: pumps, may: [write, read], topics: [\"#\"]}\n");
  }
  ~AuthFile() override { fs::remove_all(folder_); }

  void write(const char* name, const std::string& text) const { std::ofstream{folder_ / name} << text; }
  std::string path(const char* name) const { return (folder_ / name).string(); }
  std::string read(const char* name) const {
    std::ifstream in{folder_ / name};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  static mortise_answer_t connect(Driven<Plugin>& driven, const char* user, std::string_view password) {
    mortise_connect_t who{};
    who.size = sizeof who;
    who.has_username = user != nullptr;
    if (user) who.username = lend(user);
    who.has_password = 1;
    who.password = lend_bytes(password);
    auto call = driven.host.call();
    return Tables::authenticate_table.connect(driven.self, &call, &who);
  }
  // As the host does with every token that is open.
  static void cancel_all(Driven<Plugin>& driven) {
    auto call = driven.host.call();
    mortise_token_t last{};
    ASSERT_EQ(driven.host.raw()->defer(&call, 0, &last), MORTISE_OK);
    for (std::uint64_t id = 1; id < last.id; ++id)
      Tables::life.cancelled(driven.self, {id}, MORTISE_CANCEL_CLIENT_GONE);
  }
  static mortise_answer_t check(Driven<Plugin>& driven, const char* user, std::uint32_t action,
                                const char* topic, std::uint32_t loop = 0) {
    mortise_client_view_t client{};
    client.size = sizeof client;
    client.client_id = lend("c");
    if (user) client.username = lend(user);
    mortise_access_t access{};
    access.size = sizeof access;
    access.action = action;
    access.client = &client;
    access.topic = lend(topic);
    auto call = driven.host.call();
    call.loop = loop;
    return Tables::authorise_table.check(driven.self, &call, &access);
  }
  mortise_status_t reload(Driven<Plugin>& driven, const Json& config) {
    void* plan = nullptr;
    const auto status = Tables::reload_table.prepare(driven.self, node(config), driven.host.report(), &plan);
    if (status == MORTISE_OK) Tables::reload_table.commit(driven.self, plan);
    return status;
  }

  fs::path folder_;
};

TEST_F(AuthFile, hashes_on_the_pool_and_answers_later) {
  Driven<Plugin> driven{both, folder_.string()};
  ASSERT_EQ(driven.start(), MORTISE_ALLOW);
  EXPECT_EQ(connect(driven, "pump-7", "secret"), MORTISE_PENDING);
  EXPECT_TRUE(driven.host.late.empty()) << "nothing is hashed on the loop";
  driven.host.run_strand();
  ASSERT_EQ(driven.host.late.size(), 1u);
  EXPECT_EQ(driven.host.late.begin()->second.answer, MORTISE_ALLOW);
}

TEST_F(AuthFile, refuses_another_password_and_names_the_line) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  connect(driven, "pump-7", "Secret");
  driven.host.run_strand();
  EXPECT_EQ(driven.host.late.begin()->second.answer, MORTISE_DENY);
  EXPECT_EQ(driven.host.late.begin()->second.reason_code, 0);
  EXPECT_EQ(driven.host.late.begin()->second.rule, "users.yaml:3 another password");
}

TEST_F(AuthFile, passes_an_unknown_user_on_only_after_a_hash) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  EXPECT_EQ(connect(driven, "stranger", "secret"), MORTISE_PENDING);
  driven.host.run_strand();
  EXPECT_EQ(driven.host.late.begin()->second.answer, MORTISE_PASS);
}

TEST_F(AuthFile, leaves_clients_without_a_name_to_the_listener) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  EXPECT_EQ(connect(driven, nullptr, {}), MORTISE_PASS);
}

TEST_F(AuthFile, says_busy_when_the_pool_is_full) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  driven.host.work_status = MORTISE_E_LIMIT;
  EXPECT_EQ(connect(driven, "pump-7", "secret"), MORTISE_PENDING);
  EXPECT_EQ(driven.host.late.begin()->second.answer, MORTISE_DENY);
  EXPECT_EQ(driven.host.late.begin()->second.reason_code, 0x89);
  driven.host.defer_status = MORTISE_E_LIMIT;
  EXPECT_EQ(connect(driven, "pump-7", "secret"), MORTISE_REPLIED);
  EXPECT_EQ(driven.host.replies.back().reason_code, 0x89);
  driven.host.work_status = MORTISE_OK;
}

TEST_F(AuthFile, asks_for_the_time_a_storm_of_logins_takes) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  ASSERT_EQ(driven.host.attached.size(), 2u);
  EXPECT_EQ(driven.host.attached[0].extension, MORTISE_AUTHENTICATE);
  EXPECT_EQ(driven.host.attached[0].deadline_ms, 30'000u);
  EXPECT_EQ(driven.host.attached[1].deadline_ms, 0u) << "rules are answered at once";
}

TEST_F(AuthFile, hashes_nothing_for_a_login_nobody_waits_for) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  connect(driven, "pump-7", "secret");
  // Told of its end before the pool comes to it; what would be said then is not even tried.
  cancel_all(driven);
  connect(driven, "pump-7", "Secret");
  driven.host.run_strand();
  ASSERT_EQ(driven.host.late.size(), 1u);
  EXPECT_EQ(driven.host.late.begin()->second.answer, MORTISE_DENY) << "the second";
}

TEST_F(AuthFile, says_busy_when_more_logins_wait_than_the_pool_can_answer_in_time) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  for (std::size_t i = 0; i < auth_file::WaitingLogins::max; ++i)
    EXPECT_EQ(connect(driven, "pump-7", "secret"), MORTISE_PENDING);
  EXPECT_TRUE(driven.host.late.empty());
  EXPECT_EQ(connect(driven, "pump-7", "secret"), MORTISE_PENDING);
  ASSERT_EQ(driven.host.late.size(), 1u);
  EXPECT_EQ(driven.host.late.begin()->second.answer, MORTISE_DENY);
  EXPECT_EQ(driven.host.late.begin()->second.reason_code, 0x89);
  EXPECT_EQ(driven.host.strand.size(), auth_file::WaitingLogins::max) << "it is not hashed";
  cancel_all(driven);
  driven.host.late.clear();
  EXPECT_EQ(connect(driven, "pump-7", "secret"), MORTISE_PENDING);
  EXPECT_TRUE(driven.host.late.empty()) << "those that are gone make room";
  while (!driven.host.strand.empty()) driven.host.run_strand();
  ASSERT_EQ(driven.host.late.size(), 1u);
  EXPECT_EQ(driven.host.late.begin()->second.answer, MORTISE_ALLOW);
}

TEST_F(AuthFile, forgets_a_login_the_pool_did_not_take) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  driven.host.work_status = MORTISE_E_LIMIT;
  for (std::size_t i = 0; i < auth_file::WaitingLogins::max; ++i) connect(driven, "pump-7", "secret");
  driven.host.work_status = MORTISE_OK;
  driven.host.late.clear();
  connect(driven, "pump-7", "secret");
  EXPECT_TRUE(driven.host.late.empty()) << "it waits";
}

TEST_F(AuthFile, says_which_rule_denies) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  EXPECT_EQ(check(driven, "pump-7", MORTISE_PUBLISH, "state/7"), MORTISE_ALLOW);
  EXPECT_EQ(check(driven, "pump-7", MORTISE_PUBLISH, "alarm/x"), MORTISE_REPLIED);
  EXPECT_EQ(driven.host.replies.back().answer, MORTISE_DENY);
  EXPECT_EQ(driven.host.replies.back().rule, "access.yaml:2 pumps may not write alarm/#");
  EXPECT_EQ(check(driven, nullptr, MORTISE_SUBSCRIBE, "state/#"), MORTISE_REPLIED);
  EXPECT_EQ(driven.host.replies.back().rule,
            "access.yaml has no rule that lets anonymous subscribe to state/#");
}

TEST_F(AuthFile, asks_of_a_will_what_it_asks_of_a_message) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  EXPECT_EQ(check(driven, "pump-7", MORTISE_WILL, "state/7"), MORTISE_ALLOW);
  EXPECT_EQ(check(driven, "pump-7", MORTISE_WILL, "alarm/x"), MORTISE_REPLIED);
}

TEST_F(AuthFile, has_no_opinion_on_what_it_does_not_know) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  EXPECT_EQ(check(driven, "pump-7", 77, "alarm/x"), MORTISE_PASS);
}

TEST_F(AuthFile, puts_new_rules_in_force_on_every_loop) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  for (const std::uint32_t loop : {0u, 1u, 63u, 64u, MORTISE_NO_LOOP})
    EXPECT_EQ(check(driven, "pump-7", MORTISE_PUBLISH, "state/7", loop), MORTISE_ALLOW);
  write("access.yaml", "rules: []\n");
  ASSERT_EQ(reload(driven, both), MORTISE_OK);
  for (const std::uint32_t loop : {0u, 1u, 63u, 64u, MORTISE_NO_LOOP})
    EXPECT_EQ(check(driven, "pump-7", MORTISE_PUBLISH, "state/7", loop), MORTISE_REPLIED) << loop;
}

TEST_F(AuthFile, keeps_the_old_files_when_a_new_one_is_wrong) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  write("access.yaml", "rules:\n  - {group: pump, may: [write], topics: [\"#\"]}\n");
  write("users.yaml", "groups: [pumps]\nusers:\n  - {name: sensor-2, password: secret}\n");
  EXPECT_EQ(reload(driven, both), MORTISE_E_INVALID);
  EXPECT_EQ(driven.host.findings,
            (std::vector<std::string>{
                "|users/0/password: this looks like a plain password|hash it with: mortise passwd users.yaml "
                "sensor-2|" +
                    path("users.yaml") + ":3:32",
                "|rules/0/group: there is no group \"pump\"|did you mean \"pumps\"?|" + path("access.yaml") +
                    ":2:13"}));
  EXPECT_EQ(check(driven, "pump-7", MORTISE_PUBLISH, "state/7"), MORTISE_ALLOW);
  connect(driven, "pump-7", "secret");
  driven.host.run_strand();
  EXPECT_EQ(driven.host.late.begin()->second.answer, MORTISE_ALLOW);
}

TEST_F(AuthFile, lets_nobody_in_who_was_removed_and_is_named_by_a_rule) {
  write("access.yaml",
        "rules:\n  - {user: pump-7, may_not: [write], topics: [\"alarm/#\"]}\n"
        "  - {user: pump-7, may: [write], topics: [\"#\"]}\n"
        "  - {group: everyone, may: [read, write], topics: [\"alarm/#\", \"news/#\"]}\n");
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  EXPECT_EQ(check(driven, "pump-7", MORTISE_PUBLISH, "state/7"), MORTISE_ALLOW);
  EXPECT_EQ(check(driven, "pump-7", MORTISE_PUBLISH, "alarm/7"), MORTISE_REPLIED);
  EXPECT_EQ(driven.host.findings, std::vector<std::string>{});
  write("users.yaml", "groups: [pumps]\nusers: []\n");
  ASSERT_EQ(reload(driven, both), MORTISE_OK);
  ASSERT_EQ(driven.host.findings.size(), 2u);
  EXPECT_EQ(driven.host.findings[1],
            "warning: |rules/1/user: there is no user \"pump-7\" in users.yaml, so the rule allows nobody "
            "anything|remove it, or add the user with mortise passwd|" +
                path("access.yaml") + ":3:12");
  connect(driven, "pump-7", "secret");
  driven.host.run_strand();
  EXPECT_EQ(driven.host.late.begin()->second.answer, MORTISE_PASS) << "nobody of ours";
  // Its connection has stayed: it has the rights of everyone, but for what it was forbidden.
  EXPECT_EQ(check(driven, "pump-7", MORTISE_PUBLISH, "state/7"), MORTISE_REPLIED);
  EXPECT_EQ(check(driven, "pump-7", MORTISE_PUBLISH, "alarm/7"), MORTISE_REPLIED);
  EXPECT_EQ(check(driven, "pump-7", MORTISE_PUBLISH, "news/7"), MORTISE_ALLOW);
  EXPECT_EQ(check(driven, "pump-8", MORTISE_PUBLISH, "alarm/7"), MORTISE_ALLOW);
}

// An editor empties a file before it fills it again, and the SIGHUP may come in between.
TEST_F(AuthFile, keeps_what_it_had_when_a_file_is_found_empty) {
  Driven<Plugin> driven{both, folder_.string()};
  driven.start();
  for (const char* name : {"users.yaml", "access.yaml"}) {
    const std::string whole = read(name);
    write(name, "");
    EXPECT_EQ(reload(driven, both), MORTISE_E_INVALID);
    ASSERT_EQ(driven.host.findings.size(), 1u) << "rules about users nobody could read are no mistakes";
    EXPECT_NE(driven.host.findings[0].find("is the file whole?"), std::string::npos);
    driven.host.findings.clear();
    write(name, whole);
  }
  EXPECT_EQ(check(driven, "pump-7", MORTISE_PUBLISH, "state/7"), MORTISE_ALLOW);
  connect(driven, "pump-7", "secret");
  driven.host.run_strand();
  EXPECT_EQ(driven.host.late.begin()->second.answer, MORTISE_ALLOW);
}

TEST_F(AuthFile, names_a_file_that_is_not_there) {
  fs::remove(folder_ / "users.yaml");
  const Driven<Plugin> driven{both, folder_.string()};
  EXPECT_EQ(driven.configured, MORTISE_E_INVALID);
  EXPECT_EQ(driven.host.findings,
            (std::vector<std::string>{"/users|" + path("users.yaml") +
                                      " cannot be read: No such file or directory|make it, or name the file "
                                      "that is meant|"}));
}

TEST_F(AuthFile, attaches_only_to_what_it_has_a_file_for) {
  Driven<Plugin> users{Json::parse(R"({"users": "users.yaml"})"), folder_.string()};
  users.start();
  ASSERT_EQ(users.host.attached.size(), 1u);
  EXPECT_EQ(users.host.attached[0].extension, MORTISE_AUTHENTICATE);
  ASSERT_EQ(reload(users, both), MORTISE_OK);
  ASSERT_EQ(users.host.attached.size(), 2u);
  EXPECT_EQ(users.host.attached[1].kinds,
            (std::vector<std::uint16_t>{MORTISE_PUBLISH, MORTISE_SUBSCRIBE, MORTISE_RECEIVE, MORTISE_WILL}));
  write("access.yaml", "rules: []\n");
  ASSERT_EQ(reload(users, Json::parse(R"({"access": "access.yaml"})")), MORTISE_OK);
  ASSERT_EQ(users.host.attached.size(), 1u);
  EXPECT_EQ(users.host.attached[0].extension, MORTISE_AUTHORISE);
  EXPECT_EQ(connect(users, "pump-7", "secret"), MORTISE_PASS);
}

TEST_F(AuthFile, wants_at_least_one_file) {
  const Driven<Plugin> driven{Json::object(), folder_.string()};
  EXPECT_EQ(
      driven.host.findings,
      std::vector<std::string>{"|names none of users, access and psk|give at least one of the three files|"});
}

}  // namespace
}  // namespace mortise::test
