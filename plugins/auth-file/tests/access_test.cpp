// Who may do what, and what is said about rules that are wrong.
#include "access.hpp"

#include <gtest/gtest.h>

namespace mortise::auth_file {
namespace {

#define HASH "\"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAA\""

constexpr const char* users_text =
    "groups: [pumps, panels]\n"
    "users:\n"
    "  - {name: pump-7, password: " HASH
    ", groups: [pumps]}\n"
    "  - {name: panel, password: " HASH
    ", groups: [panels]}\n"
    "  - {name: both, password: " HASH
    ", groups: [pumps, panels]}\n"
    "  - {name: none, password: " HASH "}\n";

constexpr const char* rules_text = R"(rules:
  - {user: none, may: [publish], topics: ["only/none"]}
  - {group: pumps, may_not: [write], topics: ["alarm/#"]}
  - {group: pumps, may: [write], topics: ["#"]}
  - {group: pumps, may: [subscribe, receive], topics: ["order/%u/#"]}
  - {group: panels, may_not: [read], topics: ["secret/#"]}
  - {group: panels, may_not: [subscribe], topics: ["wide/#"]}
  - {group: panels, may: [read], topics: ["#", "$SYS/#"]}
  - {client: service, may: [write, read], topics: ["service/%c"]}
  - {group: everyone, may: [subscribe, receive], topics: ["news/+"]}
  - {group: anonymous, may: [publish], topics: ["inbox/%c"]}
)";

Access access_of(const char* text, const Users* users) {
  Mistakes mistakes;
  auto out = read_access(text, "access.yaml", users, nullptr, mistakes);
  for (const Mistake& each : mistakes) ADD_FAILURE() << each.to_text();
  return std::move(*out);
}

Users users_of(const char* text) {
  Mistakes mistakes;
  auto out = read_users(text, "users.yaml", mistakes);
  for (const Mistake& each : mistakes) ADD_FAILURE() << each.to_text();
  return std::move(*out);
}

struct Row {
  const char* name;
  const char* user;  // null: without one
  const char* client;
  Action action;
  const char* topic;
  bool allowed;
  const char* rule;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class Judged : public testing::TestWithParam<Row> {};
TEST_P(Judged, as_the_first_rule_says) {
  const Users users = users_of(users_text);
  const Access access = access_of(rules_text, &users);
  const Row& row = GetParam();
  Question question{std::nullopt, row.client, row.action, row.topic};
  if (row.user) question.username = row.user;
  const Ruling ruling = access.judge(question);
  EXPECT_EQ(ruling.allowed, row.allowed);
  EXPECT_EQ(ruling.rule, row.rule);
}

constexpr Action publish = Action::publish, subscribe = Action::subscribe, receive = Action::receive;
INSTANTIATE_TEST_SUITE_P(
    Access, Judged,
    testing::ValuesIn<Row>({
        {"a_group_may", "pump-7", "c", publish, "state/7", true, "access.yaml:4 pumps may write #"},
        {"an_earlier_rule_forbids", "pump-7", "c", publish, "alarm/reset", false,
         "access.yaml:3 pumps may not write alarm/#"},
        {"nobody_is_in_all_groups", "panel", "c", publish, "state/7", false, ""},
        {"a_member_of_two_groups_has_both_rights", "both", "c", publish, "state/7", true,
         "access.yaml:4 pumps may write #"},
        {"a_member_of_two_groups_has_both_limits", "both", "c", publish, "alarm/x", false,
         "access.yaml:3 pumps may not write alarm/#"},
        {"to_write_is_not_to_read", "pump-7", "c", subscribe, "state/7", false, ""},
        {"to_write_is_not_to_receive", "pump-7", "c", receive, "state/7", false, ""},
        {"dollar_topics_are_not_in_hash", "pump-7", "c", publish, "$SYS/x", false, ""},
        {"a_rule_for_one_user", "none", "c", publish, "only/none", true,
         "access.yaml:2 none may publish only/none"},
        {"a_rule_for_another_user", "panel", "c", publish, "only/none", false, ""},
        {"the_own_orders", "pump-7", "c", subscribe, "order/pump-7/#", true,
         "access.yaml:5 pumps may subscribe order/%u/#"},
        {"the_orders_of_another", "pump-7", "c", subscribe, "order/pump-8/#", false, ""},
        {"all_orders", "pump-7", "c", subscribe, "order/+/#", false, ""},
        {"receiving_own_orders", "pump-7", "c", receive, "order/pump-7/stop", true,
         "access.yaml:5 pumps may receive order/%u/#"},
        {"a_subscription_that_meets_what_may_not_be_subscribed", "panel", "c", subscribe, "#", false,
         "access.yaml:7 panels may not subscribe wide/#"},
        {"a_subscription_beside_it", "panel", "c", subscribe, "a/#", true, "access.yaml:8 panels may read #"},
        {"a_subscription_within_what_is_forbidden", "panel", "c", subscribe, "secret/a", false,
         "access.yaml:6 panels may not read secret/#"},
        {"a_subscription_of_pluses_that_meets_it", "panel", "c", subscribe, "+/a/+", false,
         "access.yaml:7 panels may not subscribe wide/#"},
        {"a_subscription_of_all_that_is_forbidden", "panel", "c", subscribe, "secret/#", false,
         "access.yaml:6 panels may not read secret/#"},
        {"the_secret_itself_is_held_back", "panel", "c", receive, "secret/a", false,
         "access.yaml:6 panels may not read secret/#"},
        {"what_only_may_not_be_subscribed_is_received", "panel", "c", receive, "wide/a", true,
         "access.yaml:8 panels may read #"},
        {"dollar_topics_where_they_are_named", "panel", "c", subscribe, "$SYS/#", true,
         "access.yaml:8 panels may read $SYS/#"},
        {"a_client_by_its_identifier", "none", "service", publish, "service/service", true,
         "access.yaml:9 client service may write service/%c"},
        {"a_client_with_another_identifier", "none", "servant", publish, "service/service", false, ""},
        {"a_client_rule_without_a_user", nullptr, "service", subscribe, "service/service", true,
         "access.yaml:9 client service may read service/%c"},
        {"everyone_with_a_name", "none", "c", subscribe, "news/today", true,
         "access.yaml:10 everyone may subscribe news/+"},
        {"everyone_without_a_name", nullptr, "c", subscribe, "news/+", true,
         "access.yaml:10 everyone may subscribe news/+"},
        {"everyone_whom_another_plugin_knows", "stranger", "c", receive, "news/x", true,
         "access.yaml:10 everyone may receive news/+"},
        {"more_than_everyone_may", "stranger", "c", subscribe, "news/#", false, ""},
        {"anonymous_may", nullptr, "kitchen", publish, "inbox/kitchen", true,
         "access.yaml:11 anonymous may publish inbox/%c"},
        {"anonymous_is_nobody_with_a_name", "none", "kitchen", publish, "inbox/kitchen", false, ""},
        {"a_user_named_anonymous_is_not_the_group", "anonymous", "kitchen", publish, "inbox/kitchen", false,
         ""},
        {"an_empty_user_name_is_a_name", "", "kitchen", publish, "inbox/kitchen", false, ""},
        {"a_client_identifier_that_is_a_wildcard", nullptr, "+", publish, "inbox/+", false, ""},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Access, grants_a_wide_subscription_when_the_forbidden_part_is_held_back_anyway) {
  const Access access = access_of(R"(rules:
  - {group: everyone, may_not: [read], topics: ["secret/#"]}
  - {group: everyone, may: [read], topics: ["#"]}
)",
                                  nullptr);
  EXPECT_TRUE(access.judge({std::nullopt, "c", subscribe, "#"}).allowed);
  EXPECT_TRUE(access.judge({std::nullopt, "c", subscribe, "+/a"}).allowed);
  EXPECT_FALSE(access.judge({std::nullopt, "c", subscribe, "secret/+"}).allowed);
  EXPECT_FALSE(access.judge({std::nullopt, "c", receive, "secret/a"}).allowed);
  EXPECT_TRUE(access.judge({std::nullopt, "c", receive, "open/a"}).allowed);
}

TEST(Access, without_rules_denies_and_says_so) {
  const Access access = access_of("rules:\n", nullptr);
  const Question question{"pump-7", "c", publish, "a/b"};
  EXPECT_FALSE(access.judge(question).allowed);
  EXPECT_EQ(access.no_rule_for(question), "access.yaml has no rule that lets user pump-7 publish a/b");
  EXPECT_EQ(access.no_rule_for({std::nullopt, "c", subscribe, "#"}),
            "access.yaml has no rule that lets anonymous subscribe to #");
}

struct BadRow {
  const char* name;
  const char* text;
  const char* mistakes;
};
void PrintTo(const BadRow& row, std::ostream* out) { *out << row.name; }

class BadAccess : public testing::TestWithParam<BadRow> {};
TEST_P(BadAccess, is_told_with_its_place) {
  const Users users = users_of(users_text);
  Mistakes mistakes;
  (void)read_access(GetParam().text, "access.yaml", &users, nullptr, mistakes);
  std::string all;
  for (const Mistake& each : mistakes) all += (all.empty() ? "" : "\n") + each.to_text();
  EXPECT_EQ(all, GetParam().mistakes);
}

INSTANTIATE_TEST_SUITE_P(
    Access, BadAccess,
    testing::ValuesIn<BadRow>({
        {"an_empty_file", "",
         "access.yaml:1:1  the key rules is not there, and nobody could do anything; is the file whole? if "
         "that is meant, write rules: []"},
        {"an_unknown_key_of_the_file", "rule: []\n",
         "access.yaml:1:1  unknown key \"rule\"; did you mean \"rules\"?"},
        {"an_unknown_key_of_a_rule", "rules:\n  - {group: pumps, may: [read], topic: [a], topics: [a]}\n",
         "access.yaml:2:33  rules/0: unknown key \"topic\"; did you mean \"topics\"?"},
        {"a_key_twice", "rules:\n  - group: pumps\n    group: panels\n    may: [read]\n    topics: [a]\n",
         "access.yaml:3:5  rules/0/group: is there twice; remove one"},
        {"an_unknown_group", "rules:\n  - {group: pump, may: [read], topics: [a]}\n",
         "access.yaml:2:13  rules/0/group: there is no group \"pump\"; did you mean \"pumps\"?"},
        {"a_group_like_no_other", "rules:\n  - {group: valves, may: [read], topics: [a]}\n",
         "access.yaml:2:13  rules/0/group: there is no group \"valves\"; name it in the list groups of "
         "users.yaml"},
        {"an_unknown_user", "rules:\n  - {user: pump-8, may: [read], topics: [a]}\n",
         "access.yaml:2:12  rules/0/user: there is no user \"pump-8\" in users.yaml, so the rule allows "
         "nobody "
         "anything; did you mean \"pump-7\"?"},
        {"an_unknown_user_who_may_not", "rules:\n  - {user: valve, may_not: [read], topics: [a]}\n",
         "access.yaml:2:12  rules/0/user: there is no user \"valve\" in users.yaml, so the rule holds only "
         "for "
         "one whom another authenticator lets in; remove it, or add the user with mortise passwd"},
        {"nobody", "rules:\n  - {may: [read], topics: [a]}\n",
         "access.yaml:2:5  rules/0: does not say whom it is for; give one of user, group, client"},
        {"two_subjects", "rules:\n  - {user: panel, group: pumps, may: [read], topics: [a]}\n",
         "access.yaml:2:5  rules/0: is for more than one; give one of user, group, client"},
        {"may_and_may_not", "rules:\n  - {group: pumps, may: [read], may_not: [write], topics: [a]}\n",
         "access.yaml:2:5  rules/0: has both may and may_not; make two rules of it"},
        {"neither", "rules:\n  - {group: pumps, topics: [a]}\n",
         "access.yaml:2:5  rules/0: says neither may nor may_not; give one of them, such as may: [read]"},
        {"an_unknown_action", "rules:\n  - {group: pumps, may: [pubish], topics: [a]}\n",
         "access.yaml:2:26  rules/0/may/0: \"pubish\" is no action; did you mean \"publish\"?"},
        {"an_action_said_twice", "rules:\n  - {group: pumps, may: [read, subscribe], topics: [a]}\n",
         "access.yaml:2:32  rules/0/may/1: \"subscribe\" is said already by \"read\"; remove one"},
        {"no_action", "rules:\n  - {group: pumps, may: [], topics: [a]}\n",
         "access.yaml:2:25  rules/0/may: names no action; use publish, subscribe, receive, write (publish) "
         "or read "
         "(subscribe and receive)"},
        {"no_topics", "rules:\n  - {group: pumps, may: [read]}\n",
         "access.yaml:2:5  rules/0: has no topics; give a list: topics: [\"#\"]"},
        {"topics_that_are_no_list", "rules:\n  - {group: pumps, may: [read], topics: a}\n",
         "access.yaml:2:41  rules/0/topics: must be a list; write [one, two], or a line with a dash for "
         "each"},
        {"a_bad_filter", "rules:\n  - {group: pumps, may: [read], topics: [a, \"a/#/b\"]}\n",
         "access.yaml:2:45  rules/0/topics/1: \"a/#/b\": # may only be the last level"},
        {"a_second_document", "rules:\n---\nrules:\n",
         "access.yaml:3:1  a second document; keep everything in one, without a line of ---"},
        {"no_yaml", "rules: [\n", "access.yaml:2:1  this is not YAML: end of sequence flow not found"},
        {"two_mistakes_at_once", "rules:\n  - {group: pump, may: [reed], topics: [a]}\n",
         "access.yaml:2:13  rules/0/group: there is no group \"pump\"; did you mean \"pumps\"?\n"
         "access.yaml:2:25  rules/0/may/0: \"reed\" is no action; did you mean \"read\"?"},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace mortise::auth_file
