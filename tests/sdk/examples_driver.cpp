// The example plugins, loaded as a host loads them: by their one symbol. Run by examples_test.cmake, which
// has built them out of tree into the folder MORTISE_EXAMPLES.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "testkit/fake_host.hpp"

namespace mortise::test {
namespace {

// An instance of a plugin library. The library stays loaded, as in the broker.
class Loaded {
 public:
  Loaded(const std::string& name, Json config) : config_(std::move(config)) {
    const char* folder = std::getenv("MORTISE_EXAMPLES");
    const std::string path = std::string{folder ? folder : "."} + "/" + name + ".so";
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw std::runtime_error{dlerror()};
    entry_ = static_cast<const mortise_plugin_entry_t*>(dlsym(library, "mortise_plugin_entry"));
    if (!entry_ || entry_->magic != MORTISE_MAGIC) throw std::runtime_error{"no entry in " + path};
    host.set_folders("/config", "/state");
    EXPECT_EQ(entry_->plugin->create(host.raw(), &self), MORTISE_OK);
    configured = entry_->plugin->configure(self, node(config_), host.report());
  }
  ~Loaded() {
    host.run_strand();
    if (started_) entry_->plugin->stop(self);
    entry_->plugin->destroy(self);
    EXPECT_EQ(host.live_messages, 0);
  }

  mortise_answer_t start() {
    auto call = host.call();
    started_ = true;
    return entry_->plugin->start(self, &call, host.report());
  }
  template <class Table>
  const Table& table(const char* id) const {
    for (std::size_t i = 0; i < entry_->extension_count; ++i)
      if (std::strcmp(entry_->extensions[i].id, id) == 0)
        return *static_cast<const Table*>(entry_->extensions[i].table);
    throw std::runtime_error{std::string{"no extension "} + id};
  }
  const mortise_plugin_entry_t& entry() const { return *entry_; }

  FakeHost host;
  void* self = nullptr;
  mortise_status_t configured = MORTISE_E_INTERNAL;

 private:
  Json config_;
  const mortise_plugin_entry_t* entry_ = nullptr;
  bool started_ = false;
};

// ---- json-only

mortise_answer_t publish(Loaded& loaded, const std::string& payload) {
  mortise_client_view_t client{};
  client.size = sizeof client;
  mortise_message_view_t message{};
  message.size = sizeof message;
  message.topic = lend("plant/1");
  message.payload = lend_bytes(payload);
  auto call = loaded.host.call();
  return loaded.table<mortise_intercept_t>(MORTISE_INTERCEPT).publish(loaded.self, &call, &client, &message);
}

const Json filters = Json::parse(R"({"filters": ["plant/#", "lab/+"]})");

TEST(JsonOnly, looks_at_the_operators_topics_only) {
  Loaded json{"json-only", filters};
  ASSERT_EQ(json.configured, MORTISE_OK);
  ASSERT_EQ(json.start(), MORTISE_ALLOW);
  ASSERT_EQ(json.host.attached.size(), 1u);
  EXPECT_EQ(json.host.attached[0].extension, MORTISE_INTERCEPT);
  EXPECT_EQ(json.host.attached[0].filters, (std::vector<std::string>{"plant/#", "lab/+"}));
}

TEST(JsonOnly, drops_with_a_reason_the_ledger_knows) {
  Loaded json{"json-only", filters};
  json.start();
  EXPECT_EQ(json.host.losses, std::vector<std::string>{"not_json"});
  EXPECT_EQ(publish(json, "{\"a\": 1}"), MORTISE_PASS);
  EXPECT_EQ(publish(json, "{a: 1}"), MORTISE_REPLIED);
  ASSERT_EQ(json.host.replies.size(), 1u);
  EXPECT_EQ(json.host.replies[0].answer, MORTISE_DROP);
  EXPECT_EQ(json.host.replies[0].loss, 1u);
  EXPECT_EQ(json.host.replies[0].rule, "not valid JSON");
}

TEST(JsonOnly, lets_an_empty_payload_clear_a_retained_message_unless_told_not_to) {
  Loaded lenient{"json-only", filters};
  lenient.start();
  EXPECT_EQ(publish(lenient, ""), MORTISE_PASS);
  Json strict_config = filters;
  strict_config["allow_empty"] = false;
  Loaded strict{"json-only", strict_config};
  strict.start();
  EXPECT_EQ(publish(strict, ""), MORTISE_REPLIED);
}

TEST(JsonOnly, tells_an_operator_what_would_become_of_a_payload) {
  Loaded json{"json-only", filters};
  json.start();
  const auto& control = json.table<mortise_control_t>(MORTISE_CONTROL);
  ASSERT_EQ(control.command_count, 1u);
  EXPECT_STREQ(control.commands[0].verb, "check");
  const auto check = [&](const Json& arguments) {
    const mortise_request_t request{sizeof request, 0, node(arguments), lend("uid 0")};
    auto call = json.host.call();
    EXPECT_EQ(control.run(json.self, &call, &request), MORTISE_REPLIED);
    return json.host.replies.back();
  };
  EXPECT_EQ(check({{"text", "[1]"}}).data, R"({"valid": true})");
  EXPECT_EQ(check({{"text", "[1"}}).data, R"({"valid": false})");
  EXPECT_EQ(check(Json::object()).answer, MORTISE_DENY);
}

struct Row {
  const char* name;
  std::string payload;
  bool valid;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class JsonText : public testing::TestWithParam<Row> {};
TEST_P(JsonText, is_valid_or_not) {
  Loaded json{"json-only", filters};
  json.start();
  EXPECT_EQ(publish(json, GetParam().payload) == MORTISE_PASS, GetParam().valid);
}

INSTANTIATE_TEST_SUITE_P(
    JsonOnly, JsonText,
    testing::ValuesIn<Row>({
        {"a_number", "21.5", true},
        {"a_negative_number_with_an_exponent", "-0.5e+10", true},
        {"a_number_with_a_leading_zero", "01", false},
        {"a_number_that_ends_in_a_point", "1.", false},
        {"a_number_without_digits", "-", false},
        {"a_number_with_a_plus", "+1", false},
        {"a_word", "true", true},
        {"half_a_word", "tru", false},
        {"a_word_nobody_knows", "on", false},
        {"a_string", "\"on\"", true},
        {"a_string_without_an_end", "\"on", false},
        {"a_string_with_a_new_line", "\"a\nb\"", false},
        {"a_string_with_escapes", R"("\u00e9\n\"\\\/")", true},
        {"a_string_with_half_an_escape", R"("\u00e")", false},
        {"a_string_with_an_unknown_escape", R"("\x")", false},
        {"a_string_with_letters_of_all_scripts", "\"温度\"", true},
        {"a_string_that_is_no_utf8", "\"\xFF\"", false},
        {"a_string_cut_within_a_letter", "\"\xE6\xB8", false},
        {"an_empty_object", "{}", true},
        {"an_empty_list", " [ ] ", true},
        {"a_list", "[1, 2, [3]]", true},
        {"a_list_with_a_last_comma", "[1,]", false},
        {"a_list_with_two_commas", "[1,,2]", false},
        {"a_list_closed_by_a_brace", "[1}", false},
        {"an_object", R"({"a": {"b": [1, {"c": null}]}, "d": ""})", true},
        {"an_object_with_a_last_comma", R"({"a": 1,})", false},
        {"an_object_without_a_colon", R"({"a" 1})", false},
        {"an_object_with_a_bare_key", "{a: 1}", false},
        {"an_object_without_an_end", R"({"a": 1)", false},
        {"two_values", "1 2", false},
        {"space_only", "  ", false},
        {"nesting_up_to_the_limit", std::string(256, '[') + "1" + std::string(256, ']'), true},
        {"nesting_beyond_it", std::string(257, '[') + "1" + std::string(257, ']'), false},
        {"a_zero_byte", std::string("1\0", 2), false},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

// ---- topic-counter

void tell(Loaded& loaded, const char* topic) {
  mortise_message_view_t message{};
  message.size = sizeof message;
  message.topic = lend(topic);
  mortise_event_t event{};
  event.size = sizeof event;
  event.type = MORTISE_EV_PUBLISHED;
  event.message = &message;
  const mortise_event_t* const list[] = {&event};
  auto call = loaded.host.call();
  loaded.table<mortise_observe_t>(MORTISE_OBSERVE).events(loaded.self, &call, list, 1);
}

TEST(TopicCounter, wants_to_publish_below_counts_and_nothing_else) {
  Loaded counter{"topic-counter", Json::object()};
  ASSERT_EQ(counter.entry().descriptor->want_count, 1u);
  EXPECT_STREQ(counter.entry().descriptor->wants[0].id, MORTISE_HOST_PUBLISH);
  EXPECT_STREQ(counter.entry().descriptor->wants[0].scope, "counts/#");
}

TEST(TopicCounter, publishes_how_many_messages_each_level_had) {
  Loaded counter{"topic-counter", Json::parse(R"({"filters": ["#"], "depth": 2, "every": "10s"})")};
  ASSERT_EQ(counter.start(), MORTISE_ALLOW);
  for (const char* topic : {"plant/1/state", "plant/1/mode", "plant/2", "test", "counts/sample"})
    tell(counter, topic);
  counter.host.ring_timers();
  ASSERT_EQ(counter.host.published.size(), 1u);
  EXPECT_EQ(counter.host.published[0].first, "counts/sample");
  EXPECT_EQ(counter.host.payloads[0],
            R"({"messages":4,"others":0,"topics":{"plant":3,"plant/1":2,"plant/2":1,"test":1}})");
}

TEST(TopicCounter, counts_what_is_beyond_its_room_as_others) {
  Loaded counter{"topic-counter", Json::parse(R"({"depth": 1, "topics_max": 1, "name": "n"})")};
  counter.start();
  for (const char* topic : {"a", "b", "a", "c\"\x01"}) tell(counter, topic);
  counter.host.ring_timers();
  EXPECT_EQ(counter.host.published[0].first, "counts/n");
  EXPECT_EQ(counter.host.payloads[0], R"({"messages":4,"others":2,"topics":{"a":2}})");
}

TEST(TopicCounter, publishes_json_whatever_a_topic_holds) {
  Loaded counter{"topic-counter", Json::parse(R"({"depth": 1})")};
  counter.start();
  tell(counter, "c\"\\\x01");
  counter.host.ring_timers();
  EXPECT_EQ(Json::parse(counter.host.payloads[0])["topics"]["c\"\\\x01"], 1);
}

TEST(TopicCounter, refuses_a_name_that_is_no_topic_level) {
  Loaded counter{"topic-counter", Json::parse(R"({"name": "a/#"})")};
  EXPECT_EQ(counter.configured, MORTISE_E_INVALID);
  EXPECT_EQ(counter.host.findings,
            std::vector<std::string>{"/name|holds + or #|use a word that can be a topic level|"});
}

}  // namespace
}  // namespace mortise::test
