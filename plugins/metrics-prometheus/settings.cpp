#include "settings.hpp"

#include <charconv>
#include <string>

namespace mortise::prometheus {

namespace {

constexpr std::chrono::milliseconds shortest{100};
constexpr std::chrono::minutes longest{5};

finding bad_endpoint(std::string_view text, const char* what) {
  return {"/bind", '"' + std::string{text} + "\" " + what,
          "write an address and a port, such as 127.0.0.1:9464 or \"[::1]:9464\""};
}

}  // namespace

boost::asio::ip::tcp::endpoint endpoint_of(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) throw bad_endpoint(text, "has no port");
  std::string_view address = text.substr(0, colon);
  const bool in_brackets = address.starts_with('[') && address.ends_with(']');
  if (in_brackets) address = address.substr(1, address.size() - 2);
  boost::system::error_code fault;
  const auto parsed = boost::asio::ip::make_address(std::string{address}, fault);
  if (fault) throw bad_endpoint(text, "has no address");
  if (parsed.is_v6() != in_brackets) throw bad_endpoint(text, "has brackets too few or too many");
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [after, problem] = std::from_chars(text.data() + colon + 1, end, port);
  if (problem != std::errc{} || after != end) throw bad_endpoint(text, "has no port from 0 to 65535");
  return {parsed, port};
}

Settings read_settings(const config& from) {
  Settings settings;
  settings.bind = endpoint_of(from.text("/bind", "127.0.0.1:9464"));
  settings.timeout = from.duration("/timeout", std::chrono::seconds{10});
  if (settings.timeout < shortest || settings.timeout > longest)
    throw finding{"/timeout", "is not between 100ms and 5m", "write a time span such as 10s"};
  settings.connections = static_cast<std::size_t>(from.integer("/connections", 16));
  return settings;
}

}  // namespace mortise::prometheus
