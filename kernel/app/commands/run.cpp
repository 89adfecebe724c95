#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>

#include "app/assembly.hpp"

namespace mortise::app {

namespace {

// Taken by this thread alone, one after the other; every other thread inherits that they are blocked.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int tell(const std::vector<config::Finding>& findings) {
  std::size_t errors = 0;
  for (const config::Finding& finding : findings) {
    std::cerr << finding.to_text() << '\n';
    errors += finding.severity == config::Severity::error ? 1 : 0;
  }
  return static_cast<int>(errors);
}

void serve(Assembly& broker, const sigset_t& signals) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) return;
    broker.reload_files();
  }
}

}  // namespace

int run(const Invocation& invocation) {
  const sigset_t signals = block_signals();
  int code = exit_done;
  try {
    Assembly broker{invocation};
    if (const int errors = tell(broker.load()); errors > 0) {
      std::cerr << errors << (errors == 1 ? " error" : " errors") << "; nothing was started\n";
      return exit_wrong;
    }
    if (const std::string problem = broker.start(); !problem.empty()) {
      std::cerr << problem << '\n';
      code = exit_failed;
    } else {
      for (const std::string& line : broker.listening()) std::cout << "  " << line << '\n';
      std::cout << std::flush;
      serve(broker, signals);
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
