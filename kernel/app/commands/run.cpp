#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>

#include "app/assembly.hpp"
#include "app/errands.hpp"
#include "app/main_calls.hpp"
#include "app/service_manager.hpp"
#include "app/watch.hpp"

namespace mortise::app {

namespace {

// Taken by this thread alone, one after the other; every other thread inherits that they are blocked.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, MainCalls::signal}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A write that cannot be is an error where it is made, and no reason to end.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return signals;
}

// While the broker starts nobody waits for signals, and a start may take long: a store is read, a plugin
// opens its files. Who wants it to end then gets his way at once; what is stored survives that as it survives
// kill.
class EndableStart {
 public:
  EndableStart() {
    sigset_t ends{};
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    signals_ = signalfd(-1, &ends, SFD_CLOEXEC);
    started_ = eventfd(0, EFD_CLOEXEC);
    if (signals_ < 0 || started_ < 0) throw std::system_error{errno, std::generic_category(), "signalfd"};
    thread_ = std::thread{[this] { watch(); }};
  }
  // The start is over; a signal from now on is left to whoever waits for it.
  ~EndableStart() {
    eventfd_write(started_, 1);
    thread_.join();
    ::close(signals_);
    ::close(started_);
  }
  EndableStart(const EndableStart&) = delete;
  EndableStart& operator=(const EndableStart&) = delete;

 private:
  void watch() const {
    std::array<pollfd, 2> both{{{started_, POLLIN, 0}, {signals_, POLLIN, 0}}};
    while (::poll(both.data(), both.size(), -1) < 0 && errno == EINTR) continue;
    if (both[0].revents != 0) return;
    static constexpr std::string_view text = "stopped while starting\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    _exit(exit_done);
  }

  int signals_ = -1;
  int started_ = -1;
  std::thread thread_;
};

int tell(const std::vector<config::Finding>& findings) {
  std::size_t errors = 0;
  for (const config::Finding& finding : findings) {
    std::cerr << finding.to_text() << '\n';
    errors += finding.severity == config::Severity::error ? 1 : 0;
  }
  return static_cast<int>(errors);
}

base::TimePoint monotonic_now() {
  return base::TimePoint{std::chrono::steady_clock::now().time_since_epoch()};
}

constexpr auto between_looks = std::chrono::seconds{5};

// The next signal, or 0 when `errands` have something to do.
int next_signal(const sigset_t& signals, const Errands& errands) {
  const auto left = errands.time_left(monotonic_now());
  if (!left) return sigwaitinfo(&signals, nullptr);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*left);
  const timespec timeout{seconds.count(), (*left - seconds).count()};
  return std::max(sigtimedwait(&signals, nullptr, &timeout), 0);
}

void serve(Assembly& broker, ServiceManager& manager, const sigset_t& signals) {
  Errands errands;
  const base::TimePoint start = monotonic_now();
  bool is_watching = false;
  const auto watch_files = [&] {
    if (is_watching || !broker.watches_files()) return;
    is_watching = true;
    errands.every(between_looks, monotonic_now(), [&](base::TimePoint) { broker.look_at_files(); });
  };
  watch_files();
  Watch watch{broker, manager, start};
  watch.begin(errands, start);
  for (;;) {
    const int signal = next_signal(signals, errands);
    if (signal == SIGHUP) {
      const auto since_start = monotonic_now().time_since_epoch();
      manager.reloading(std::chrono::duration_cast<std::chrono::microseconds>(since_start));
      watch.feed_during([&] { broker.reload(); });
      manager.ready();
      watch_files();
    } else if (signal == MainCalls::signal) {
      watch.feed_during([&] { broker.run_calls(); });
      watch_files();
    } else if (signal > 0) {
      return;
    }
    errands.run_due(monotonic_now());
  }
}

}  // namespace

int run(const Invocation& invocation) {
  const sigset_t signals = block_signals();
  int code = exit_done;
  try {
    ServiceManager manager = ServiceManager::from_environment();
    std::optional<EndableStart> starting{std::in_place};
    Assembly broker{invocation};
    if (const int errors = tell(broker.load()); errors > 0) {
      std::cerr << errors << (errors == 1 ? " error" : " errors") << "; nothing was started\n";
      return exit_wrong;
    }
    const std::string problem = broker.start();
    starting.reset();
    if (!problem.empty()) {
      std::cerr << problem << '\n';
      code = exit_failed;
    } else {
      for (const std::string& line : broker.listening()) std::cout << "  " << line << '\n';
      std::cout << std::flush;
      serve(broker, manager, signals);
      manager.stopping();
    }
    broker.stop();
#ifndef MORTISE_SANITIZED
    // Two copies of a library that both tidy up at exit can break each other;
    // everything of ours has ended already.
    std::cout.flush();
    std::cerr.flush();
    std::fflush(nullptr);
    _exit(code);
#endif
  } catch (const std::exception& error) {
    std::cerr << "mortise: " << error.what() << '\n';
    code = exit_failed;
  }
  return code;
}

int check(const Invocation& invocation) {
  try {
    Assembly broker{invocation};
    if (const int errors = tell(broker.load()); errors > 0) {
      std::cerr << errors << (errors == 1 ? " error" : " errors") << '\n';
      return exit_wrong;
    }
  } catch (const std::exception& error) {
    std::cerr << "mortise: " << error.what() << '\n';
    return exit_failed;
  }
  std::cout << "ok\n";
  return exit_done;
}

}  // namespace mortise::app
