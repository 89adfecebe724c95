// What the host offers a running plugin: attachments, timers, work, publishing, messages, log.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "host/rig.hpp"

namespace mortise::host {
namespace {

mortise_message_t* make(const Strings& strings, const std::string& topic, const std::string& payload) {
  mortise_edit_t edit{};
  edit.size = sizeof edit;
  edit.set = MORTISE_SET_TOPIC | MORTISE_SET_PAYLOAD;
  edit.topic = {topic.data(), topic.size()};
  edit.payload = {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
  mortise_message_t* made = nullptr;
  const auto* messages = strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES);
  EXPECT_EQ(MORTISE_OK, messages->make(strings.host, nullptr, &edit, &made));
  return made;
}

// A value as it stands in the YAML, and what reading it as a size, or as a time span, says.
struct Reading {
  const char* name;
  const char* value;
  mortise_status_t status;
  std::uint64_t amount;
};
void PrintTo(const Reading& row, std::ostream* out) { *out << row.name; }

// What `read` makes of the value under `key`.
void expect_reading(const Reading& row, const std::string& key,
                    mortise_status_t (*mortise_config_t::*read)(const mortise_node_t*, std::uint64_t*)) {
  Rig rig{"  - {name: a, library: puppet, config: {" + key + ": " + row.value + "}}"};
  mortise_status_t status = MORTISE_E_INTERNAL;
  std::uint64_t amount = 0;
  rig.strings().configure = [&](const mortise_node_t* node, auto) {
    const auto& config = *rig.strings().service<mortise_config_t>(MORTISE_HOST_CONFIG);
    status = (config.*read)(config.at(node, ("/" + key).c_str()), &amount);
    return mortise_status_t{MORTISE_OK};
  };
  EXPECT_EQ("", text_of(rig.load()));
  EXPECT_EQ(row.status, status);
  EXPECT_EQ(row.amount, amount);
}

class ConfigBytes : public testing::TestWithParam<Reading> {};
TEST_P(ConfigBytes, are_read_in_the_units_of_the_whole_file) {
  expect_reading(GetParam(), "size", &mortise_config_t::bytes);
}
INSTANTIATE_TEST_SUITE_P(Config, ConfigBytes,
                         testing::ValuesIn(std::vector<Reading>{
                             {"kibibytes", "64KiB", MORTISE_OK, 65'536},
                             {"mebibytes", "2MiB", MORTISE_OK, 2'097'152},
                             {"gibibytes", "1GiB", MORTISE_OK, 1'073'741'824},
                             {"a_whole_number", "1500", MORTISE_OK, 1500},
                             {"a_whole_number_as_text", "'1500'", MORTISE_OK, 1500},
                             {"decimal_gigabytes", "1GB", MORTISE_E_INVALID, 0},
                             {"decimal_kilobytes", "1kB", MORTISE_E_INVALID, 0},
                             {"a_unit_cut_short", "2M", MORTISE_E_INVALID, 0},
                             {"a_space_before_the_unit", "2 MiB", MORTISE_E_INVALID, 0},
                             {"a_fraction", "1.5MiB", MORTISE_E_INVALID, 0},
                             {"a_negative_number", "-1", MORTISE_E_INVALID, 0},
                             {"more_than_can_be_counted", "9999999999GiB", MORTISE_E_INVALID, 0},
                             {"a_list", "[1]", MORTISE_E_INVALID, 0},
                             {"nothing", "null", MORTISE_E_INVALID, 0},
                         }),
                         [](const auto& row) { return row.param.name; });

class ConfigDuration : public testing::TestWithParam<Reading> {};
TEST_P(ConfigDuration, is_read_in_the_units_of_the_whole_file) {
  expect_reading(GetParam(), "span", &mortise_config_t::duration);
}
INSTANTIATE_TEST_SUITE_P(Config, ConfigDuration,
                         testing::ValuesIn(std::vector<Reading>{
                             {"milliseconds", "250ms", MORTISE_OK, 250'000'000},
                             {"seconds", "30s", MORTISE_OK, 30'000'000'000},
                             {"minutes", "5m", MORTISE_OK, 300'000'000'000},
                             {"hours", "2h", MORTISE_OK, 7'200'000'000'000},
                             {"days", "7d", MORTISE_OK, 604'800'000'000'000},
                             {"a_number_alone", "'30'", MORTISE_E_INVALID, 0},
                             {"weeks", "1w", MORTISE_E_INVALID, 0},
                         }),
                         [](const auto& row) { return row.param.name; });

void count_up(void* counter) { ++*static_cast<std::atomic<int>*>(counter); }

TEST(Hooks, attachments_come_and_go_at_the_turn_of_a_loop) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  strings.authorise = [](auto, auto) { return mortise_answer_t{MORTISE_DENY}; };
  rig.run();
  const auto& hooks = *strings.service<mortise_hooks_t>(MORTISE_HOST_HOOKS);
  auto& client = rig.connect("x");
  mortise_hook_t hook{};
  ASSERT_EQ(MORTISE_OK, hooks.attach(strings.host, MORTISE_AUTHORISE, nullptr, &hook));
  rig.publish(client, "t", "1");
  const mortise_str_t filter{"other", 5};
  mortise_attach_t how{};
  how.size = sizeof how;
  how.filters = &filter;
  how.filter_count = 1;
  ASSERT_EQ(MORTISE_OK, hooks.change(strings.host, hook, &how));
  rig.publish(client, "t", "1");
  rig.publish(client, "other", "1");
  EXPECT_EQ((std::vector{0x87, 0, 0x87}), rig.reasons(client, mqtt::PacketType::puback));

  std::atomic<int> done{0};
  const mortise_done_fn tell = [](void* context, mortise_status_t, std::uint32_t) { count_up(context); };
  ASSERT_EQ(MORTISE_OK, hooks.detach(strings.host, hook, tell, &done));
  EXPECT_EQ(0, done) << "the loop may still be inside";
  rig.turn();
  EXPECT_TRUE(eventually([&] { return done == 1; }));
  rig.publish(client, "other", "1");
  EXPECT_EQ(0, rig.reasons(client, mqtt::PacketType::puback).back());
  EXPECT_EQ(MORTISE_E_UNKNOWN, hooks.detach(strings.host, hook, nullptr, nullptr));
}

TEST(Hooks, a_plugin_attaches_only_what_it_lists_and_was_granted) {
  Rig rig{"  - {name: a, library: sound}\n  - {name: b, library: puppet}"};
  rig.run();
  const Strings& strings = rig.strings("b");
  EXPECT_EQ(MORTISE_E_UNKNOWN, strings.attach(MORTISE_STORE));
  EXPECT_EQ(MORTISE_E_UNKNOWN, strings.attach("org.example.other/1"));
  const mortise_str_t filter{"a/#/b", 5};
  mortise_attach_t how{};
  how.size = sizeof how;
  how.filters = &filter;
  how.filter_count = 1;
  EXPECT_EQ(MORTISE_E_INVALID, strings.attach(MORTISE_AUTHORISE, &how));
  const void* table = nullptr;
  EXPECT_EQ(MORTISE_E_UNKNOWN, strings.host->service(strings.host, "mortise.host.unheard-of/1", &table));
  EXPECT_EQ(MORTISE_E_NOT_GRANTED, strings.host->service(strings.host, MORTISE_HOST_STORE, &table));
}

TEST(Hooks, a_wish_that_makes_no_sense_is_refused) {
  Rig rig{"  - {name: a, library: puppet}"};
  rig.run();
  const Strings& strings = rig.strings();
  mortise_attach_t sound{};
  sound.size = sizeof sound;
  sound.fallback = MORTISE_FALLBACK;
  mortise_attach_t fallback = sound;
  for (const mortise_answer_t odd : {55, -1, int{MORTISE_DROP}, int{MORTISE_PENDING}}) {
    fallback.fallback = odd;
    EXPECT_EQ(MORTISE_E_INVALID, strings.attach(MORTISE_AUTHORISE, &fallback)) << odd;
  }
  mortise_attach_t filters = sound;
  filters.filter_count = 1;
  EXPECT_EQ(MORTISE_E_INVALID, strings.attach(MORTISE_AUTHORISE, &filters));
  mortise_attach_t kinds = sound;
  kinds.kind_count = 1;
  EXPECT_EQ(MORTISE_E_INVALID, strings.attach(MORTISE_AUTHORISE, &kinds));
  EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHORISE, &sound));
}

TEST(Timers, ring_on_the_strand_once_or_again_until_cancelled) {
  Rig rig{"  - {name: a, library: puppet}"};
  rig.run();
  const Strings& strings = rig.strings();
  const auto& time = *strings.service<mortise_time_t>(MORTISE_HOST_TIME);
  std::atomic<int> once{0}, again{0};
  mortise_timer_t first{}, second{};
  ASSERT_EQ(MORTISE_OK, time.timer(strings.host, 1'000'000, 0, count_up, &once, &first));
  ASSERT_EQ(MORTISE_OK, time.timer(strings.host, 0, 1'000'000, count_up, &again, &second));
  EXPECT_TRUE(eventually([&] { return once == 1 && again >= 3; }));
  EXPECT_EQ(MORTISE_OK, time.cancel(strings.host, second));
  EXPECT_EQ(MORTISE_E_UNKNOWN, time.cancel(strings.host, second));
  EXPECT_EQ(MORTISE_E_UNKNOWN, time.cancel(strings.host, first));
}

TEST(Timers, none_rings_after_stop) {
  Rig rig{"  - {name: a, library: puppet}"};
  std::atomic<int> rung{0};
  int at_stop = 0;
  rig.strings().stop = [&] { at_stop = rung; };
  rig.run();
  const Strings& strings = rig.strings();
  mortise_timer_t timer{};
  strings.service<mortise_time_t>(MORTISE_HOST_TIME)
      ->timer(strings.host, 0, 100'000, count_up, &rung, &timer);
  EXPECT_TRUE(eventually([&] { return rung > 0; }));
  rig.stop();
  EXPECT_EQ(at_stop, rung);
}

TEST(Work, all_of_it_has_run_when_stop_is_called) {
  Rig rig{"  - {name: a, library: puppet}"};
  std::atomic<int> ran{0};
  int at_stop = 0;
  rig.strings().stop = [&] { at_stop = ran; };
  rig.run();
  const Strings& strings = rig.strings();
  const auto& work = *strings.service<mortise_work_t>(MORTISE_HOST_WORK);
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(MORTISE_OK, work.submit(strings.host, count_up, &ran));
    ASSERT_EQ(MORTISE_OK, work.post(strings.host, count_up, &ran));
  }
  const mortise_host_t* host = strings.host;
  rig.stop();
  EXPECT_EQ(100, at_stop);
  EXPECT_EQ(MORTISE_E_STATE, work.submit(host, count_up, &ran));
}

TEST(Work, a_full_pool_says_so) {
  Rig rig{"  - {name: a, library: puppet}", [](Options& options) { options.work_waiting_max = 0; }};
  rig.run();
  const Strings& strings = rig.strings();
  std::atomic<int> ran{0};
  EXPECT_EQ(MORTISE_E_LIMIT,
            strings.service<mortise_work_t>(MORTISE_HOST_WORK)->submit(strings.host, count_up, &ran));
}

TEST(Publish, a_message_reaches_its_subscribers_and_done_is_told) {
  Rig rig{"  - {name: a, library: puppet}"};
  rig.run();
  const Strings& strings = rig.strings();
  auto& client = rig.connect("x");
  rig.subscribe(client, "alerts/#");
  std::atomic<int> done{0};
  mortise_publish_t how{};
  how.size = sizeof how;
  how.done = [](void* context, mortise_status_t status, std::uint32_t) {
    if (status == MORTISE_OK) count_up(context);
  };
  how.context = &done;
  const auto& publisher = *strings.service<mortise_publisher_t>(MORTISE_HOST_PUBLISH);
  const auto& messages = *strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES);
  for (const std::string payload : {"1", "2", "3"}) {
    mortise_message_t* message = make(strings, "alerts/fire", payload);
    EXPECT_EQ(MORTISE_OK, publisher.publish(strings.host, message, &how));
    messages.unref(strings.host, message);
  }
  ASSERT_TRUE(rig.turn_until([&] { return rig.messages(client).size() == 3 && done == 3; }));
  EXPECT_EQ((std::vector<std::string>{"alerts/fire=1", "alerts/fire=2", "alerts/fire=3"}),
            rig.messages(client));

  mortise_message_t* outside = make(strings, "commands/fire", "1");
  EXPECT_EQ(MORTISE_E_NOT_GRANTED, publisher.publish(strings.host, outside, nullptr));
  messages.unref(strings.host, outside);
}

TEST(PublishService, a_message_expires_by_the_brokers_time_and_not_by_the_machines) {
  Rig rig{"  - {name: a, library: puppet}"};
  rig.loops.ahead = std::chrono::hours{1};  // as after a start with a clock that fell back
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "alerts/#");
  Strings& strings = rig.strings();
  const auto& messages = *strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES);
  mortise_edit_t edit{};
  edit.size = sizeof edit;
  edit.set = MORTISE_SET_TOPIC | MORTISE_SET_EXPIRY;
  edit.topic = {"alerts/fire", 11};
  edit.expiry_s = 60;
  mortise_message_t* message = nullptr;
  ASSERT_EQ(MORTISE_OK, messages.make(strings.host, nullptr, &edit, &message));
  const auto& publisher = *strings.service<mortise_publisher_t>(MORTISE_HOST_PUBLISH);
  EXPECT_EQ(MORTISE_OK, publisher.publish(strings.host, message, nullptr));
  messages.unref(strings.host, message);
  EXPECT_TRUE(rig.turn_until([&] { return rig.messages(client).size() == 1; }));
}

// Answers each delivery with a message, by way of `publish`; how often, and with what it ended.
class Echo {
 public:
  explicit Echo(Strings& strings) : strings_{strings} {
    strings.start = [this](auto, auto) {
      const std::uint16_t kind = MORTISE_EV_DELIVERED;
      mortise_attach_t how{};
      how.size = sizeof how;
      how.kinds = &kind;
      how.kind_count = 1;
      EXPECT_EQ(MORTISE_OK, strings_.attach(MORTISE_OBSERVE, &how));
      return mortise_answer_t{MORTISE_ALLOW};
    };
    strings.events = [this](auto, auto, auto) { answers_in_work ? in_work() : publish(); };
  }
  std::atomic<bool> answers_in_work{false};
  std::atomic<int> published{0};
  std::atomic<int> refused{0};

 private:
  void in_work() {
    const auto run = [](void* self) { static_cast<Echo*>(self)->publish(); };
    EXPECT_EQ(MORTISE_OK,
              strings_.service<mortise_work_t>(MORTISE_HOST_WORK)->submit(strings_.host, run, this));
  }
  void publish() {
    mortise_message_t* message = make(strings_, "alerts/again", "1");
    const mortise_status_t status =
        strings_.service<mortise_publisher_t>(MORTISE_HOST_PUBLISH)->publish(strings_.host, message, nullptr);
    EXPECT_TRUE(status == MORTISE_OK || status == MORTISE_E_LIMIT) << status;
    ++(status == MORTISE_OK ? published : refused);
    strings_.service<mortise_messages_t>(MORTISE_HOST_MESSAGES)->unref(strings_.host, message);
  }
  Strings& strings_;
};

TEST(Losses, of_an_instance_are_as_many_as_a_label_may_have_values) {
  Losses losses;
  std::optional<std::uint32_t> last;
  for (int i = 0; i < 128; ++i) ASSERT_TRUE(last = losses.reason("a", "r" + std::to_string(i), ""));
  EXPECT_FALSE(losses.reason("a", "one_more", ""));
  EXPECT_EQ(losses.reason("a", "r127", ""), last);
  EXPECT_TRUE(losses.reason("ab", "r0", ""));
  EXPECT_EQ(losses.rows().size(), 130u);  // and "plugin"
  for (int i = 0; i < 128; ++i) ASSERT_TRUE(losses.reason("c.d", "r" + std::to_string(i), ""));
  EXPECT_TRUE(losses.reason("c", "r0", ""));
}

// The ways of a plugin's answer to its own message.
struct Way {
  const char* name;
  const char* library;
  bool in_work;
};
void PrintTo(const Way& row, std::ostream* out) { *out << row.name; }
class PublishLoop : public testing::TestWithParam<Way> {};

TEST_P(PublishLoop, ends_after_eight_hops) {
  Rig rig{std::string{"  - {name: a, library: "} + GetParam().library + "}"};
  Echo echo{rig.strings()};
  echo.answers_in_work = GetParam().in_work;
  rig.run();
  auto& subscriber = rig.connect("x");
  auto& publisher = rig.connect("y");
  rig.subscribe(subscriber, "#");
  rig.publish(publisher, "t", "1");
  ASSERT_TRUE(rig.turn_until([&] { return echo.refused == 1; }));
  EXPECT_EQ(8, echo.published);
  EXPECT_EQ(9U, rig.messages(subscriber).size());
  EXPECT_EQ(1U, rig.status().faults);
  const auto losses = rig.host->losses();
  const auto row = std::ranges::find(losses, "a.hops", &Losses::Row::name);
  ASSERT_NE(losses.end(), row);
  EXPECT_EQ(1U, row->messages);
  rig.publish(publisher, "t", "2");
  ASSERT_TRUE(rig.turn_until([&] { return echo.refused == 2; })) << "each message of a client begins anew";
  EXPECT_EQ(16, echo.published);
  rig.stop();
}

INSTANTIATE_TEST_SUITE_P(Publish, PublishLoop,
                         testing::Values(Way{"in_an_event", "puppet", false},
                                         Way{"in_an_event_on_the_strand", "puppet_on_strand", false},
                                         Way{"in_work_an_event_submits", "puppet", true}),
                         [](const auto& row) { return row.param.name; });

TEST(Messages, the_builder_edits_properties_and_refuses_what_a_publish_may_not_carry) {
  Rig rig{"  - {name: a, library: puppet}"};
  rig.run();
  const Strings& strings = rig.strings();
  const auto& messages = *strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES);
  mortise_property_t type{};
  type.id = 0x03;
  type.value = {reinterpret_cast<const std::uint8_t*>("text/plain"), 10};
  mortise_property_t pair{};
  pair.id = 0x26;
  pair.name = {"key", 3};
  pair.value = {reinterpret_cast<const std::uint8_t*>("value"), 5};
  const mortise_property_t added[] = {type, pair, pair};
  mortise_edit_t edit{};
  edit.size = sizeof edit;
  edit.set = MORTISE_SET_TOPIC;
  edit.topic = {"t", 1};
  edit.add = added;
  edit.add_count = 3;
  mortise_message_t* first = nullptr;
  ASSERT_EQ(MORTISE_OK, messages.make(strings.host, nullptr, &edit, &first));

  const std::uint8_t removed[] = {0x03};
  mortise_edit_t less{};
  less.size = sizeof less;
  less.remove = removed;
  less.remove_count = 1;
  mortise_message_t* second = nullptr;
  ASSERT_EQ(MORTISE_OK, messages.make(strings.host, messages.view(strings.host, first), &less, &second));
  std::size_t cursor = 0;
  mortise_property_t read{};
  const mortise_message_view_t* view = messages.view(strings.host, second);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(MORTISE_OK, messages.next(view->properties, &cursor, &read));
    EXPECT_EQ(0x26, read.id);
    EXPECT_EQ("key", std::string(read.name.data, read.name.size));
  }
  EXPECT_EQ(MORTISE_E_END, messages.next(view->properties, &cursor, &read));
  EXPECT_EQ("a", std::string(view->publisher.data, view->publisher.size));

  mortise_property_t alias{};
  alias.id = 0x23;
  edit.add = &alias;
  edit.add_count = 1;
  mortise_message_t* none = nullptr;
  EXPECT_EQ(MORTISE_E_INVALID, messages.make(strings.host, nullptr, &edit, &none));
  edit.add_count = 0;
  edit.topic = {"a/#", 3};
  EXPECT_EQ(MORTISE_E_INVALID, messages.make(strings.host, nullptr, &edit, &none));
  EXPECT_EQ(1, messages.matches({"a/#", 3}, {"a", 1}));
  EXPECT_EQ(MORTISE_E_INVALID, messages.matches({"a/#/b", 5}, {"a", 1}));

  messages.unref(strings.host, first);
  messages.unref(strings.host, second);
  EXPECT_EQ(0, rig.host->message_bytes());
}

TEST(LogService, a_category_no_sink_wants_is_not_even_put_together) {
  Rig rig{"  - {name: a, library: puppet_sink}"};
  Strings& sink = rig.strings("a");
  sink.start = [&](auto, auto) {
    const mortise_str_t unwanted{"messages", 8};
    mortise_attach_t how{};
    how.size = sizeof how;
    how.filters = &unwanted;
    how.filter_count = 1;
    EXPECT_EQ(MORTISE_OK, sink.attach(MORTISE_LOG_SINK, &how));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  rig.run();
  EXPECT_FALSE(rig.host->log().wants(broker::LogLevel::info, "messages"));
  EXPECT_TRUE(rig.host->log().wants(broker::LogLevel::info, "clients"));
}

TEST(LogService, a_sink_gets_the_lines_of_all_with_their_fields_and_its_levels_only) {
  Rig rig{"  - {name: a, library: puppet_sink}\n  - {name: b, library: puppet}"};
  Strings& sink = rig.strings("a");
  sink.start = [&](auto, auto) {
    const std::uint16_t kinds[] = {MORTISE_WARNING, MORTISE_ERROR};
    mortise_attach_t how{};
    how.size = sizeof how;
    how.kinds = kinds;
    how.kind_count = 2;
    EXPECT_EQ(MORTISE_OK, sink.attach(MORTISE_LOG_SINK, &how));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  std::mutex mutex;
  std::string seen;
  bool flushed = false;
  sink.log_write = [&](const mortise_log_event_t* const* events, std::size_t count) {
    const std::lock_guard lock{mutex};
    for (std::size_t i = 0; i < count; ++i) {
      seen += std::string(events[i]->source.data, events[i]->source.size) + '|' +
              std::string(events[i]->event.data, events[i]->event.size) + '|';
      for (std::size_t f = 0; f < events[i]->field_count; ++f) {
        const mortise_field_t& field = events[i]->fields[f];
        seen += std::string(field.key.data, field.key.size) + '=' +
                std::string(field.text.data, field.text.size) + '|';
      }
    }
  };
  sink.log_flush = [&] { flushed = true; };
  rig.run();
  const Strings& other = rig.strings("b");
  const auto& log = *other.service<mortise_log_t>(MORTISE_HOST_LOG);
  EXPECT_EQ(MORTISE_WARNING, log.level(other.host));
  EXPECT_FALSE(rig.host->log().wants(broker::LogLevel::info, "clients"));
  EXPECT_TRUE(rig.host->log().wants(broker::LogLevel::warning, "clients"));
  mortise_field_t field{};
  field.key = {"key", 3};
  field.type = MORTISE_FIELD_TEXT;
  field.text = {"value", 5};
  mortise_log_event_t event{};
  event.size = sizeof event;
  event.level = MORTISE_WARNING;
  event.event = {"b.event", 7};
  event.text = {"text", 4};
  event.fields = &field;
  event.field_count = 1;
  log.write(other.host, &event);
  event.level = MORTISE_INFO;
  log.write(other.host, &event);
  broker::ClientFacts client;
  client.client_id = "pump-7";
  client.username = "pumps";
  client.address = "10.0.0.17:1";
  client.listener = &rig.listener;
  rig.host->log().write(broker::LogLevel::warning, "auth", "client.denied", "denied", &client, {});
  rig.stop();
  EXPECT_EQ(
      "b|b.event|key=value|auth|client.denied|client=pump-7|user=pumps|address=10.0.0.17:1|listener=local|",
      seen);
  EXPECT_TRUE(flushed);
}

}  // namespace
}  // namespace mortise::host
