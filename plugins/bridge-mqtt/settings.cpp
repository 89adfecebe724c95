#include "settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <limits>
#include <set>
#include <system_error>

#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"

namespace mortise::bridge {

namespace {

constexpr std::size_t name_max = 64;
constexpr std::uint64_t packet_size_least = 1024, packet_size_most = 256ULL << 20;
constexpr std::int64_t days_max = 49'710;  // in seconds 32 bits

std::string path_of(const std::string& text, const std::string& config_dir) {
  if (text.empty()) return {};
  return (std::filesystem::path{config_dir} / text).lexically_normal().string();
}

// "broker.example:8883", "10.0.0.2:1883", "[::1]:1883"; without a port: the usual one.
Address read_address(const config& from, bool has_tls) {
  std::string_view text = from.text();
  Address address;
  address.port = has_tls ? "8883" : "1883";
  const auto bad = [&](const char* what) {
    return finding{from.path(), what,
                   "write host:port, such as broker.example:8883, 10.0.0.2:1883 or \"[::1]:1883\""};
  };
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) throw bad("has a [ without its ]");
    address.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
  } else {
    const std::size_t colon = text.find(':');
    if (colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos)
      throw bad("is an IPv6 address without brackets");
    address.host = text.substr(0, colon);
    text.remove_prefix(std::min(colon, text.size()));
  }
  if (address.host.empty()) throw bad("names no host");
  if (text.empty()) return address;
  address.port = text.substr(1);
  unsigned number = 0;
  const char* const end = address.port.data() + address.port.size();
  const auto [last, fault] = std::from_chars(address.port.data(), end, number);
  if (text.front() != ':' || fault != std::errc{} || last != end || number == 0 || number > 65'535)
    throw bad("has no port between 1 and 65535");
  return address;
}

TlsSettings read_tls(const config& from, const std::string& config_dir) {
  TlsSettings tls;
  tls.ca = path_of(std::string{from.text("/ca", "")}, config_dir);
  tls.certificate = path_of(std::string{from.text("/certificate", "")}, config_dir);
  tls.key = path_of(std::string{from.text("/key", "")}, config_dir);
  tls.server_name = from.text("/server_name", "");
  if (tls.certificate.empty() != tls.key.empty())
    throw finding{from.path(), "has a certificate without its key, or a key without its certificate",
                  "name both files, or neither"};
  return tls;
}

std::string read_prefix(const config& from, const std::string& key) {
  const std::string prefix{from.text(key, "")};
  if (!prefix.empty() && (mqtt::has_wildcard(prefix) || !mqtt::is_utf8(prefix)))
    throw finding{from.path() + key, "has a wildcard",
                  "a prefix is the beginning of a topic name, such as site7/"};
  return prefix;
}

void read_routes(const config& from, std::vector<Route>& to) {
  from.each("", [&](const config& entry) {
    Route route;
    route.local_prefix = read_prefix(entry, "/local_prefix");
    route.remote_prefix = read_prefix(entry, "/remote_prefix");
    route.qos = static_cast<std::uint8_t>(entry.integer("/qos", 1));
    route.retain = entry.boolean("/retain", true);
    entry.each("/topics", [&](const config& topic) {
      route.filter = topic.text();
      for (const std::string& whole : {route.filter, route.local_filter(), route.remote_filter()})
        if (!mqtt::is_topic_filter(whole) || !mqtt::is_utf8(whole) || mqtt::split_shared(whole).shared)
          throw finding{topic.path(), "is no topic filter, with its prefixes: \"" + whole + "\"",
                        "write filters such as sensors/# or +/alarm; # stands last and alone in its level"};
      to.push_back(route);
    });
  });
}

std::chrono::seconds seconds_of(const config& from, const std::string& key, std::chrono::seconds otherwise,
                                std::int64_t least, std::int64_t most) {
  const auto read = std::chrono::duration_cast<std::chrono::seconds>(from.duration(key, otherwise));
  if (read.count() < least || read.count() > most)
    throw finding{from.path() + key,
                  "is not between " + std::to_string(least) + "s and " + std::to_string(most) + "s",
                  "say how long, such as 60s, 5m or 1d"};
  return read;
}

std::chrono::milliseconds milliseconds_of(const config& from, const std::string& key,
                                          std::chrono::milliseconds otherwise) {
  const auto read = std::chrono::duration_cast<std::chrono::milliseconds>(from.duration(key, otherwise));
  if (read < std::chrono::milliseconds{10} || read > std::chrono::hours{24})
    throw finding{from.path() + key, "is not between 10ms and 24h", "say how long, such as 500ms or 30s"};
  return read;
}

void read_queue(const config& from, LinkSettings& link) {
  const std::int64_t messages = from.integer("/queue/messages", link.queue_messages);
  if (messages < 1 || messages > std::numeric_limits<std::uint32_t>::max())
    throw finding{from.path() + "/queue/messages", "is not between 1 and 4294967295",
                  "say how many messages may wait while the remote is away"};
  link.queue_messages = static_cast<std::uint32_t>(messages);
  link.queue_bytes = from.bytes("/queue/bytes", link.queue_bytes);
  if (link.queue_bytes == 0)
    throw finding{from.path() + "/queue/bytes", "is 0",
                  "say how much may wait while the remote is away, such as 64MiB"};
  link.queue_age = seconds_of(from, "/queue/age", link.queue_age, 0, days_max * 86'400);
}

void read_packet_size(const config& from, LinkSettings& link) {
  const std::uint64_t bytes = from.bytes("/packet_size", link.packet_size);
  if (bytes < packet_size_least || bytes > packet_size_most)
    throw finding{from.path() + "/packet_size", "is not between 1KiB and 256MiB",
                  "say how large a packet of the remote may be, such as 8MiB"};
  link.packet_size = static_cast<std::uint32_t>(bytes);
}

LinkSettings read_link(const config& from, const std::string& config_dir) {
  LinkSettings link;
  link.name = from.text("/name");
  if (link.name.size() > name_max || mqtt::has_wildcard(link.name) ||
      link.name.find('/') != std::string::npos)
    throw finding{from.path() + "/name", "is longer than 64 bytes or holds one of / + #",
                  "the name is a level of the topic its state is published to"};
  if (from.at("/tls")) link.tls = read_tls(from.at("/tls"), config_dir);
  from.each("/addresses", [&](const config& entry) {
    link.addresses.push_back(read_address(entry, link.tls.has_value()));
  });
  link.is_v5 = from.text("/version", "5.0") == "5.0";
  link.bridge_bit = from.boolean("/bridge_bit", link.bridge_bit);
  link.client_id = from.text("/client_id");
  link.username = from.text("/username", "");
  link.password = from.text("/password", "");
  link.password_file = path_of(std::string{from.text("/password_file", "")}, config_dir);
  if (!link.password.empty() && !link.password_file.empty())
    throw finding{from.path() + "/password", "stands beside password_file", "keep one of the two"};
  if (link.username.empty() && !(link.password.empty() && link.password_file.empty()) && !link.is_v5)
    throw finding{from.path(), "has a password and no username, which MQTT 3.1.1 does not know",
                  "add the username"};
  link.persistent = from.text("/session", "persistent") == "persistent";
  link.session_expiry = seconds_of(from, "/session_expiry", std::chrono::hours{24 * 7}, 1,
                                   std::numeric_limits<std::uint32_t>::max());
  link.keep_alive = seconds_of(from, "/keep_alive", link.keep_alive, 1, 65'535);
  link.connect_timeout = milliseconds_of(from, "/connect_timeout", link.connect_timeout);
  link.reconnect_first = milliseconds_of(from, "/reconnect/first", link.reconnect_first);
  link.reconnect_longest = milliseconds_of(from, "/reconnect/longest", link.reconnect_longest);
  if (link.reconnect_longest < link.reconnect_first)
    throw finding{from.path() + "/reconnect", "has a longest wait that is shorter than the first",
                  "raise longest or lower first"};
  link.return_after = seconds_of(from, "/return_after", link.return_after, 0, days_max * 86'400);
  link.inflight = static_cast<std::uint16_t>(from.integer("/inflight", link.inflight));
  read_packet_size(from, link);
  link.rate = static_cast<std::uint32_t>(from.integer("/rate", link.rate));
  link.hops = static_cast<std::uint8_t>(from.integer("/hops", link.hops));
  read_queue(from, link);
  read_routes(from.at("/out"), link.out);
  for (std::size_t i = 0; i < link.out.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (link.out[i].local_filter() == link.out[k].local_filter())
        throw finding{from.path() + "/out", "takes \"" + link.out[i].local_filter() + "\" twice",
                      "a message goes to a remote once; use a second link for a second place there"};
  read_routes(from.at("/in"), link.in);
  if (link.out.empty() && link.in.empty())
    throw finding{from.path(), "carries no topics",
                  "add out: or in: with topics to carry, such as {topics: [\"#\"]}"};
  return link;
}

}  // namespace

Settings read_settings(const config& from, const std::string& config_dir) {
  Settings settings;
  std::set<std::string> names;
  from.each("/links", [&](const config& entry) {
    settings.links.push_back(read_link(entry, config_dir));
    if (!names.insert(settings.links.back().name).second)
      throw finding{entry.path() + "/name", "is the name of another link, too",
                    "give each link a name of its own"};
  });
  return settings;
}

std::vector<finding> unreadable_files(const config& from, const std::string& config_dir) {
  std::vector<finding> out;
  from.each("/links", [&](const config& link) {
    for (const char* const key : {"/password_file", "/tls/ca", "/tls/certificate", "/tls/key"}) {
      const std::string path = path_of(std::string{link.text(key, "")}, config_dir);
      if (path.empty() || ::access(path.c_str(), R_OK) == 0) continue;
      const int why = errno;
      out.emplace_back(link.path() + key, path + " cannot be read: " + std::generic_category().message(why),
                       "the link does not connect before it can be");
    }
  });
  return out;
}

}  // namespace mortise::bridge
