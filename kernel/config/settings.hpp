// Every setting of mortise.yaml: its field, its default, its limits and its sentence in the manual.
//
// Each struct is followed by its rows. Reader and JSON Schema are made from the same rows: row(key, field,
// rule, sentence) for what may be left out, row.required(key, example, field, rule, sentence) for what may
// not.
//
// Thread: any, once read.   Owns: everything.   Source: sizes are bytes, an empty optional is what its
// comment says.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "config/bind.hpp"
#include "config/finding.hpp"
#include "config/rule.hpp"
#include "config/tree.hpp"
#include "config/units.hpp"

namespace mortise::config {

// How safe a message is before it is acknowledged, from weak to strong.
enum class Durability { memory, written, synced };
constexpr std::array<std::string_view, 3> names_of(Durability) { return {"memory", "written", "synced"}; }

enum class Overflow { drop_oldest, drop_newest };
constexpr std::array<std::string_view, 2> names_of(Overflow) { return {"drop_oldest", "drop_newest"}; }

enum class OnStoreFailure { refuse, memory };
constexpr std::array<std::string_view, 2> names_of(OnStoreFailure) { return {"refuse", "memory"}; }

enum class GrantPolicy { as_asked, strict };
constexpr std::array<std::string_view, 2> names_of(GrantPolicy) { return {"default", "strict"}; }

enum class Anonymous { deny, allow };
constexpr std::array<std::string_view, 2> names_of(Anonymous) { return {"deny", "allow"}; }

enum class Version { v3_1_1, v5_0 };
constexpr std::array<std::string_view, 2> names_of(Version) { return {"3.1.1", "5.0"}; }

enum class Fallback { allow, deny, pass };
constexpr std::array<std::string_view, 3> names_of(Fallback) { return {"allow", "deny", "pass"}; }

enum class Transport { mqtt, websocket };
constexpr std::array<std::string_view, 2> names_of(Transport) { return {"mqtt", "websocket"}; }

enum class ProxyProtocol { off, optional, required };
constexpr std::array<std::string_view, 3> names_of(ProxyProtocol) { return {"off", "optional", "required"}; }

template <class Enum>
constexpr std::string_view name_of(Enum value) {
  return names_of(value)[static_cast<std::size_t>(value)];
}

struct Limits {
  std::optional<std::uint32_t> connections = 100'000;  // empty: unlimited
  std::uint32_t packet_size = 2 * mebibyte;
  base::Duration connect_timeout = std::chrono::seconds{5};
  std::uint32_t topic_levels = 64;
};

template <class Row>
void describe(Row& row, Limits& s) {
  row("connections", s.connections, Count{1, 10'000'000, "unlimited"}, "The most clients connected at once.");
  row("packet_size", s.packet_size, Size{1 * kibibyte, 256 * mebibyte},
      "The largest MQTT packet a client may send.");
  row("connect_timeout", s.connect_timeout, Period{std::chrono::milliseconds{100}, std::chrono::minutes{5}},
      "How long a new connection may take until its CONNECT is there.");
  row("topic_levels", s.topic_levels, Count{1, 65'535}, "The most levels a topic name or filter may have.");
}

struct Queue {
  std::optional<std::uint64_t> messages = 100'000;     // empty: unlimited
  std::optional<std::uint64_t> bytes = 64 * mebibyte;  // empty: unlimited
  Overflow overflow = Overflow::drop_oldest;
};

template <class Row>
void describe(Row& row, Queue& s) {
  row("messages", s.messages, Count{1, 1'000'000'000, "unlimited"},
      "The most messages that wait for one client.");
  row("bytes", s.bytes, Size{1 * kibibyte, 1024 * gibibyte, "unlimited"},
      "The most bytes that wait for one client.");
  row("overflow", s.overflow, Choice{}, "Which message gives way when a client's queue is full.");
}

struct Session {
  std::optional<base::Duration> expiry_maximum =
      std::chrono::hours{7 * 24};  // empty: as long as the client asks
  std::uint16_t receive_maximum = 64;
  std::uint16_t inflight_maximum = 64;
  std::optional<base::Duration> keep_alive_maximum =
      std::chrono::hours{18};                // empty: as long as the client asks
  std::optional<Located<Durability>> store;  // empty: the strongest there is
  Queue queue;
};

template <class Row>
void describe(Row& row, Session& s) {
  row("expiry_maximum", s.expiry_maximum,
      Period{std::chrono::seconds{0}, std::chrono::hours{100 * 365 * 24}, "unlimited",
             std::chrono::seconds{1}},
      "The longest a session outlives its connection; a client that asks for more is told this.");
  row("receive_maximum", s.receive_maximum, Count{1, 65'535},
      "How many QoS 1 and 2 messages a client may have under way to the broker.");
  row("inflight_maximum", s.inflight_maximum, Count{1, 65'535},
      "How many QoS 1 and 2 messages the broker keeps under way to a client that allows more.");
  row("keep_alive_maximum", s.keep_alive_maximum,
      Period{std::chrono::seconds{1}, std::chrono::seconds{65'535}, "unlimited", std::chrono::seconds{1}},
      "The longest keep alive; a 5.0 client that asks for more, or for none, is told this.");
  row("store", s.store, Choice{},
      "How safe sessions and subscriptions are kept; left out, as safe as the safest topic.");
  row("queue", s.queue, Section{}, "What may wait for one client.");
}

struct Store {
  std::uint64_t pending = 32 * mebibyte;
  std::uint64_t resident = 64 * mebibyte;
  std::optional<base::Duration> stall = std::chrono::seconds{30};  // empty: wait for ever
  OnStoreFailure on_failure = OnStoreFailure::refuse;
};

template <class Row>
void describe(Row& row, Store& s) {
  row("pending", s.pending, Size{64 * kibibyte, 1024 * gibibyte},
      "How much may be on its way to the store; beyond it publishers wait.");
  row("resident", s.resident, Size{0, 1024 * gibibyte},
      "How much memory messages may take before what waits for clients is kept in the store only.");
  row("stall", s.stall, Period{std::chrono::seconds{1}, std::chrono::hours{24}, "unlimited"},
      "How long a 3.1.1 publisher waits for a store that has failed before its connection is closed.");
  row("on_failure", s.on_failure, Choice{},
      "While the store has failed: refuse what it has to keep, or acknowledge from memory as far as pending "
      "goes.");
}

struct AcknowledgeClass {
  std::vector<Located<std::string>> topics;  // topic filters; app checks that they are well-formed
  Located<Durability> after;
};

template <class Row>
void describe(Row& row, AcknowledgeClass& s) {
  row.required("topics", "[\"telemetry/#\"]", s.topics, List<Text>{{}, Empty::refused},
               "Topic filters; a message belongs to the first class that has one matching its topic.");
  row.required("after", "written", s.after, Choice{},
               "How safe a message must be before it is acknowledged.");
}

struct Kernel {
  std::optional<std::uint32_t> threads;            // empty: auto, half of the cores
  std::vector<std::filesystem::path> plugin_path;  // absolute; empty: the installed one
  Limits limits;
  Session session;
  Store store;
  std::optional<Located<std::vector<AcknowledgeClass>>>
      acknowledge;  // empty: the strongest there is, for all topics
  GrantPolicy grants = GrantPolicy::as_asked;
};

template <class Row>
void describe(Row& row, Kernel& s) {
  row("threads", s.threads, Count{1, 64, "auto"}, "How many loops serve clients; auto is half of the cores.");
  row("plugin_path", s.plugin_path, List<Path>{{}, Empty::allowed},
      "Folders where plugin libraries are looked for, in this order; left out, the installed one.");
  row("limits", s.limits, Section{}, "What the broker as a whole may take.");
  row("session", s.session, Section{}, "What one client may ask for.");
  row("store", s.store, Section{}, "How the broker treats its store plugin.");
  row("acknowledge", s.acknowledge, List<Section>{{}, Empty::refused},
      "How safe messages are before they are acknowledged, by topic; left out, as safe as the store plugin "
      "can.");
  row("grants", s.grants, Choice{},
      "Whether a plugin without grants gets what it asks for (default), or must be given a list (strict).");
}

struct WebSocket {
  Located<std::string> path{"/mqtt", {}};
  std::optional<std::vector<Located<std::string>>> origins;  // empty: any
  std::vector<Located<std::string>> trusted_proxies;         // networks; app checks that they are well-formed
};

template <class Row>
void describe(Row& row, WebSocket& s) {
  row("path", s.path, Text{}, "The path clients ask for.");
  row("origins", s.origins, List<Text>{{}, Empty::refused},
      "The pages that may connect, such as https://panel.example; left out, any. Clients that are no browser "
      "send none and are let in.");
  row("trusted_proxies", s.trusted_proxies, List<Text>{{}, Empty::allowed},
      "Networks of proxies whose X-Forwarded-For says who the client is.");
}

struct Listener {
  Located<std::string> name;
  Located<Bind> bind;
  std::optional<Located<std::string>> mode, owner, group;  // of a Unix socket
  Transport transport = Transport::mqtt;
  std::optional<Located<WebSocket>> websocket;
  ProxyProtocol proxy_protocol = ProxyProtocol::off;
  std::vector<Located<std::string>> proxies;  // networks; app checks that they are well-formed
  Anonymous anonymous = Anonymous::deny;
  std::vector<Version> versions{Version::v3_1_1, Version::v5_0};
  std::optional<std::vector<Located<std::string>>> authenticate;  // plugin names in order; empty: all of them
};

template <class Row>
void describe(Row& row, Listener& s) {
  row.required("name", "local", s.name, Name{}, "What logs, metrics and commands call this listener.");
  row.required(
      "bind", "127.0.0.1:1883", s.bind, Address{},
      "Address and port to listen on; \"*:1883\" is every address, and wants the quotes. unix:PATH is a "
      "Unix socket, systemd or systemd:NAME a socket that systemd passes.");
  row("mode", s.mode, Text{}, "The mode of a Unix socket, in quotes; left out, \"0660\".");
  row("owner", s.owner, Text{},
      "The user a Unix socket belongs to, by name or number; left out, the broker's.");
  row("group", s.group, Text{},
      "The group a Unix socket belongs to, by name or number; left out, the broker's.");
  row("transport", s.transport, Choice{}, "Whether clients speak MQTT right away, or MQTT over WebSocket.");
  row("websocket", s.websocket, Section{}, "How a listener with transport: websocket answers.");
  row("proxy_protocol", s.proxy_protocol, Choice{},
      "Whether a proxy says in a PROXY header, version 1 or 2, who the client is.");
  row("proxies", s.proxies, List<Text>{{}, Empty::allowed},
      "Networks whose PROXY header is believed, such as 10.0.0.0/8.");
  row("anonymous", s.anonymous, Choice{}, "Whether a client may connect without a user name.");
  row("versions", s.versions, List<Choice>{{}, Empty::refused}, "The MQTT versions a client may speak.");
  row("authenticate", s.authenticate, List<Text>{{}, Empty::refused},
      "The plugins that are asked who a client is, in this order; left out, all that can tell.");
}

// The operator's word over what the plugin proposes for one of its hooks; what is left out stays as proposed.
struct HookChange {
  std::optional<std::int32_t> priority;
  std::optional<std::vector<Located<std::string>>>
      filters;  // topic filters; app checks that they are well-formed
  std::optional<base::Duration> deadline;
  std::optional<Fallback> fallback;
};

template <class Row>
void describe(Row& row, HookChange& s) {
  row("priority", s.priority, Count{-1'000'000, 1'000'000},
      "Where this plugin stands in the row: lower is asked first.");
  row("filters", s.filters, List<Text>{{}, Empty::refused},
      "Topic filters; for other topics the plugin is not asked.");
  row("deadline", s.deadline, Period{std::chrono::milliseconds{1}, std::chrono::hours{1}},
      "How long an answer may take before the fallback counts.");
  row("fallback", s.fallback, Choice{}, "What counts as the answer when the plugin gave none in time.");
}

struct HookChanges {
  std::optional<HookChange> authenticate, authorise, intercept, observe;
};

template <class Row>
void describe(Row& row, HookChanges& s) {
  row("authenticate", s.authenticate, Section{}, "Who a client is.");
  row("authorise", s.authorise, Section{}, "What a client may publish and subscribe.");
  row("intercept", s.intercept, Section{}, "Messages on their way in.");
  row("observe", s.observe, Section{}, "What has happened.");
}

struct Plugin {
  Located<std::string> name;
  Located<std::string> library;  // a bare name, or an absolute path when the file says a path
  bool required = true;
  HookChanges hooks;
  std::optional<std::vector<Located<std::string>>> grants;  // empty: as Kernel::grants says
  Tree config = Tree::map({});                              // never null; paths in it are left as written
  bool sound = true;  // false: an error is about this entry, so it cannot be asked about its own part
};

template <class Row>
void describe(Row& row, Plugin& s) {
  row.required("name", "log", s.name, Name{}, "What logs, metrics, commands and listeners call this plugin.");
  row.required("library", "log", s.library, Library{},
               "Which plugin this is: a name to look for in the plugin path, or the path of a library.");
  row("required", s.required, Flag{}, "Whether the broker refuses to start without this plugin.");
  row("hooks", s.hooks, Section{}, "Changes to what the plugin proposes for its hooks.");
  row("grants", s.grants, List<Text>{{}, Empty::allowed}, "What the plugin may use of the broker.");
  row("config", s.config, Subtree{}, "The plugin's own settings, checked by the plugin's own schema.");
}

struct Settings {
  std::filesystem::path file;    // absolute
  std::filesystem::path folder;  // of the file: where relative paths start
  Kernel kernel;
  std::vector<Listener> listeners;
  std::vector<Plugin> plugins;  // in the order of the file
};

template <class Row>
void describe(Row& row, Settings& s) {
  row("kernel", s.kernel, Section{}, "The broker itself.");
  row.required("listeners", "[{name: local, bind: \"127.0.0.1:1883\"}]", s.listeners,
               List<Section>{{}, Empty::refused}, "Where clients connect.");
  row("plugins", s.plugins, List<Section>{{}, Empty::allowed},
      "Everything the broker is to do beyond routing.");
}

}  // namespace mortise::config
