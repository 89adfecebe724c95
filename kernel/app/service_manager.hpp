// What the service manager that started us (systemd) is told: ready, reloading, stopping, how it goes, alive.
//
// Thread: main, and made before there are others: it changes the environment.   Owns: the socket.
// Fails:  never; who is not there to be told is a complaint for the log, made once.
// Source: sd_notify(3), sd_watchdog_enabled(3).
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "net/descriptor.hpp"

namespace mortise::app {

class ServiceManager {
 public:
  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and clears them: a program that we start is not
  // meant. What makes no sense among them is a complaint, and as if it were not there.
  static ServiceManager from_environment();

  // Whether there is anybody to tell; without, everything below does nothing.
  bool listens() const noexcept { return static_cast<bool>(socket_); }
  // After how long without feed() it takes us for dead; zero: never.
  base::Duration watchdog() const noexcept { return watchdog_; }

  void ready() { tell("READY=1"); }
  // `since` the machine started, on its monotonic clock: how a manager knows that this answers its own
  // request. ready() ends it.
  void reloading(std::chrono::microseconds since);
  void stopping() { tell("STOPPING=1"); }
  // One line for people. The same again is not told again.
  void status(std::string_view text);
  void feed() { tell("WATCHDOG=1"); }

  // What was wrong since the last call, as sentences.
  std::vector<std::string> take_complaints() { return std::exchange(complaints_, {}); }

 private:
  void find_socket(std::string_view name);
  void find_watchdog(std::string_view microseconds);
  void tell(const std::string& message);

  net::Descriptor socket_;
  sockaddr_un address_{};
  socklen_t address_size_ = 0;
  std::string name_;
  base::Duration watchdog_{};
  std::string status_;
  bool is_deaf_ = false;  // the last message did not arrive
  std::vector<std::string> complaints_;
};

}  // namespace mortise::app
