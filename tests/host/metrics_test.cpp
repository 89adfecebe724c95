// What plugins define and count, what the kernel counts itself, and reading all of it in one go.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <thread>

#include "host/kernel_figures.hpp"
#include "host/rig.hpp"

namespace mortise::host {
namespace {

const std::string one = "  - {name: a, library: puppet}";
const std::string two = one + "\n  - {name: b, library: puppet}";

using Labels = std::vector<std::pair<std::string, std::string>>;

mortise_str_t abi(const std::string& text) { return {text.data(), text.size()}; }

// What one read() shows: by "instance name{label=value,…}", labels in the order they came.
struct Shown {
  std::map<std::string, double> values;
  std::map<std::string, std::vector<std::uint64_t>> buckets;
  std::vector<std::string> names;  // in the order they came, each run of one name once

  static void see(void* context, const mortise_metric_view_t* metric) {
    auto& self = *static_cast<Shown*>(context);
    std::string key =
        metric->instance.data ? std::string{metric->instance.data, metric->instance.size} + ' ' : "";
    const std::string name{metric->name.data, metric->name.size};
    key += name;
    for (std::size_t i = 0; i < metric->label_count; ++i) {
      const mortise_label_t& label = metric->labels[i];
      key += (i == 0 ? "{" : ",") + std::string{label.name.data, label.name.size} + '=' +
             std::string{label.value.data, label.value.size};
    }
    if (metric->label_count != 0) key += '}';
    EXPECT_TRUE(self.values.emplace(key, metric->value).second) << key << " was shown twice";
    if (metric->kind == MORTISE_HISTOGRAM) {
      auto& in = self.buckets[key];
      in.assign(metric->buckets, metric->buckets + metric->bound_count + 1);
      std::uint64_t sum = 0;
      for (const std::uint64_t count : in) sum += count;
      EXPECT_EQ(sum, metric->count);
    }
    if (self.names.empty() || self.names.back() != name) self.names.push_back(name);
  }
  double at(const std::string& key) const {
    const auto found = values.find(key);
    return found == values.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
  }
};

// The service as one instance has it.
struct Metering {
  explicit Metering(Rig& rig, const std::string& instance = "a")
      : host{rig.strings(instance).host},
        table{*rig.strings(instance).service<mortise_metrics_t>(MORTISE_HOST_METRICS)} {}

  mortise_status_t define(std::uint32_t kind, const std::string& name, const Labels& labels = {},
                          const std::vector<double>& bounds = {}, const std::string& help = "help") {
    std::vector<mortise_label_t> raw;
    for (const auto& [key, value] : labels) raw.push_back({abi(key), abi(value)});
    mortise_metric_view_t what{};
    what.size = sizeof what;
    what.kind = kind;
    what.name = abi(name);
    what.help = abi(help);
    what.labels = raw.data();
    what.label_count = raw.size();
    what.bounds = bounds.data();
    what.bound_count = bounds.size();
    return table.define(host, &what, &metric);
  }
  Shown read() {
    Shown shown;
    EXPECT_EQ(MORTISE_OK, table.read(host, &Shown::see, &shown));
    return shown;
  }
  void add(double by) { table.add(host, metric, by); }

  const mortise_host_t* host;
  const mortise_metrics_t& table;
  mortise_metric_t metric{};  // the one defined last
};

TEST(Metrics, what_is_defined_is_shown_with_whose_it_is) {
  Rig rig{two};
  rig.run();
  Metering a{rig}, b{rig, "b"};
  ASSERT_EQ(MORTISE_OK, a.define(MORTISE_COUNTER, "lines_total", {{"to", "x"}}));
  a.add(2);
  a.add(0.5);
  ASSERT_EQ(MORTISE_OK, b.define(MORTISE_COUNTER, "lines_total", {{"to", "x"}}));
  b.add(7);
  ASSERT_EQ(MORTISE_OK, a.define(MORTISE_GAUGE, "depth"));
  a.table.set(a.host, a.metric, 9);
  a.add(-2);
  ASSERT_EQ(MORTISE_OK, a.define(MORTISE_HISTOGRAM, "waits_seconds", {}, {0.1, 1}));
  for (const double wait : {0.05, 0.1, 0.2, 5.0}) a.table.observe(a.host, a.metric, wait);
  const Shown shown = b.read();
  EXPECT_EQ(shown.at("a lines_total{to=x}"), 2.5);
  EXPECT_EQ(shown.at("b lines_total{to=x}"), 7);
  EXPECT_EQ(shown.at("a depth"), 7);
  EXPECT_EQ(shown.buckets.at("a waits_seconds"), (std::vector<std::uint64_t>{2, 1, 1}));
  EXPECT_DOUBLE_EQ(shown.at("a waits_seconds"), 5.35);
}

TEST(Metrics, those_of_one_name_are_shown_together) {
  Rig rig{two};
  rig.run();
  Metering a{rig}, b{rig, "b"};
  for (const std::string name : {"one_total", "two_total"})
    for (Metering* const of : {&a, &b})
      for (const std::string to : {"x", "y"})
        ASSERT_EQ(MORTISE_OK, of->define(MORTISE_COUNTER, name, {{"to", to}}));
  std::vector<std::string> names = a.read().names;
  const std::size_t runs = names.size();
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  EXPECT_EQ(runs, names.size()) << "a name was shown in two places";
}

TEST(Metrics, the_same_name_and_labels_are_the_same_metric) {
  Rig rig{one};
  rig.run();
  Metering a{rig};
  ASSERT_EQ(MORTISE_OK, a.define(MORTISE_COUNTER, "lines_total", {{"to", "x"}, {"by", "y"}}));
  const auto first = a.metric.id;
  ASSERT_EQ(MORTISE_OK, a.define(MORTISE_COUNTER, "lines_total", {{"by", "y"}, {"to", "x"}}));
  EXPECT_EQ(first, a.metric.id);
  ASSERT_EQ(MORTISE_OK, a.define(MORTISE_COUNTER, "lines_total", {{"by", "y"}, {"to", "z"}}));
  EXPECT_NE(first, a.metric.id);
}

TEST(Metrics, there_are_no_more_than_the_limits_allow) {
  Rig rig{one};
  rig.run();
  Metering a{rig};
  for (int i = 0; i < MORTISE_METRICS_MAX_OF_A_NAME; ++i)
    ASSERT_EQ(MORTISE_OK, a.define(MORTISE_COUNTER, "lines_total", {{"to", std::to_string(i)}}));
  EXPECT_EQ(MORTISE_E_LIMIT, a.define(MORTISE_COUNTER, "lines_total", {{"to", "one more"}}));
  EXPECT_EQ(MORTISE_OK, a.define(MORTISE_COUNTER, "lines_total", {{"to", "0"}})) << "that one is there";
  for (int i = MORTISE_METRICS_MAX_OF_A_NAME; i < MORTISE_METRICS_MAX; ++i)
    ASSERT_EQ(MORTISE_OK, a.define(MORTISE_GAUGE, "depth_" + std::to_string(i)));
  EXPECT_EQ(MORTISE_E_LIMIT, a.define(MORTISE_GAUGE, "one_more"));
  a.table.set(a.host, a.metric, 3);
  EXPECT_EQ(a.read().at("a depth_1023"), 3) << "the last one is as good as any";
  Labels many;
  for (int i = 0; i <= MORTISE_METRIC_LABELS_MAX; ++i) many.emplace_back("l" + std::to_string(i), "x");
  EXPECT_EQ(MORTISE_E_LIMIT, a.define(MORTISE_COUNTER, "lines_total", many));
}

struct Refusal {
  const char* name;
  std::uint32_t kind;
  std::string metric;
  Labels labels;
  std::vector<double> bounds;
};
void PrintTo(const Refusal& row, std::ostream* out) { *out << row.name; }
class MetricRefusal : public testing::TestWithParam<Refusal> {};
TEST_P(MetricRefusal, is_refused) {
  Rig rig{one};
  rig.run();
  Metering a{rig};
  const Refusal& row = GetParam();
  ASSERT_EQ(MORTISE_OK, a.define(MORTISE_COUNTER, "lines_total"));
  ASSERT_EQ(MORTISE_OK, a.define(MORTISE_HISTOGRAM, "waits_seconds", {}, {1, 2}));
  EXPECT_EQ(MORTISE_E_INVALID, a.define(row.kind, row.metric, row.labels, row.bounds));
}
INSTANTIATE_TEST_SUITE_P(
    Metrics, MetricRefusal,
    testing::ValuesIn(std::vector<Refusal>{
        {"no_name", MORTISE_COUNTER, "", {}, {}},
        {"a_capital", MORTISE_COUNTER, "Lines_total", {}, {}},
        {"a_digit_first", MORTISE_COUNTER, "1_total", {}, {}},
        {"a_name_without_end", MORTISE_COUNTER, std::string(MORTISE_METRIC_TEXT_MAX + 1, 'x'), {}, {}},
        {"a_name_of_the_kernel", MORTISE_GAUGE, "connections", {}, {}},
        {"another_kind", MORTISE_GAUGE, "lines_total", {}, {}},
        {"no_kind", 0, "x", {}, {}},
        {"an_unknown_kind", 4, "x", {}, {}},
        {"the_label_of_the_host", MORTISE_COUNTER, "x", {{"plugin", "b"}}, {}},
        {"the_label_of_buckets", MORTISE_COUNTER, "x", {{"le", "1"}}, {}},
        {"a_label_twice", MORTISE_COUNTER, "x", {{"to", "1"}, {"to", "2"}}, {}},
        {"a_label_that_is_no_text", MORTISE_COUNTER, "x", {{"to", "\xff"}}, {}},
        {"a_counter_with_bounds", MORTISE_COUNTER, "x", {}, {1}},
        {"a_histogram_without_bounds", MORTISE_HISTOGRAM, "x", {}, {}},
        {"bounds_that_fall", MORTISE_HISTOGRAM, "x", {}, {2, 1}},
        {"bounds_that_stay", MORTISE_HISTOGRAM, "x", {}, {1, 1}},
        {"a_bound_without_end", MORTISE_HISTOGRAM, "x", {}, {1, std::numeric_limits<double>::infinity()}},
        {"other_bounds", MORTISE_HISTOGRAM, "waits_seconds", {{"to", "x"}}, {1, 3}},
    }),
    [](const auto& row) { return row.param.name; });

TEST(Metrics, a_name_is_of_one_kind_whoever_uses_it) {
  Rig rig{two};
  rig.run();
  Metering a{rig}, b{rig, "b"};
  ASSERT_EQ(MORTISE_OK, a.define(MORTISE_COUNTER, "lines_total"));
  EXPECT_EQ(MORTISE_E_INVALID, b.define(MORTISE_GAUGE, "lines_total"));
  EXPECT_EQ(MORTISE_OK, b.define(MORTISE_COUNTER, "lines_total"));
}

TEST(Metrics, what_makes_no_sense_counts_nothing) {
  Rig rig{one};
  rig.run();
  Metering a{rig};
  for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{5000}, UINT64_MAX}) {
    a.table.add(a.host, {id}, 1);
    a.table.set(a.host, {id}, 1);
    a.table.observe(a.host, {id}, 1);
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ASSERT_EQ(MORTISE_OK, a.define(MORTISE_COUNTER, "lines_total"));
  a.add(1);
  a.add(-1);
  a.add(nan);
  a.table.set(a.host, a.metric, 100);
  a.table.observe(a.host, a.metric, 100);
  ASSERT_EQ(MORTISE_OK, a.define(MORTISE_HISTOGRAM, "waits_seconds", {}, {1}));
  a.add(1);
  a.table.set(a.host, a.metric, 100);
  a.table.observe(a.host, a.metric, nan);
  const Shown shown = a.read();
  EXPECT_EQ(shown.at("a lines_total"), 1);
  EXPECT_EQ(shown.buckets.at("a waits_seconds"), (std::vector<std::uint64_t>{0, 0}));
}

TEST(Metrics, nothing_is_lost_between_loops_and_threads) {
  Rig rig{one};
  Strings& strings = rig.strings();
  mortise_metric_t counter{}, histogram{};
  const mortise_metrics_t* table = nullptr;
  const auto count = [&] {
    table->add(strings.host, counter, 1);
    table->observe(strings.host, histogram, 1);
  };
  strings.intercept = [&](auto, auto, auto) { return count(), mortise_answer_t{MORTISE_PASS}; };
  rig.run();
  Metering a{rig};
  table = &a.table;
  ASSERT_EQ(MORTISE_OK, a.define(MORTISE_COUNTER, "lines_total"));
  counter = a.metric;
  ASSERT_EQ(MORTISE_OK, a.define(MORTISE_HISTOGRAM, "waits_seconds", {}, {2}));
  histogram = a.metric;
  ASSERT_EQ(MORTISE_OK, strings.attach(MORTISE_INTERCEPT));
  auto& client = rig.connect("x");
  constexpr int each = 20'000;
  const auto work = [&] {
    for (int i = 0; i < each; ++i) count();
  };
  std::thread first{work}, second{work};
  for (int i = 0; i < 100; ++i) rig.publish(client, "t", "x", mqtt::Qos::at_most_once);
  first.join();
  second.join();
  const Shown shown = a.read();
  EXPECT_EQ(shown.at("a lines_total"), 2 * each + 100);
  EXPECT_EQ(shown.buckets.at("a waits_seconds"), (std::vector<std::uint64_t>{2 * each + 100, 0}));
}

TEST(Metrics, are_not_read_on_a_loop_and_only_while_the_instance_is_open) {
  Rig rig{one};
  Strings& strings = rig.strings();
  std::vector<mortise_status_t> said;
  const mortise_metrics_t* table = nullptr;
  const mortise_host_t* host = nullptr;
  strings.create = [&] {
    const void* found = nullptr;
    said.push_back(strings.host->service(strings.host, MORTISE_HOST_METRICS, &found));
    return mortise_status_t{MORTISE_OK};
  };
  Shown shown;
  strings.authorise = [&](auto, auto) {
    said.push_back(table->read(host, &Shown::see, &shown));
    return mortise_answer_t{MORTISE_PASS};
  };
  rig.run();
  Metering a{rig};
  table = &a.table;
  host = a.host;
  ASSERT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHORISE));
  rig.publish(rig.connect("x"), "t", "x");
  EXPECT_EQ(said, (std::vector<mortise_status_t>{MORTISE_E_STATE, MORTISE_E_THREAD}));
  EXPECT_EQ(MORTISE_E_INVALID, a.table.read(a.host, nullptr, nullptr));
  strings.stop = [&] { said.push_back(table->read(host, &Shown::see, &shown)); };
  rig.stop();
  EXPECT_EQ(said.back(), MORTISE_E_STATE);
  EXPECT_TRUE(shown.values.empty());
}

TEST(KernelFigures, follow_what_clients_do) {
  Rig rig{one};
  rig.run();
  Metering a{rig};
  auto& reader = rig.connect("reader", {}, {}, mqtt::Version::v5_0, 60);
  rig.subscribe(reader, "t/#", mqtt::Qos::exactly_once);
  auto& writer = rig.connect("writer");
  rig.publish(writer, "t/1", "zero", mqtt::Qos::at_most_once);
  rig.publish(writer, "t/2", "one", mqtt::Qos::at_least_once, true);
  rig.publish(writer, "other", "nobody", mqtt::Qos::exactly_once);
  Shown shown = a.read();
  EXPECT_EQ(shown.at("messages_received_total{qos=0}"), 1);
  EXPECT_EQ(shown.at("messages_received_total{qos=1}"), 1);
  EXPECT_EQ(shown.at("messages_received_total{qos=2}"), 1);
  EXPECT_EQ(shown.at("messages_delivered_total{qos=0}"), 1);
  EXPECT_EQ(shown.at("messages_delivered_total{qos=1}"), 0) << "it was not acknowledged";
  EXPECT_EQ(shown.at("messages_to_nobody_total"), 1);
  EXPECT_EQ(shown.at("deliveries_queued"), 1);
  EXPECT_EQ(shown.at("sessions"), 2);
  EXPECT_EQ(shown.at("sessions_connected"), 2);
  EXPECT_EQ(shown.at("subscriptions"), 1);
  EXPECT_EQ(shown.at("retained_messages"), 1);
  EXPECT_EQ(shown.at("retained_bytes"), 6);
  EXPECT_GT(shown.at("memory_bytes{account=session}"), 0);
  rig.subscribe(reader, "$share/g/s/#");
  rig.subscribe(reader, "t/#");
  EXPECT_EQ(a.read().at("subscriptions"), 2) << "one of them was there before";
  rig.lose(writer);
  rig.lose(reader);
  shown = a.read();
  EXPECT_EQ(shown.at("sessions"), 1) << "the other one ended with its connection";
  EXPECT_EQ(shown.at("sessions_connected"), 0);
  EXPECT_EQ(shown.at("subscriptions"), 2);
  rig.connect("reader");
  shown = a.read();
  EXPECT_EQ(shown.at("subscriptions"), 0) << "a clean start ends the session before";
  EXPECT_EQ(shown.at("sessions_connected"), 1);
  rig.connect("reader");
  EXPECT_EQ(a.read().at("sessions_connected"), 1) << "taken over";
}

TEST(KernelFigures, name_each_reason_and_each_limit) {
  Rig rig{one};
  rig.broker_options.topic_levels_max = 3;
  rig.run();
  Metering a{rig};
  const Shown before = a.read();
  EXPECT_EQ(before.at("limit_hits_total{limit=topic_levels}"), 0) << "also what has not happened yet";
  EXPECT_EQ(before.at("messages_refused_total{reason=not_authorized}"), 0);
  EXPECT_EQ(before.at("deliveries_dropped_total{reason=queue_full}"), 0);
  rig.publish(rig.connect("x"), "a/b/c/d", "x");
  EXPECT_EQ(a.read().at("limit_hits_total{limit=topic_levels}"), 1);
}

TEST(KernelFigures, each_has_a_name_of_its_own_and_a_sentence) {
  std::map<std::string_view, int> names;
  for (const FigureName& figure : figure_names) {
    ++names[figure.name];
    EXPECT_FALSE(figure.help.empty()) << figure.name;
    EXPECT_EQ(figure.help.back(), '.') << figure.name;
    EXPECT_EQ(figure.name.ends_with("_total"), figure.kind == MORTISE_COUNTER) << figure.name;
  }
  EXPECT_EQ(names.size(), figure_names.size());
}

TEST(KernelFigures, tell_how_far_the_store_is_behind) {
  Rig rig{"  - {name: a, library: puppet_store}"};
  Strings& strings = rig.strings();
  strings.start = [&](auto, auto) {
    return strings.attach(MORTISE_STORE) == MORTISE_OK ? mortise_answer_t{MORTISE_ALLOW}
                                                       : mortise_answer_t{MORTISE_DENY};
  };
  std::atomic<bool> keeps{true};
  std::atomic<std::uint64_t> last{0};
  std::atomic<int> commits{0};
  strings.store_commit = [&](auto batches, std::size_t count) {
    last = batches[count - 1]->sequence;
    ++commits;
    if (keeps)
      strings.service<mortise_host_store_t>(MORTISE_HOST_STORE)
          ->durable(strings.host, last, MORTISE_SYNCED, MORTISE_OK);
    return mortise_status_t{MORTISE_OK};
  };
  rig.run();
  Metering a{rig};
  auto& client = rig.connect("x", {}, {}, mqtt::Version::v5_0, 60);
  ASSERT_TRUE(rig.turn_until([&] { return a.read().at("store_lag_batches{level=synced}") == 0; }));
  EXPECT_EQ(a.read().at("store_pending_bytes"), 0);
  keeps = false;
  const int before = commits;
  rig.subscribe(client, "t/#", mqtt::Qos::at_least_once);
  rig.publish(client, "t/1", "x");
  ASSERT_TRUE(rig.turn_until([&] { return commits > before; }));
  // A commit is in the figures when the store's function has returned.
  ASSERT_TRUE(rig.turn_until([&] { return a.read().at("store_commit_batches") >= commits.load(); }))
      << "the sum of all commits";
  const Shown behind = a.read();
  EXPECT_GE(behind.at("store_lag_batches{level=written}"), 1);
  EXPECT_GT(behind.at("store_lag_seconds{level=written}"), 0);
  EXPECT_EQ(behind.at("store_lag_batches{level=written}"), behind.at("store_lag_batches{level=synced}"));
  EXPECT_GT(behind.at("store_pending_bytes"), 0);
  EXPECT_GT(behind.at("store_commit_bytes"), 0);
  keeps = true;
  strings.service<mortise_host_store_t>(MORTISE_HOST_STORE)
      ->durable(strings.host, last, MORTISE_SYNCED, MORTISE_OK);
  EXPECT_TRUE(rig.turn_until([&] { return a.read().at("store_lag_batches{level=synced}") == 0; }));
}

TEST(KernelFigures, keep_an_account_of_each_plugin) {
  Rig rig{two};
  Strings& strings = rig.strings();
  mortise_token_t token{};
  strings.authorise = [&](mortise_call_t* call, const mortise_access_t* access) {
    const std::string_view topic{access->topic.data, access->topic.size};
    if (topic != "later") return mortise_answer_t{MORTISE_ALLOW};
    EXPECT_EQ(MORTISE_OK, strings.host->defer(call, 0, &token));
    return mortise_answer_t{MORTISE_PENDING};
  };
  rig.run();
  Metering b{rig, "b"};
  ASSERT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHORISE));
  auto& client = rig.connect("x");
  for (int i = 0; i < 127; ++i) rig.publish(client, "t", "x", mqtt::Qos::at_most_once);
  rig.publish(client, "later", "x");
  EXPECT_EQ(MORTISE_OK, strings.host->answer(strings.host, token, MORTISE_ALLOW, nullptr));
  EXPECT_EQ(MORTISE_E_LATE, strings.host->answer(strings.host, token, MORTISE_ALLOW, nullptr));
  rig.turn();
  strings.host->fault(strings.host, {"x", 1}, {"y", 1});
  const Shown shown = b.read();
  EXPECT_EQ(shown.at("plugin_hook_calls_total{plugin=a,hook=authorise_publish}"), 128);
  EXPECT_EQ(shown.at("plugin_hook_sampled_calls_total{plugin=a,hook=authorise_publish}"), 2);
  EXPECT_EQ(shown.at("plugin_hook_deferred_total{plugin=a,hook=authorise_publish}"), 1);
  EXPECT_EQ(shown.at("plugin_hook_calls_total{plugin=b,hook=authorise_publish}"), 0);
  EXPECT_EQ(shown.at("plugin_late_answers_total{plugin=a}"), 1);
  EXPECT_EQ(shown.at("plugin_faults_total{plugin=a}"), 1);
  EXPECT_EQ(shown.at("plugin_faults_total{plugin=b}"), 0);
  EXPECT_EQ(shown.at("plugin_running{plugin=a}"), 1);

  const auto& messages = *strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES);
  mortise_edit_t edit{};
  edit.size = sizeof edit;
  edit.set = MORTISE_SET_TOPIC;
  edit.topic = {"made", 4};
  mortise_message_t* made = nullptr;
  ASSERT_EQ(MORTISE_OK, messages.make(strings.host, nullptr, &edit, &made));
  EXPECT_GT(b.read().at("plugin_message_bytes{plugin=a}"), 0);
  EXPECT_EQ(b.read().at("plugin_message_bytes{plugin=b}"), 0);
  messages.unref(strings.host, made);
  EXPECT_EQ(b.read().at("plugin_message_bytes{plugin=a}"), 0);
}

TEST(Watchdog, names_a_hook_that_takes_too_long) {
  Rig rig{one, [](Options& options) { options.hook_time = base::Duration::zero(); }};
  Strings& strings = rig.strings();
  strings.authorise = [](auto, auto) { return mortise_answer_t{MORTISE_ALLOW}; };
  rig.run();
  ASSERT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHORISE));
  auto& client = rig.connect("x");
  for (int i = 0; i < 63; ++i) rig.publish(client, "t", "x", mqtt::Qos::at_most_once);
  EXPECT_FALSE(rig.log.has("limits.hook_time")) << rig.log.all();
  for (int i = 0; i < 129; ++i) rig.publish(client, "t", "x", mqtt::Qos::at_most_once);
  const std::string all = rig.log.all();
  const std::size_t first = all.find("limits.hook_time");
  ASSERT_NE(first, std::string::npos) << all;
  EXPECT_EQ(all.find("limits.hook_time", first + 1), std::string::npos) << "one line in ten seconds at most\n"
                                                                        << all;
  EXPECT_TRUE(rig.log.has("authorise_publish")) << all;
  Metering a{rig};
  EXPECT_EQ(a.read().at("plugin_hook_slow_calls_total{plugin=a,hook=authorise_publish}"), 3);
}

TEST(Watchdog, lets_a_quick_hook_be) {
  Rig rig{one, [](Options& options) { options.hook_time = base::Duration::max(); }};
  Strings& strings = rig.strings();
  strings.authorise = [](auto, auto) { return mortise_answer_t{MORTISE_PASS}; };
  rig.run();
  ASSERT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHORISE));
  auto& client = rig.connect("x");
  for (int i = 0; i < 64; ++i) rig.publish(client, "t", "x", mqtt::Qos::at_most_once);
  const Shown shown = Metering{rig}.read();
  EXPECT_EQ(shown.at("plugin_hook_sampled_calls_total{plugin=a,hook=authorise_publish}"), 1);
  EXPECT_EQ(shown.at("plugin_hook_slow_calls_total{plugin=a,hook=authorise_publish}"), 0);
  EXPECT_FALSE(rig.log.has("limits.hook_time"));
}

TEST(Watchdog, leaves_what_runs_on_a_strand_its_time) {
  Rig rig{"  - {name: a, library: puppet_on_strand}",
          [](Options& options) { options.hook_time = base::Duration::zero(); }};
  Strings& strings = rig.strings();
  std::atomic<int> asked{0};
  strings.authorise = [&](auto, auto) { return ++asked, mortise_answer_t{MORTISE_ALLOW}; };
  rig.run();
  ASSERT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHORISE));
  auto& client = rig.connect("x");
  for (int i = 1; i <= 64; ++i) {
    rig.publish(client, "t", "x", mqtt::Qos::at_most_once);
    ASSERT_TRUE(rig.turn_until([&] { return asked == i; }));
  }
  Metering a{rig};
  const std::string hook = "{plugin=a,hook=authorise_publish}";
  ASSERT_TRUE(rig.turn_until([&] { return a.read().at("plugin_hook_sampled_calls_total" + hook) == 1; }));
  EXPECT_EQ(a.read().at("plugin_hook_slow_calls_total" + hook), 0);
  EXPECT_EQ(a.read().at("plugin_hook_deferred_total" + hook), 64);
}

}  // namespace
}  // namespace mortise::host
