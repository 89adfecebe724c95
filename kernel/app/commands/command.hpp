// The commands of the mortise program: which there are, and how their words are read.
//
// Exit codes of all of them: 0 done, 1 failed while running,
// 2 the configuration or the command line is wrong.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::app {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_wrong = 2;

// What run and check have in common.
struct Invocation {
  std::filesystem::path config = "/etc/mortise/mortise.yaml";
  std::filesystem::path state_dir = "/var/lib/mortise";
  std::vector<std::filesystem::path> plugin_path;  // over the file's and the installed one
};

// `words[0]` is the program. No command means run;
// `mortise NAME` with an unknown name runs mortise-NAME where there is one.
int run_command(const std::vector<std::string>& words);

int run(const Invocation& invocation);
int check(const Invocation& invocation);
// All words, the program's name among them.
int inspect(const std::vector<std::string>& words);
int ctl(const std::vector<std::string>& words);

}  // namespace mortise::app
