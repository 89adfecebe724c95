#include "app/service_manager.hpp"

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <system_error>

namespace mortise::app {

namespace {

// A manager that is busy is waited for this long, and no longer: signals wait meanwhile.
constexpr timeval patience{5, 0};

// Its value, and it is gone; empty when it was not set, or was set to nothing.
std::optional<std::string> take(const char* variable) {
  const char* const text = std::getenv(variable);
  std::optional<std::string> taken;
  if (text && *text) taken = text;
  ::unsetenv(variable);
  return taken;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [rest, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager manager;
  const auto socket = take("NOTIFY_SOCKET");
  const auto microseconds = take("WATCHDOG_USEC");
  const auto process = take("WATCHDOG_PID");
  if (socket) manager.find_socket(*socket);
  // Inherited from a parent that is watched itself.
  const bool is_for_another = process && number_in(*process) != static_cast<std::uint64_t>(::getpid());
  if (microseconds && !is_for_another) manager.find_watchdog(*microseconds);
  return manager;
}

void ServiceManager::find_socket(std::string_view name) {
  const bool is_abstract = name.front() == '@' && name.size() > 1;
  if (!is_abstract && name.front() != '/') {
    complaints_.push_back("NOTIFY_SOCKET is \"" + std::string{name} +
                          "\", which is neither a path from / nor @ and a name: no service manager is told "
                          "how the broker does");
    return;
  }
  // A path ends with a zero byte; an abstract name begins with one instead of its @.
  const std::size_t size = name.size() + (is_abstract ? 0 : 1);
  if (size > sizeof address_.sun_path) {
    complaints_.push_back("NOTIFY_SOCKET has " + std::to_string(name.size()) +
                          " bytes, more than the name of a socket can have: no service manager is told how "
                          "the broker does");
    return;
  }
  address_.sun_family = AF_UNIX;
  std::ranges::copy(name, address_.sun_path);
  if (is_abstract) address_.sun_path[0] = '\0';
  address_size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  name_ = name;
  socket_ = net::Descriptor{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!socket_) {
    complaints_.push_back("there is no socket to tell the service manager with: " +
                          std::generic_category().message(errno));
    return;
  }
  ::setsockopt(socket_.number(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

void ServiceManager::find_watchdog(std::string_view microseconds) {
  const auto number = number_in(microseconds);
  constexpr auto most = std::chrono::duration_cast<std::chrono::microseconds>(base::Duration::max()).count();
  if (!number || *number == 0 || *number > static_cast<std::uint64_t>(most)) {
    complaints_.push_back("WATCHDOG_USEC is \"" + std::string{microseconds} +
                          "\", which is no number of microseconds: no watchdog is fed");
    return;
  }
  if (!socket_) {
    complaints_.emplace_back(
        "WATCHDOG_USEC asks for signs of life, but there is no NOTIFY_SOCKET to give them to");
    return;
  }
  watchdog_ = std::chrono::microseconds{*number};
}

void ServiceManager::reloading(std::chrono::microseconds since) {
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(since.count()));
}

void ServiceManager::status(std::string_view text) {
  if (text == status_) return;
  status_ = text;
  tell("STATUS=" + status_);
}

void ServiceManager::tell(const std::string& message) {
  if (!socket_) return;
  ssize_t sent = -1;
  do {
    sent = ::sendto(socket_.number(), message.data(), message.size(), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&address_), address_size_);
  } while (sent < 0 && errno == EINTR);
  const bool was_deaf = std::exchange(is_deaf_, sent < 0);
  if (sent < 0 && !was_deaf)
    complaints_.push_back("the service manager at NOTIFY_SOCKET " + name_ + " did not take " +
                          message.substr(0, message.find('\n')) + ": " +
                          std::generic_category().message(errno));
}

}  // namespace mortise::app
