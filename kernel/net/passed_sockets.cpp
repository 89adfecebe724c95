#include "net/passed_sockets.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace mortise::net {

namespace {

constexpr int first_descriptor = 3;  // after standard input, output and error
constexpr int passed_max = 1024;

std::optional<int> number_in(const char* variable) {
  const char* const text = std::getenv(variable);
  if (!text) return std::nullopt;
  const std::string_view whole{text};
  int number = 0;
  const auto [rest, fault] = std::from_chars(whole.data(), whole.data() + whole.size(), number);
  if (fault != std::errc{} || rest != whole.data() + whole.size()) return std::nullopt;
  return number;
}

bool is_option(int socket, int option, int wanted) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

}  // namespace

PassedSockets PassedSockets::from_environment() {
  PassedSockets sockets;
  if (number_in("LISTEN_PID") == ::getpid()) {
    const char* const listed = std::getenv("LISTEN_FDNAMES");
    std::string_view names{listed ? listed : ""};
    const int count = std::min(number_in("LISTEN_FDS").value_or(0), passed_max);
    for (int i = 0; i < count; ++i) {
      const int number = first_descriptor + i;
      const std::string_view name = names.substr(0, names.find(':'));
      names.remove_prefix(std::min(names.size(), name.size() + 1));
      if (::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) continue;  // not open, whatever the variable says
      ::fcntl(number, F_SETFL, ::fcntl(number, F_GETFL) | O_NONBLOCK);
      sockets.passed_.push_back({std::string{name}, Descriptor{number}});
    }
  }
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(variable);
  return sockets;
}

base::Result<std::vector<Descriptor>, std::string> PassedSockets::take(const std::string& name) {
  std::vector<Descriptor> taken;
  std::string others;
  for (Passed& passed : passed_) {
    if (!passed.descriptor) continue;
    if (!name.empty() && passed.name != name) {
      others += (others.empty() ? "" : ", ") + passed.name;
      continue;
    }
    if (!is_option(passed.descriptor.number(), SO_TYPE, SOCK_STREAM) ||
        !is_option(passed.descriptor.number(), SO_ACCEPTCONN, 1))
      return base::Failure{"the socket \"" + passed.name +
                           "\" that was passed is none to accept on; use ListenStream= and Accept=no"};
    taken.emplace_back(::fcntl(passed.descriptor.number(), F_DUPFD_CLOEXEC, 0));
    if (!taken.back()) return base::Failure{std::string{"no file descriptor is left"}};
    passed.is_taken = true;
  }
  if (!taken.empty()) return taken;
  if (!others.empty())
    return base::Failure{"no socket of the name \"" + name + "\" was passed, only: " + others +
                         "; set FileDescriptorName= in the .socket unit"};
  return base::Failure{std::string{"no socket was passed to this process; start it by its .socket unit"}};
}

std::vector<std::string> PassedSockets::left() const {
  std::vector<std::string> names;
  for (const Passed& passed : passed_)
    if (!passed.is_taken) names.push_back(passed.name);
  return names;
}

}  // namespace mortise::net
