#include "net/proxy_header.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "mqtt/utf8.hpp"

namespace mortise::net {

namespace {

using Outcome = base::Result<Introduction, std::string>;

constexpr std::string_view v1_opening = "PROXY ";
constexpr std::string_view v2_opening{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t v1_max = 107;  // with its line's end
constexpr std::size_t v2_fixed = 16;
constexpr std::size_t v2_max = 4096;

base::Failure<std::string> wrong(const char* what) {
  return base::Failure{std::string{"PROXY header: "} + what};
}

bool begins(std::string_view bytes, std::string_view opening) {
  const std::size_t both = std::min(bytes.size(), opening.size());
  return bytes.substr(0, both) == opening.substr(0, both);
}

// Printable, so that nobody writes lines into a log.
std::string for_people(std::string_view text) {
  std::string shown{text};
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  return shown;
}

// ---- version 1: a line of text

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [rest, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (fault != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return port;
}

// `line` without its end.
Outcome read_v1(std::string_view line) {
  line.remove_prefix(v1_opening.size());
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return Introduction{};
  std::array<std::string_view, 5> words;  // family, source, destination, their ports
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t space = line.find(' ');
    if ((space == line.npos) != (i + 1 == words.size())) return wrong("not five words");
    words[i] = line.substr(0, space);
    line.remove_prefix(space == line.npos ? line.size() : space + 1);
  }
  const bool is_v4 = words[0] == "TCP4";
  if (!is_v4 && words[0] != "TCP6") return wrong("neither TCP4 nor TCP6 nor UNKNOWN");
  const auto is_of_family = [&](std::string_view text) {
    return Address::from(text) && (text.find(':') == text.npos) == is_v4;
  };
  if (!is_of_family(words[1]) || !is_of_family(words[2])) return wrong("an address is not of its family");
  const auto port = port_of(words[3]);
  if (!port || !port_of(words[4])) return wrong("a port is not a number up to 65535");
  return Introduction{text_of(*Address::from(words[1]), *port), {}, {}};
}

// ---- version 2: bytes

std::size_t number(mqtt::Bytes bytes) {
  std::size_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

std::string_view text(mqtt::Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Visits type and value of each; false: they do not fit their length.
template <class Visit>
bool each_tlv(mqtt::Bytes bytes, Visit visit) {
  constexpr std::size_t head = 3;
  while (!bytes.empty()) {
    if (bytes.size() < head) return false;
    const std::size_t size = number(bytes.subspan(1, 2));
    if (bytes.size() - head < size) return false;
    if (!visit(bytes[0], bytes.subspan(head, size))) return false;
    bytes = bytes.subspan(head + size);
  }
  return true;
}

// What the proxy says of the TLS it has ended. The name counts only if the certificate did.
bool read_ssl(mqtt::Bytes value, Introduction& introduction) {
  constexpr std::uint8_t over_tls = 1, certificate_seen = 2 | 4;
  constexpr std::uint8_t version_type = 0x21, name_type = 0x22, cipher_type = 0x23;
  constexpr std::size_t fixed = 5;
  if (value.size() < fixed) return false;
  const bool is_verified = (value[0] & certificate_seen) != 0 && number(value.subspan(1, 4)) == 0;
  std::string version, cipher;
  const bool fits = each_tlv(value.subspan(fixed), [&](std::uint8_t type, mqtt::Bytes part) {
    if (type == version_type) version = for_people(text(part));
    if (type == cipher_type) cipher = for_people(text(part));
    if (type == name_type && is_verified) introduction.identity = text(part);
    return true;
  });
  if (value[0] & over_tls)
    introduction.cipher = version + (version.empty() || cipher.empty() ? "" : " ") + cipher;
  return fits;
}

Outcome read_v2(mqtt::Bytes header) {
  constexpr std::uint8_t local = 0x20, proxied = 0x21, ssl_type = 0x20;
  constexpr std::uint8_t unspecified = 0x00, tcp4 = 0x11, tcp6 = 0x21, unix_stream = 0x31;
  const std::uint8_t command = header[12], family = header[13];
  if (command != local && command != proxied) return wrong("neither LOCAL nor PROXY of version 2");
  if (command == local) return Introduction{};  // the proxy itself, looking whether we live
  mqtt::Bytes rest = header.subspan(v2_fixed);
  Introduction introduction;
  std::size_t addresses = 0;
  switch (family) {
    case unspecified: break;
    case tcp4: addresses = 12; break;
    case tcp6: addresses = 36; break;
    case unix_stream: addresses = 216; break;
    default: return wrong("a family that is no stream");
  }
  if (rest.size() < addresses) return wrong("shorter than its addresses");
  if (family == tcp4)
    introduction.address =
        text_of(Address::from_v4(rest.first<4>()), static_cast<std::uint16_t>(number(rest.subspan(8, 2))));
  if (family == tcp6) {
    Address source;
    std::ranges::copy(rest.first(16), source.bytes.begin());
    introduction.address = text_of(source, static_cast<std::uint16_t>(number(rest.subspan(32, 2))));
  }
  if (family == unix_stream) {
    const std::string_view path = text(rest.first(108));
    introduction.address = "unix:" + for_people(path.substr(0, path.find('\0')));
  }
  if (family == unspecified) return introduction;
  const bool fits = each_tlv(rest.subspan(addresses), [&](std::uint8_t type, mqtt::Bytes value) {
    return type != ssl_type || read_ssl(value, introduction);
  });
  if (!fits) return wrong("a TLV does not fit its length");
  if (!mqtt::is_utf8(introduction.identity))  // access rules, logs and plugins take it for one
    return wrong("the name in the client's certificate cannot be a user name of MQTT");
  return introduction;
}

// How many bytes the header has, as far as these bytes tell: 0: more are needed.
base::Result<std::size_t, std::string> header_size(mqtt::Bytes bytes) {
  if (begins(text(bytes), v1_opening)) {
    const std::size_t end = text(bytes.first(std::min(bytes.size(), v1_max))).find("\r\n");
    if (end == std::string_view::npos && bytes.size() >= v1_max)
      return wrong("its line is longer than 107 bytes");
    return end == std::string_view::npos ? 0 : end + 2;
  }
  if (bytes.size() < v2_fixed) return std::size_t{0};
  const std::size_t size = v2_fixed + number(bytes.subspan(14, 2));
  if (size > v2_max) return wrong("longer than 4096 bytes");
  return size <= bytes.size() ? size : 0;
}

}  // namespace

base::Result<Filter::Progress, std::string> ProxyHeaderFilter::take(mqtt::Bytes bytes, mqtt::Buffer& up,
                                                                    mqtt::Buffer&) {
  // What is more than the longest header is no part of it.
  const std::size_t joins = std::min(bytes.size(), v2_max - header_.size());
  header_.insert(header_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(joins));
  const std::string_view read = text(header_);
  std::size_t size = 0;
  if (begins(read, v1_opening) || begins(read, v2_opening)) {
    const auto known = header_size(header_);
    if (!known) return base::Failure{known.error()};
    if (*known == 0) return Progress::goes_on;
    size = *known;
    auto outcome =
        header_[0] == 'P' ? read_v1(read.substr(0, size - 2)) : read_v2(mqtt::Bytes{header_}.first(size));
    if (!outcome) return base::Failure{outcome.error()};
    introduction_ = std::move(outcome).take();
  } else if (demand_ == Demand::required) {
    return wrong("there is none, and proxy_protocol is required");
  }
  up.insert(up.end(), header_.begin() + static_cast<std::ptrdiff_t>(size), header_.end());
  up.insert(up.end(), bytes.begin() + static_cast<std::ptrdiff_t>(joins), bytes.end());
  header_ = {};
  return Progress::is_over;
}

void ProxyHeaderFilter::give(std::span<const mqtt::Bytes> parts, mqtt::Buffer& down) {
  for (const mqtt::Bytes part : parts) down.insert(down.end(), part.begin(), part.end());
}

base::Result<Filter::Progress, std::string> ProxyRefusal::take(mqtt::Bytes, mqtt::Buffer&, mqtt::Buffer&) {
  return wrong("required, and this address is not among the listener's proxies");
}

std::unique_ptr<Filter> proxy_filter(ProxyHeaderFilter::Demand demand, const std::vector<Network>& proxies,
                                     const Peer& peer) {
  const bool is_trusted = !peer.address || std::ranges::any_of(proxies, [&](const Network& network) {
    return network.contains(*peer.address);
  });
  if (is_trusted) return std::make_unique<ProxyHeaderFilter>(demand);
  if (demand == ProxyHeaderFilter::Demand::required) return std::make_unique<ProxyRefusal>();
  return nullptr;
}

}  // namespace mortise::net
