#include "app/broker_options.hpp"

#include <algorithm>
#include <functional>
#include <thread>

#include "app/doors.hpp"
#include "broker/mount_point.hpp"
#include "config/strength.hpp"
#include "mqtt/topic.hpp"

namespace mortise::app {

namespace {

broker::Level level_of(config::Durability durability) { return static_cast<broker::Level>(durability); }

template <class Integer>
Integer whole_seconds(base::Duration duration, Integer most) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  return static_cast<Integer>(std::min<std::int64_t>(seconds, most));
}

// Of the classes some topic can have. Topics that no row matches are synced.
broker::Level strongest_class(const config::Kernel& kernel) {
  if (!kernel.acknowledge) return broker::Level::synced;
  broker::Level strongest = broker::Level::memory;
  for (const auto& row : kernel.acknowledge->value) {
    strongest = std::max(strongest, level_of(row.after.value));
    for (const auto& topic : row.topics)
      if (topic.value == "#") return strongest;
  }
  return broker::Level::synced;
}

using Refuse =
    std::function<void(const config::Location& where, std::string key, std::string text, std::string remedy)>;

void check_filters(const std::vector<config::Located<std::string>>& filters, const std::string& key,
                   const Refuse& refuse) {
  for (const auto& filter : filters)
    if (!mqtt::is_topic_filter(filter.value))
      refuse(filter.where, key, config::in_quotes(filter.value) + " is not a topic filter",
             "'+' stands for a whole level, '#' for the last one");
}

// Who is not asked about a topic does not forbid it, so a filter that matches nothing would be an open door.
void check_hooks(const config::Plugin& plugin, const std::string& key, const Refuse& refuse) {
  const auto check = [&](const std::optional<config::HookChange>& change, const char* name) {
    if (change && change->filters)
      check_filters(*change->filters, key + "/hooks/" + name + "/filters", refuse);
  };
  check(plugin.hooks.authorise, "authorise");
  check(plugin.hooks.intercept, "intercept");
  check(plugin.hooks.observe, "observe");
  const auto& login = plugin.hooks.authenticate;
  if (login && login->filters && !login->filters->empty())
    refuse(login->filters->front().where, key + "/hooks/authenticate/filters",
           "who connects has no topic, so filters say nothing here", "remove the key");
}

void check_mount_point(const config::Listener& listener, const std::string& key, const Refuse& refuse) {
  if (!listener.mount_point || listener.mount_point->value.empty()) return;
  const broker::PatternFault fault = broker::mount_point_fault(listener.mount_point->value);
  if (fault.what)
    refuse(listener.mount_point->where, key + "/mount_point",
           config::in_quotes(listener.mount_point->value) + " " + fault.what, fault.remedy);
}

void set_limits(broker::Options& options, const config::Kernel& kernel) {
  const config::Limits& limits = kernel.limits;
  options.packet_size_max = limits.packet_size;
  options.connect_packet_size_max = limits.connect_packet_size;
  options.topic_length_max = limits.topic_length;
  options.topic_levels_max = limits.topic_levels;
  options.filters_max = limits.filters;
  options.client_id_rate = limits.connect_rate_per_client.value_or(0);
  options.publish_rate = limits.publish_rate.value_or(0);
  options.publish_bytes = limits.publish_bytes.value_or(0);
  options.write_buffer = limits.write_buffer;
  options.memory_max = limits.memory.value_or(UINT64_MAX);
  options.connect_timeout = limits.connect_timeout;
  options.retained_messages_max = kernel.retained.messages.value_or(UINT64_MAX);
  options.retained_bytes_max = kernel.retained.bytes.value_or(UINT64_MAX);
  options.retained_payload_max = kernel.retained.payload.value_or(UINT64_MAX);
}

static_assert(static_cast<int>(config::Overflow::drop_newest) ==
                  static_cast<int>(broker::Options::Overflow::drop_newest) &&
              static_cast<int>(config::Overflow::disconnect) ==
                  static_cast<int>(broker::Options::Overflow::disconnect));

}  // namespace

std::vector<config::Finding> check_settings(const config::Settings& settings, bool has_store) {
  std::vector<config::Finding> findings =
      config::stronger_than(has_store ? config::Durability::synced : config::Durability::memory, settings);
  const auto error = [&](const config::Location& where, std::string key, std::string text,
                         std::string remedy) {
    findings.push_back({config::Severity::error, where, std::move(key), std::move(text), std::move(remedy)});
  };
  if (settings.kernel.acknowledge)
    for (const auto& row : settings.kernel.acknowledge->value)
      check_filters(row.topics, "kernel/acknowledge", error);
  for (std::size_t i = 0; i < settings.plugins.size(); ++i)
    if (settings.plugins[i].sound) check_hooks(settings.plugins[i], "plugins/" + std::to_string(i), error);
  for (std::size_t i = 0; i < settings.listeners.size(); ++i)
    check_mount_point(settings.listeners[i], "listeners/" + std::to_string(i), error);
  for (config::Finding& finding : check_networks(settings)) findings.push_back(std::move(finding));
  config::sort_by_place(findings);
  return findings;
}

broker::Options broker_options(const config::Settings& settings, bool has_store, base::HashSeed seed) {
  const config::Kernel& kernel = settings.kernel;
  broker::Options options;
  set_limits(options, kernel);
  for (const config::Listener& listener : settings.listeners) {
    options.packet_size_largest =
        std::max(options.packet_size_largest, listener.limits.packet_size.value_or(0));
    if (listener.mount_point && broker::has_place_for_each_user(listener.mount_point->value))
      options.sessions_belong_to_users = true;
  }

  const config::Session& session = kernel.session;
  options.session_expiry_max_s = session.expiry_maximum
                                     ? whole_seconds<std::uint32_t>(*session.expiry_maximum, UINT32_MAX - 1)
                                     : mqtt::session_never_expires;
  options.receive_maximum = session.receive_maximum;
  options.inflight_maximum = session.inflight_maximum;
  options.topic_alias_maximum = session.topic_alias_maximum;
  options.retry_interval = session.retry_interval;
  options.response_information = session.response_information.value_or("");
  options.keep_alive_max_s = session.keep_alive_maximum
                                 ? whole_seconds<std::uint16_t>(*session.keep_alive_maximum, UINT16_MAX)
                                 : UINT16_MAX;
  options.queue_messages_max = session.queue.messages.value_or(UINT64_MAX);
  options.queue_bytes_max = session.queue.bytes.value_or(UINT64_MAX);
  options.overflow = static_cast<broker::Options::Overflow>(session.queue.overflow);
  options.subscriptions_max = session.subscriptions;

  // Bodies leave memory, and publishers wait for the store, before anything has to be shed.
  options.store_pending_max = std::min(kernel.store.pending, options.memory_max / 4);
  options.resident_max = std::min(kernel.store.resident, options.memory_max / 2);
  options.store_stall = kernel.store.stall.value_or(std::chrono::hours{24 * 365});
  options.on_failure = kernel.store.on_failure == config::OnStoreFailure::refuse
                           ? broker::Options::OnFailure::refuse
                           : broker::Options::OnFailure::memory;
  options.acknowledge_default = has_store ? broker::Level::synced : broker::Level::memory;
  options.session_store = !has_store      ? broker::Level::memory
                          : session.store ? level_of(session.store->value)
                                          : strongest_class(kernel);
  if (kernel.acknowledge)
    for (const auto& row : kernel.acknowledge->value) {
      broker::Options::TopicClass& added = options.acknowledge.emplace_back();
      added.after = level_of(row.after.value);
      for (const auto& topic : row.topics) added.filters.push_back(topic.value);
    }
  options.seed = seed;
  return options;
}

std::unique_ptr<broker::Listener> broker_listener(const config::Listener& setting) {
  auto made = std::make_unique<broker::Listener>();
  broker::Listener& listener = *made;
  const auto speaks = [&](config::Version version) {
    return std::find(setting.versions.begin(), setting.versions.end(), version) != setting.versions.end();
  };
  listener.name = setting.name.value;
  listener.anonymous = setting.anonymous == config::Anonymous::allow;
  listener.allows_3_1 = speaks(config::Version::v3_1);
  listener.allows_3_1_1 = speaks(config::Version::v3_1_1);
  listener.allows_5_0 = speaks(config::Version::v5_0);
  listener.maximum_qos = static_cast<mqtt::Qos>(setting.maximum_qos);
  listener.retain = setting.retain;
  listener.wildcard_subscriptions = setting.wildcard_subscriptions;
  listener.subscription_identifiers = setting.subscription_identifiers;
  listener.shared_subscriptions = setting.shared_subscriptions;
  listener.checks_payload_format = setting.check_payload_format;
  listener.connections_max = setting.limits.connections.value_or(0);
  listener.packet_size_max = setting.limits.packet_size.value_or(0);
  if (setting.limits.publish_rate)
    listener.publish_rate = std::make_unique<broker::SharedPace>(*setting.limits.publish_rate);
  if (setting.limits.publish_bytes)
    listener.publish_bytes = std::make_unique<broker::SharedPace>(*setting.limits.publish_bytes);
  if (setting.mount_point) listener.mount_point = setting.mount_point->value;
  if (setting.authenticate)
    for (const auto& name : *setting.authenticate) listener.authenticators.push_back(name.value);
  return made;
}

std::uint32_t loop_count(const config::Settings& settings) {
  if (settings.kernel.threads) return *settings.kernel.threads;
  return std::max(1U, std::thread::hardware_concurrency() / 2);
}

}  // namespace mortise::app
