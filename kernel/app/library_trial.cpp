#include "app/library_trial.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "app/commands/command.hpp"

namespace mortise::app {

namespace {

constexpr auto patience = std::chrono::seconds{20};
constexpr auto step = std::chrono::milliseconds{5};

// The child's number, or the negative of what went wrong. It is given no signal of ours and none of our
// files.
pid_t spawn_inspect(const std::filesystem::path& file) {
  std::string program = "mortise", verb = "inspect", path = file.string();
  char* const words[] = {program.data(), verb.data(), path.data(), nullptr};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  for (const int output : {STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&files, output, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int fault = posix_spawn(&child, "/proc/self/exe", &files, &attributes, words, environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return fault == 0 ? child : -fault;
}

}  // namespace

std::string try_library(const std::filesystem::path& file) {
  const pid_t child = spawn_inspect(file);
  if (child < 0) return std::string{"it cannot be tried in a process of its own: "} + ::strerror(-child);
  int status = 0;
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > give_up) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return "opening it takes more than " + std::to_string(patience.count()) + " seconds";
    }
    std::this_thread::sleep_for(step);
  }
  if (WIFSIGNALED(status))
    return "opening it ends a process by signal " + std::to_string(WTERMSIG(status)) + " (" +
           ::strsignal(WTERMSIG(status)) + ")";
  const int code = WEXITSTATUS(status);
  if (code == exit_done || code == exit_failed) return {};
  return "opening it ends a process with exit code " + std::to_string(code);
}

}  // namespace mortise::app
