// From the call of the command until its port accepts a connection, what it holds then, and how long it takes
// to end.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>

#include "audience.hpp"

namespace mortise::bench {

namespace {

constexpr auto look_again = std::chrono::microseconds{100};
constexpr auto settle = std::chrono::seconds{1};  // then its memory is that of an idle broker

bool accepts(std::uint16_t port) {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(probe);
  return connected;
}

// Polls until `done`; false after `patience`.
template <class Done>
bool wait_for(Done done) {
  const auto end = Clock::now() + patience;
  while (!done()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(look_again);
  }
  return true;
}

// A child process that does not outlive this object.
class Child {
 public:
  explicit Child(const std::vector<std::string>& command) : pid_{fork_and_run(command)} {}
  ~Child() {
    if (pid_ > 0) kill(pid_, SIGKILL), waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  bool has_ended() {
    if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = 0;
    return pid_ == 0;
  }

 private:
  static pid_t fork_and_run(const std::vector<std::string>& command) {
    std::vector<char*> arguments;
    for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    const pid_t pid = fork();
    if (pid != 0) return pid;
    const int silent = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(silent, STDOUT_FILENO);
    dup2(silent, STDERR_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  pid_t pid_;
};

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

nlohmann::ordered_json start(const Choices& choices) {
  if (choices.command.empty()) throw std::runtime_error{"start needs a command"};
  const auto begun = Clock::now();
  Child broker{choices.command};
  if (!wait_for([&] { return broker.has_ended() || accepts(choices.port); }) || broker.pid() == 0)
    throw std::runtime_error{"the broker did not open its port"};
  nlohmann::ordered_json line;
  line["start_ms"] = milliseconds_since(begun);
  std::this_thread::sleep_for(settle);
  const Process process{broker.pid()};
  line["idle_rss_bytes"] = process.resident_bytes();
  line["idle_pss_bytes"] = process.proportional_bytes();
  const auto told = Clock::now();
  kill(broker.pid(), SIGTERM);
  if (!wait_for([&] { return broker.has_ended(); }))
    throw std::runtime_error{"the broker does not end at SIGTERM"};
  line["stop_ms"] = milliseconds_since(told);
  return line;
}

}  // namespace mortise::bench
