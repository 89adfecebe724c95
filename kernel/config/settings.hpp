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

enum class Overflow { drop_oldest, drop_newest, disconnect };
constexpr std::array<std::string_view, 3> names_of(Overflow) {
  return {"drop_oldest", "drop_newest", "disconnect"};
}

enum class OnStoreFailure { refuse, memory };
constexpr std::array<std::string_view, 2> names_of(OnStoreFailure) { return {"refuse", "memory"}; }

enum class GrantPolicy { as_asked, strict };
constexpr std::array<std::string_view, 2> names_of(GrantPolicy) { return {"default", "strict"}; }

enum class Anonymous { deny, allow };
constexpr std::array<std::string_view, 2> names_of(Anonymous) { return {"deny", "allow"}; }

enum class Version { v3_1, v3_1_1, v5_0 };
constexpr std::array<std::string_view, 3> names_of(Version) { return {"3.1", "3.1.1", "5.0"}; }

enum class Verify { none, optional, required };
constexpr std::array<std::string_view, 3> names_of(Verify) { return {"none", "optional", "required"}; }

enum class CertificateIdentity { none, common_name, subject, san };
constexpr std::array<std::string_view, 4> names_of(CertificateIdentity) {
  return {"none", "common_name", "subject", "san"};
}

enum class PskIdentity { none, username };
constexpr std::array<std::string_view, 2> names_of(PskIdentity) { return {"none", "username"}; }

enum class TlsVersion { v1_2, v1_3 };
constexpr std::array<std::string_view, 2> names_of(TlsVersion) { return {"1.2", "1.3"}; }

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

// What is empty is unlimited.
struct Limits {
  std::optional<std::uint64_t> memory = 512 * mebibyte;
  std::optional<std::uint32_t> connections = 100'000;
  std::optional<std::uint32_t> connections_per_address;
  std::optional<std::uint32_t> connect_rate_per_address;
  std::optional<std::uint32_t> connect_rate_per_client;
  std::optional<std::uint32_t> half_open = 1'000;
  base::Duration connect_timeout = std::chrono::seconds{5};
  std::uint32_t connect_packet_size = 128 * kibibyte;
  std::uint32_t packet_size = 2 * mebibyte;
  std::uint32_t topic_length = 65'535;
  std::uint32_t topic_levels = 64;
  std::uint32_t filters = 1'000;
  std::optional<std::uint64_t> publish_rate;
  std::optional<std::uint64_t> publish_bytes;
  std::uint64_t write_buffer = 128 * kibibyte;
  std::optional<base::Duration> hook_time = std::chrono::milliseconds{1};
};

template <class Row>
void describe(Row& row, Limits& s) {
  row("memory", s.memory, Size{8 * mebibyte, 1024 * gibibyte, "unlimited"},
      "How much memory messages, sessions and connections may take in all; near it the broker sheds in a "
      "stated "
      "order.");
  row("connections", s.connections, Count{1, 10'000'000, "unlimited"}, "The most clients connected at once.");
  row("connections_per_address", s.connections_per_address, Count{1, 10'000'000, "unlimited"},
      "The most clients of one address connected to a listener at once; of IPv6, of one network of 64 bits.");
  row("connect_rate_per_address", s.connect_rate_per_address, Count{1, 1'000'000, "unlimited"},
      "How often an address may connect to a listener in a second.");
  row("connect_rate_per_client", s.connect_rate_per_client, Count{1, 1'000'000, "unlimited"},
      "How often a client identifier may connect in a second: two devices that share one throw each other "
      "out.");
  row("half_open", s.half_open, Count{1, 10'000'000, "unlimited"},
      "How many connections of a listener may be without a CONNECT at once; more wait to be accepted.");
  row("connect_timeout", s.connect_timeout, Period{std::chrono::milliseconds{100}, std::chrono::minutes{5}},
      "How long a new connection may take until its CONNECT is there.");
  row("connect_packet_size", s.connect_packet_size, Size{1 * kibibyte, 256 * mebibyte},
      "The largest MQTT packet a client may send before it is let in.");
  row("packet_size", s.packet_size, Size{1 * kibibyte, 256 * mebibyte},
      "The largest MQTT packet a client may send.");
  row("topic_length", s.topic_length, Count{1, 65'535}, "The most bytes a topic name or filter may have.");
  row("topic_levels", s.topic_levels, Count{1, 65'535}, "The most levels a topic name or filter may have.");
  row("filters", s.filters, Count{1, 1'000'000}, "The most topic filters a SUBSCRIBE may have.");
  row("publish_rate", s.publish_rate, Count{1, 10'000'000, "unlimited"},
      "How many messages a client may publish in a second; one that is faster is not read for a while.");
  row("publish_bytes", s.publish_bytes, Size{1, 1024 * gibibyte, "unlimited"},
      "How many bytes of topic and payload a client may publish in a second.");
  row("write_buffer", s.write_buffer, Size{4 * kibibyte, 256 * mebibyte},
      "How much may be unwritten to a client that reads slowly before its messages wait in its queue.");
  row("hook_time", s.hook_time, Period{std::chrono::milliseconds{1}, std::chrono::minutes{1}, "unlimited"},
      "How long a plugin may take for one answer on a loop before the log names it; one call in 64 is looked "
      "at.");
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
  std::uint16_t topic_alias_maximum = 64;
  base::Duration retry_interval{};  // 0: never
  std::optional<std::string> response_information;
  std::optional<base::Duration> keep_alive_maximum =
      std::chrono::hours{18};                // empty: as long as the client asks
  std::optional<Located<Durability>> store;  // empty: the strongest there is
  std::uint32_t subscriptions = 100'000;
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
  row("topic_alias_maximum", s.topic_alias_maximum, Count{0, 65'535},
      "How many topic aliases there are for a connection in each direction; 0 is none.");
  row("retry_interval", s.retry_interval, Period{std::chrono::seconds{0}, std::chrono::hours{24}},
      "After which time a 3.1 or 3.1.1 client is sent again what it has not acknowledged, on the same "
      "connection; 0s is never. Once or twice that long may pass.");
  row("response_information", s.response_information, Text{},
      "What a 5.0 client is told that asks for response information, such as a topic below which it may "
      "expect answers; %c is its client identifier.");
  row("keep_alive_maximum", s.keep_alive_maximum,
      Period{std::chrono::seconds{1}, std::chrono::seconds{65'535}, "unlimited", std::chrono::seconds{1}},
      "The longest keep alive; a 5.0 client that asks for more, or for none, is told this.");
  row("store", s.store, Choice{},
      "How safe sessions and subscriptions are kept; left out, as safe as the safest topic.");
  row("subscriptions", s.subscriptions, Count{1, 10'000'000}, "The most subscriptions a client may have.");
  row("queue", s.queue, Section{}, "What may wait for one client.");
}

struct Retained {
  std::optional<std::uint64_t> messages, bytes, payload;  // empty: unlimited
};

template <class Row>
void describe(Row& row, Retained& s) {
  row("messages", s.messages, Count{1, 1'000'000'000, "unlimited"},
      "The most retained messages there may be; another is delivered and not kept.");
  row("bytes", s.bytes, Size{1, 1024 * gibibyte, "unlimited"},
      "The most bytes the topics and payloads of retained messages may have.");
  row("payload", s.payload, Size{1, 256 * mebibyte, "unlimited"}, "The largest payload that is retained.");
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
  Retained retained;
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
  row("retained", s.retained, Section{}, "What may be retained.");
  row("store", s.store, Section{}, "How the broker treats its store plugin.");
  row("acknowledge", s.acknowledge, List<Section>{{}, Empty::refused},
      "How safe messages are before they are acknowledged, by topic; left out, as safe as the store plugin "
      "can.");
  row("grants", s.grants, Choice{},
      "Whether a plugin without grants gets what it asks for (default), or must be given a list (strict).");
}

struct TlsCertificate {
  Located<std::filesystem::path> certificate, key;
};

template <class Row>
void describe(Row& row, TlsCertificate& s) {
  row.required("certificate", "server.pem", s.certificate, Path{},
               "A PEM file: the server's certificate, then those that lead to its root.");
  row.required("key", "server.key", s.key, Path{}, "A PEM file: the private key of the certificate.");
}

struct TlsPsk {
  PskIdentity identity = PskIdentity::none;
  std::optional<Located<std::string>> hint;
};

template <class Row>
void describe(Row& row, TlsPsk& s) {
  row("identity", s.identity, Choice{},
      "Whether the identity that belongs to a client's key is its user name.");
  row("hint", s.hint, Text{},
      "What a TLS 1.2 client is told so that it can choose among its keys; left out, nothing.");
}

// Of the files nobody has read yet; app lets net do that.
struct Tls {
  std::optional<Located<std::filesystem::path>> certificate, key;  // both, or neither beside psk
  std::vector<TlsCertificate> certificates;
  std::optional<Located<std::filesystem::path>> client_ca, crl;
  Located<Verify> verify;
  Located<CertificateIdentity> identity;
  TlsVersion minimum_version = TlsVersion::v1_2;
  std::optional<Located<std::string>> ciphers, cipher_suites, curves;  // as OpenSSL writes them
  std::optional<Located<TlsPsk>> psk;                                  // empty: no keys, certificates only
};

template <class Row>
void describe(Row& row, Tls& s) {
  row("certificate", s.certificate, Path{},
      "A PEM file: the server's certificate, then those that lead to its root; needed unless there is psk.");
  row("key", s.key, Path{}, "A PEM file: the private key of the certificate.");
  row("certificates", s.certificates, List<Section>{{}, Empty::allowed},
      "More certificates, for clients that ask for a server by another name (SNI).");
  row("client_ca", s.client_ca, Path{},
      "A PEM file, or a folder of .pem and .crt files: the authorities whose clients are trusted.");
  row("crl", s.crl, Path{}, "A PEM file: the revocation lists of those authorities.");
  row("verify", s.verify, Choice{},
      "Whether clients are asked for a certificate, and whether one without gets in.");
  row("identity", s.identity, Choice{},
      "Which part of a client's certificate is its user name; san is the first DNS name, URI or e-mail.");
  row("minimum_version", s.minimum_version, Choice{}, "The oldest version of TLS a client may speak.");
  row("ciphers", s.ciphers, Text{},
      "The ciphers of TLS 1.2 in OpenSSL's notation; left out, those with forward secrecy and AEAD.");
  row("cipher_suites", s.cipher_suites, Text{},
      "The cipher suites of TLS 1.3 in OpenSSL's notation; left out, OpenSSL's.");
  row("curves", s.curves, Text{},
      "The curves for key exchange in OpenSSL's notation; left out, X25519:P-256:P-384.");
  row("psk", s.psk, Section{},
      "Clients may use a key of their own (PSK), which a plugin knows, in place of certificates.");
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

// Of one listener. What is empty is unlimited, or as the kernel's limits say.
struct ListenerLimits {
  std::optional<std::uint32_t> connections;
  std::optional<std::uint32_t> packet_size;
  std::optional<std::uint64_t> publish_rate;
  std::optional<std::uint64_t> publish_bytes;
};

template <class Row>
void describe(Row& row, ListenerLimits& s) {
  row("connections", s.connections, Count{1, 10'000'000, "unlimited"},
      "The most clients connected to this listener at once.");
  row("packet_size", s.packet_size, Size{1 * kibibyte, 256 * mebibyte},
      "The largest MQTT packet its clients may send; left out, kernel.limits.packet_size.");
  row("publish_rate", s.publish_rate, Count{1, 100'000'000, "unlimited"},
      "How many messages its clients may publish in a second, all together.");
  row("publish_bytes", s.publish_bytes, Size{1, 1024 * gibibyte, "unlimited"},
      "How many bytes of topic and payload its clients may publish in a second, all together.");
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
  std::optional<Located<Tls>> tls;  // empty: plain
  std::vector<Version> versions{Version::v3_1, Version::v3_1_1, Version::v5_0};
  std::uint8_t maximum_qos = 2;
  bool retain = true;
  bool wildcard_subscriptions = true;
  bool subscription_identifiers = true;
  bool shared_subscriptions = true;
  bool check_payload_format = false;
  ListenerLimits limits;
  std::optional<std::vector<Located<std::string>>> authenticate;  // plugin names in order; empty: all of them
  std::optional<Located<std::string>> mount_point;  // app checks that it is well-formed; empty: none
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
  row("tls", s.tls, Section{}, "Certificates, keys and whom to trust; left out, nothing is encrypted.");
  row("versions", s.versions, List<Choice>{{}, Empty::refused}, "The MQTT versions a client may speak.");
  row("maximum_qos", s.maximum_qos, Count{0, 2},
      "The highest QoS; a client that publishes above it is disconnected, a subscription gets no more.");
  row("retain", s.retain, Flag{}, "Whether clients may publish retained messages.");
  row("wildcard_subscriptions", s.wildcard_subscriptions, Flag{},
      "Whether clients may subscribe with + and #.");
  row("subscription_identifiers", s.subscription_identifiers, Flag{},
      "Whether 5.0 clients may give their subscriptions a number.");
  row("shared_subscriptions", s.shared_subscriptions, Flag{},
      "Whether clients may share subscriptions, as $share/NAME/FILTER.");
  row("check_payload_format", s.check_payload_format, Flag{},
      "Whether a payload that says it is UTF-8 has to be; one that is not is refused.");
  row("limits", s.limits, Section{}, "What its clients may take, beside the kernel's limits.");
  row("authenticate", s.authenticate, List<Text>{{}, Empty::refused},
      "The plugins that are asked who a client is, and for its key (PSK), in this order; left out, all that "
      "can tell.");
  row("mount_point", s.mount_point, Text{},
      "Below which topic clients live, such as site/%u/: it stands before every topic they name, and they do "
      "not see it; %u is the user name, %c the client identifier; left out, they see all topics.");
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
