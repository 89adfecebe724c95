// What app decides about the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "config/settings.hpp"

namespace mortise::host {

class LogLine;

struct Options {
  std::uint32_t loops = 1;
  std::filesystem::path config_dir;  // absolute: where relative paths of the YAML begin
  std::filesystem::path state_dir;   // absolute: what the broker keeps; exists and is writable
  std::vector<std::filesystem::path> plugin_path;
  config::GrantPolicy grants = config::GrantPolicy::as_asked;

  base::Duration decision_deadline = std::chrono::seconds{2};  // unless plugin or operator say otherwise
  base::Duration hook_time = std::chrono::milliseconds{1};     // of a hook on a loop, before it is told of
  base::Duration start_patience = std::chrono::seconds{60};    // for a plugin that is ready later
  base::Duration drain_patience = std::chrono::seconds{5};     // for what an instance still owes at stop
  base::Duration flush_patience = std::chrono::seconds{60};    // for the store's last sync
  std::size_t open_tokens_max = 100'000;                       // an instance
  std::size_t log_bytes_max = 4 * 1024 * 1024;                 // waiting for one sink
  std::size_t workers = 2;                                     // threads
  std::size_t work_waiting_max = 10'000;

  // Opens a library in a process of its own, because what it runs then may end the process. What happened to
  // that; empty: nothing, or it was only refused. Asked for libraries that come while clients are served.
  std::function<std::string(const std::filesystem::path& file)> try_library;

  // Where lines go while there is no log sink; empty: standard error.
  std::function<void(const LogLine&)> plain_log;
};

}  // namespace mortise::host
