#include "topics.hpp"

#include <algorithm>
#include <cstdio>

namespace mortise::sys_topics {

namespace {

using Field = double Reading::*;

constexpr std::array<std::pair<std::string_view, Field>, 12> sources{{
    {"uptime_seconds", &Reading::uptime},
    {"sessions", &Reading::sessions},
    {"sessions_connected", &Reading::connected},
    {"subscriptions", &Reading::subscriptions},
    {"messages_received_total", &Reading::published},
    {"messages_delivered_total", &Reading::delivered},
    {"deliveries_dropped_total", &Reading::dropped},
    {"received_bytes_total", &Reading::bytes_received},
    {"sent_bytes_total", &Reading::bytes_sent},
    {"deliveries_queued", &Reading::queued},
    {"connections_accepted_total", &Reading::accepted},
    {"retained_messages", &Reading::retained},
}};

constexpr std::array<std::pair<std::string_view, Field>, 8> loads{{
    {"messages/received", &Reading::published},
    {"messages/sent", &Reading::delivered},
    {"publish/received", &Reading::published},
    {"publish/sent", &Reading::delivered},
    {"publish/dropped", &Reading::dropped},
    {"bytes/received", &Reading::bytes_received},
    {"bytes/sent", &Reading::bytes_sent},
    {"sockets", &Reading::accepted},
}};

std::string whole(double value) { return std::to_string(static_cast<std::uint64_t>(std::max(value, 0.0))); }

std::string with_two_places(double value) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value);
  return text.data();
}

}  // namespace

void Reading::add(const mortise_metric_view_t& metric) {
  if (metric.instance.data) return;  // a plugin's own
  const std::string_view name = view(metric.name);
  if (name == "build_info" && metric.label_count != 0) version = view(metric.labels[0].value);
  for (const auto& [source, field] : sources)
    if (source == name) this->*field += metric.value;
}

std::vector<std::pair<std::string, std::string>> Topics::from(const Reading& now,
                                                              std::chrono::nanoseconds at) {
  connected_most_ = std::max(connected_most_, now.connected);
  std::vector<std::pair<std::string, std::string>> all{
      {"version", "mortise version " + now.version},
      {"uptime", whole(now.uptime) + " seconds"},
      {"clients/total", whole(now.sessions)},
      {"clients/connected", whole(now.connected)},
      {"clients/disconnected", whole(now.sessions - now.connected)},
      {"clients/maximum", whole(connected_most_)},
      {"messages/received", whole(now.published)},
      {"messages/sent", whole(now.delivered)},
      {"messages/stored", whole(now.queued + now.retained)},
      {"publish/messages/received", whole(now.published)},
      {"publish/messages/sent", whole(now.delivered)},
      {"publish/messages/dropped", whole(now.dropped)},
      {"bytes/received", whole(now.bytes_received)},
      {"bytes/sent", whole(now.bytes_sent)},
      {"subscriptions/count", whole(now.subscriptions)},
      {"retained messages/count", whole(now.retained)},
  };
  for (const auto& [name, field] : loads) {
    Load& load = loads_[name];
    load.update(now.*field, at - last_);
    for (std::size_t i = 0; i < Load::minutes.size(); ++i)
      all.emplace_back("load/" + std::string{name} + '/' + whole(Load::minutes[i]) + "min",
                       with_two_places(load.average(i)));
  }
  last_ = at;
  for (auto& [topic, payload] : all) topic.insert(0, "$SYS/broker/");
  return all;
}

}  // namespace mortise::sys_topics
