// Every figure of the kernel's own that the metrics service shows: its name, its kind and its sentence.
//
// Thread: any; constants.
// Source: mortise/services/metrics.h for what names look like; plugins/metrics-prometheus/README.md has them as a
//         table, and tests/e2e/metrics_test.py holds it to this one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "mortise/services/metrics.h"

namespace mortise::host {

enum class Figure : std::uint8_t {
  build_info,
  uptime,
  connections,
  connections_accepted,
  bytes_received,
  bytes_sent,
  listener_messages_received,
  listener_messages_delivered,
  messages_received,
  messages_routed,
  messages_to_nobody,
  messages_refused,
  messages_delivered,
  retained_refused,
  deliveries,
  deliveries_restored,
  deliveries_queued,
  deliveries_dropped,
  limit_hits,
  sessions,
  sessions_connected,
  subscriptions,
  retained_messages,
  retained_bytes,
  memory,
  memory_limit,
  memory_pressure,
  store_failing,
  store_pending,
  store_lag,
  store_lag_time,
  store_commit_bytes,
  store_commit_batches,
  loop_turn,
  log_lines_dropped,
  plugin_running,
  plugin_faults,
  plugin_late_answers,
  plugin_message_bytes,
  plugin_lost_messages,
  plugin_lost_bytes,
  plugin_refused_connections,
  hook_calls,
  hook_sampled_calls,
  hook_sampled_time,
  hook_slow_calls,
  hook_deferred,
  count
};

struct FigureName {
  std::string_view name;
  std::uint32_t kind;  // MORTISE_COUNTER to MORTISE_HISTOGRAM
  std::string_view help;
};

inline constexpr std::array<FigureName, static_cast<std::size_t>(Figure::count)> figure_names{{
    {"build_info", MORTISE_GAUGE, "Always 1; the label says which version runs."},
    {"uptime_seconds", MORTISE_GAUGE, "How long the broker has been running."},
    {"connections", MORTISE_GAUGE, "Connections that are open, with a CONNECT or without."},
    {"connections_accepted_total", MORTISE_COUNTER, "Connections that were let in by the listener."},
    {"received_bytes_total", MORTISE_COUNTER, "Bytes read from the sockets of clients."},
    {"sent_bytes_total", MORTISE_COUNTER, "Bytes written to the sockets of clients."},
    {"listener_messages_received_total", MORTISE_COUNTER,
     "Messages that clients of the listener have published."},
    {"listener_messages_delivered_total", MORTISE_COUNTER,
     "Deliveries that reached a client of the listener: acknowledged, or written for QoS 0."},
    {"messages_received_total", MORTISE_COUNTER, "Messages that were published, by clients or plugins."},
    {"messages_routed_total", MORTISE_COUNTER, "Of those, messages that were shown to the subscriptions."},
    {"messages_to_nobody_total", MORTISE_COUNTER, "Of those, messages that no subscription matched."},
    {"messages_refused_total", MORTISE_COUNTER, "Messages that were published and not taken, by reason."},
    {"messages_delivered_total", MORTISE_COUNTER,
     "Deliveries that reached their client: acknowledged, or written for QoS 0."},
    {"retained_refused_total", MORTISE_COUNTER, "Messages that were delivered and not kept as retained."},
    {"deliveries_total", MORTISE_COUNTER, "Deliveries that came up: a message for a session."},
    {"deliveries_restored_total", MORTISE_COUNTER, "Deliveries that came from the store at the start."},
    {"deliveries_queued", MORTISE_GAUGE, "Deliveries that wait or are not acknowledged yet."},
    {"deliveries_dropped_total", MORTISE_COUNTER, "Deliveries that were given up, by reason."},
    {"limit_hits_total", MORTISE_COUNTER, "How often each of the operator's limits took hold."},
    {"sessions", MORTISE_GAUGE, "Sessions there are, with a client or without."},
    {"sessions_connected", MORTISE_GAUGE, "Sessions whose client is connected, those of plugins among them."},
    {"subscriptions", MORTISE_GAUGE, "Subscriptions of all sessions, shared ones among them."},
    {"retained_messages", MORTISE_GAUGE, "Retained messages there are."},
    {"retained_bytes", MORTISE_GAUGE, "Bytes of their topics and payloads."},
    {"memory_bytes", MORTISE_GAUGE, "What takes memory, by account; limits.memory is held against the sum."},
    {"memory_limit_bytes", MORTISE_GAUGE, "limits.memory; absent when it is unlimited."},
    {"memory_pressure", MORTISE_GAUGE,
     "What is shed: 0 nothing, 1 slow readers, 2 new sessions, 3 queues, 4 all."},
    {"store_failing", MORTISE_GAUGE, "1 while the store cannot take anything new."},
    {"store_pending_bytes", MORTISE_GAUGE, "Bytes handed to the store and not yet written by it."},
    {"store_lag_batches", MORTISE_GAUGE, "Batches handed to the store that have not reached the level yet."},
    {"store_lag_seconds", MORTISE_GAUGE, "How long the oldest of these batches has waited; 0 without one."},
    {"store_commit_bytes", MORTISE_HISTOGRAM,
     "Bytes of the batches that were given to the store in one commit."},
    {"store_commit_batches", MORTISE_HISTOGRAM, "Batches that were given to the store in one commit."},
    {"loop_turn_seconds", MORTISE_HISTOGRAM, "How long the turns of a loop take, plugins' hooks among it."},
    {"log_lines_dropped_total", MORTISE_COUNTER, "Log lines that no sink was quick enough for."},
    {"plugin_running", MORTISE_GAUGE, "1 while the plugin runs."},
    {"plugin_faults_total", MORTISE_COUNTER, "Mistakes of the plugin: its log lines say which."},
    {"plugin_late_answers_total", MORTISE_COUNTER, "Answers of the plugin that came after their deadline."},
    {"plugin_message_bytes", MORTISE_GAUGE, "Bytes of messages in memory that the plugin has made."},
    {"plugin_lost_messages_total", MORTISE_COUNTER, "Messages that plugins gave up, by their reasons."},
    {"plugin_lost_bytes_total", MORTISE_COUNTER, "Payload bytes of those messages."},
    {"plugin_refused_connections_total", MORTISE_COUNTER,
     "Connections that plugins refused by their address, by their reasons."},
    {"plugin_hook_calls_total", MORTISE_COUNTER, "Calls of the plugin's hooks."},
    {"plugin_hook_sampled_calls_total", MORTISE_COUNTER, "Of those, calls whose time was taken: one in 64."},
    {"plugin_hook_sampled_seconds_total", MORTISE_COUNTER, "How long the calls took whose time was taken."},
    {"plugin_hook_slow_calls_total", MORTISE_COUNTER,
     "Of those, calls on a loop that took longer than limits.hook_time."},
    {"plugin_hook_deferred_total", MORTISE_COUNTER,
     "Answers that the plugin gave later, or has yet to give."},
}};

constexpr const FigureName& name_of(Figure figure) { return figure_names[static_cast<std::size_t>(figure)]; }

}  // namespace mortise::host
