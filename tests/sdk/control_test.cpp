// Verbs of a C++ plugin class against the fake host, and the JSON text of their answers.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <mortise/plugin.hpp>
#include <stdexcept>
#include <string>

#include "testkit/driven.hpp"

namespace mortise::test {
namespace {

class Clerk {
 public:
  explicit Clerk(mortise::host) {}

  answer count(call now, const request& asked) {
    caller = asked.caller;
    return now.result(document{}.add("count", asked.arguments.integer("/from", 1) + 1).text());
  }
  answer refuse(call now, const request&) { return now.refuse("not today", "come tomorrow"); }
  answer fail(call, const request& asked) {
    if (asked.arguments.at("/bad")) throw finding{"/bad", "is more than 24h", "write such as bad=1h"};
    if (asked.arguments.at("/odd")) throw 42;
    throw std::runtime_error{"out of luck"};
  }
  answer later(call now, const request&) {
    waiting = now.defer();
    return waiting ? pending : deny;
  }
  static constexpr auto verbs() {
    return std::array{verb<Clerk>{"count", "counts", R"({"properties": {"from": {}}})", &Clerk::count},
                      verb<Clerk>{"refuse", "refuses", nullptr, &Clerk::refuse},
                      verb<Clerk>{"fail", "fails", R"({"properties": {"bad": {}}})", &Clerk::fail},
                      verb<Clerk>{"later", "answers later", nullptr, &Clerk::later}};
  }

  std::string caller;
  std::optional<token> waiting;
};

TEST(Control, the_table_lists_the_verbs_in_order) {
  using Tables = detail::tables<Clerk>;
  ASSERT_EQ(Tables::extensions.count, 1u);
  EXPECT_STREQ(Tables::extensions.items[0].id, MORTISE_CONTROL);
  const auto* table = static_cast<const mortise_control_t*>(Tables::extensions.items[0].table);
  ASSERT_EQ(table->command_count, 4u);
  EXPECT_STREQ(table->commands[0].verb, "count");
  EXPECT_STREQ(table->commands[2].summary, "fails");
  EXPECT_EQ(table->commands[3].arguments_schema, nullptr);
}

TEST(Control, a_verb_sees_its_arguments_and_answers_with_json) {
  Driven<Clerk> driven;
  driven.start();
  EXPECT_EQ(driven.run("count", {{"from", 41}}, "uid 12"), MORTISE_REPLIED);
  ASSERT_EQ(driven.host.replies.size(), 1u);
  EXPECT_EQ(driven.host.replies[0].answer, MORTISE_ALLOW);
  EXPECT_EQ(driven.host.replies[0].data, R"({"count":42})");
  EXPECT_EQ(driven.plugin().caller, "uid 12");
  EXPECT_TRUE(driven.host.attached.empty()) << "verbs are not attached";
}

TEST(Control, a_refusal_says_why_and_what_to_do) {
  Driven<Clerk> driven;
  driven.start();
  driven.run("refuse");
  EXPECT_EQ(driven.host.replies.at(0).answer, MORTISE_DENY);
  EXPECT_EQ(driven.host.replies.at(0).reason_code, 0);
  EXPECT_EQ(driven.host.replies.at(0).reason_string, "not today");
  EXPECT_EQ(driven.host.replies.at(0).remedy, "come tomorrow");
}

TEST(Control, a_finding_is_about_the_arguments_and_anything_else_thrown_is_a_fault) {
  Driven<Clerk> driven;
  driven.start();
  driven.run("fail", {{"bad", 1}});
  EXPECT_EQ(driven.host.replies.at(0).answer, MORTISE_DENY);
  EXPECT_EQ(driven.host.replies.at(0).reason_code, MORTISE_CONTROL_WRONG);
  EXPECT_EQ(driven.host.replies.at(0).reason_string, "bad: is more than 24h");
  EXPECT_EQ(driven.host.replies.at(0).remedy, "write such as bad=1h");
  EXPECT_TRUE(driven.host.faults.empty());
  driven.run("fail");
  driven.run("fail", {{"odd", 1}});
  EXPECT_EQ(driven.host.replies.at(1).answer, MORTISE_FALLBACK);
  EXPECT_EQ(driven.host.replies.at(1).reason_string, "out of luck");
  EXPECT_EQ(driven.host.faults, (std::vector<std::string>{"control.run: out of luck",
                                                          "control.run: an exception of unknown type"}));
}

TEST(Control, a_token_answers_later_with_the_same_words) {
  Driven<Clerk> driven;
  driven.start();
  ASSERT_EQ(driven.run("later"), MORTISE_PENDING);
  std::uint64_t id = driven.plugin().waiting->id().id;
  EXPECT_TRUE(driven.plugin().waiting->result("[]"));
  EXPECT_EQ(driven.host.late[id].data, "[]");
  ASSERT_EQ(driven.run("later"), MORTISE_PENDING);
  id = driven.plugin().waiting->id().id;
  EXPECT_TRUE(driven.plugin().waiting->refuse("full", "make room"));
  EXPECT_EQ(driven.host.late[id].answer, MORTISE_DENY);
  EXPECT_EQ(driven.host.late[id].remedy, "make room");
}

TEST(Document, writes_every_kind_of_value) {
  const document inner = document{}.add("a", 1);
  const std::string text = document{}
                               .add("text", "x")
                               .add("negative", -7)
                               .add("large", std::numeric_limits<std::uint64_t>::max())
                               .add("real", 0.25)
                               .add("none", std::nan(""))
                               .add("yes", true)
                               .add("null", nullptr)
                               .add("map", inner)
                               .text();
  EXPECT_EQ(text, R"({"text":"x","negative":-7,"large":18446744073709551615,"real":0.25,"none":null,)"
                  R"("yes":true,"null":null,"map":{"a":1}})");
  EXPECT_EQ(Json::parse(text)["map"]["a"], 1);
  EXPECT_EQ(text_of(std::vector<document>{inner, inner}), R"([{"a":1},{"a":1}])");
  EXPECT_EQ(text_of({}), "[]");
}

TEST(Document, makes_json_of_any_bytes) {
  const std::pair<const char*, const char*> rows[] = {
      {"\"\\\n\x01", "\"\\\n\x01"},
      {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
      {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
      {"a\xFFz", "a\xEF\xBF\xBDz"},
      {"\xC3", "\xEF\xBF\xBD"},
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xE0\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}};
  for (const auto& [bytes, seen] : rows)
    EXPECT_EQ(Json::parse(document{}.add(bytes, std::string_view{bytes}).text()).at(seen), seen) << bytes;
}

}  // namespace
}  // namespace mortise::test
