#include "config/bind.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace mortise::config {

namespace {

// IPv4 in four bytes, IPv6 in sixteen, so that two spellings of one address are equal.
using Bytes = std::basic_string<unsigned char>;

std::optional<Bytes> bytes_of(const std::string& address) {
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return Bytes{bytes.data(), 4};
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return Bytes{bytes.data(), 16};
  return std::nullopt;
}

bool is_zero(const Bytes& bytes) {
  return std::ranges::all_of(bytes, [](unsigned char b) { return b == 0; });
}

Refusal refuse_address(std::string_view address) {
  const std::string in_brackets = '[' + std::string{address} + ']';
  const auto bytes = bytes_of(std::string{address});
  if (bytes && bytes->size() == 16)
    return {in_quotes(address) + " lacks its brackets", "write " + in_brackets + " in front of the port"};
  if (address == "localhost") return {"\"localhost\" is a name, not an address", "write 127.0.0.1 or [::1]"};
  return {in_quotes(address) + " is not an address",
          "write one of this machine such as 192.168.1.10 or [::1], or * for all of them"};
}

// What has only one of the two halves.
std::optional<Refusal> refuse_half(std::string_view text) {
  if (text.empty())
    return Refusal{"this text is empty", "write an address and a port, such as 127.0.0.1:1883"};
  if (text == "*") return Refusal{"\"*\" has no port", "write \"*:1883\", in quotes"};
  if (text == "localhost")
    return Refusal{"\"localhost\" is a name, not an address", "write 127.0.0.1:1883 or [::1]:1883"};
  if (text.front() == '/')
    return Refusal{in_quotes(text) + " is a path", "for a Unix socket write unix:" + std::string{text}};
  const std::string_view port = text.substr(text.front() == ':' ? 1 : 0);
  if (port.empty() || port.find_first_not_of("0123456789") != port.npos) return std::nullopt;
  const std::string shown{port.size() > 5 ? "1883" : port};
  return Refusal{in_quotes(text) + " has no address", "write 127.0.0.1:" + shown +
                                                          " for programs on this machine, or \"*:" + shown +
                                                          "\" to be reached from others, too"};
}

constexpr std::string_view unix_prefix = "unix:";
constexpr std::string_view passed_word = "systemd";

base::Result<Bind, Refusal> parse_unix(std::string_view text) {
  Bind bind;
  bind.kind = Bind::Kind::unix_socket;
  bind.text = text;
  bind.path = text.substr(unix_prefix.size());
  if (!bind.path.empty() && bind.path.back() != '/') return bind;
  return base::Failure{
      Refusal{in_quotes(text) + " has no file's path", "such as unix:/run/mortise/mortise.sock"}};
}

base::Result<Bind, Refusal> parse_passed(std::string_view text) {
  Bind bind;
  bind.kind = Bind::Kind::passed;
  bind.text = text;
  if (text == passed_word) return bind;
  bind.name = text.substr(passed_word.size() + 1);
  if (!bind.name.empty() && bind.name.find(':') == std::string::npos) return bind;
  return base::Failure{Refusal{in_quotes(text) + " has no socket's name",
                               "write systemd, or systemd: and the FileDescriptorName of a .socket unit"}};
}

}  // namespace

bool Bind::is_local() const {
  if (kind == Kind::unix_socket) return true;
  const auto bytes = bytes_of(address);
  if (!bytes) return false;
  return bytes->size() == 4 ? bytes->front() == 127 : is_zero(bytes->substr(0, 15)) && bytes->back() == 1;
}

base::Result<Bind, Refusal> parse_bind(std::string_view text) {
  if (text.starts_with(unix_prefix)) return parse_unix(text);
  if (text == passed_word || text.starts_with(std::string{passed_word} + ':')) return parse_passed(text);
  if (auto refusal = refuse_half(text)) return base::Failure{*std::move(refusal)};
  const bool bracketed = text.starts_with('[');
  const std::size_t bracket_end = bracketed ? text.find(']') : 0;
  if (bracket_end == std::string_view::npos)
    return base::Failure{Refusal{in_quotes(text) + " has no closing bracket", "write it like [::1]:1883"}};
  const std::size_t colon = bracketed ? bracket_end + 1 : text.rfind(':');
  if (colon >= text.size() || text[colon] != ':')
    return base::Failure{
        Refusal{in_quotes(text) + " has no port", "add it, such as " + std::string{text} + ":1883"}};

  Bind bind{std::string{bracketed ? text.substr(1, bracket_end - 1) : text.substr(0, colon)}, 0,
            std::string{text}};
  const std::string_view port = text.substr(colon + 1);
  std::uint32_t number = 0;
  const auto [rest, fault] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (fault == std::errc::invalid_argument || rest != port.data() + port.size())
    return base::Failure{Refusal{"port " + in_quotes(port) + " is not a number", "such as 1883"}};
  if (fault != std::errc{} || number < 1 || number > 65535)
    return base::Failure{Refusal{"port " + std::string{port} + " is not between 1 and 65535", ""}};
  bind.port = static_cast<std::uint16_t>(number);

  const auto bytes = bytes_of(bind.address);
  const bool right_kind = bracketed ? bytes && bytes->size() == 16
                          : bytes   ? bytes->size() == 4
                                    : bind.every_address();
  if (!right_kind) return base::Failure{refuse_address(bind.address)};
  return bind;
}

bool overlap(const Bind& a, const Bind& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == Bind::Kind::unix_socket) return a.path == b.path;
  if (a.kind == Bind::Kind::passed) return a.name.empty() || b.name.empty() || a.name == b.name;
  if (a.port != b.port) return false;
  const auto left = bytes_of(a.address);
  const auto right = bytes_of(b.address);
  if (!left || !right) return true;
  return left->size() == right->size() && (*left == *right || is_zero(*left) || is_zero(*right));
}

}  // namespace mortise::config
