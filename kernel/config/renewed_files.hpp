// What came of reading files again: of one plugin instance, or of one listener.
//
// Thread: any.   Owns: its texts.   Fails: never.
#pragma once

#include <string>
#include <vector>

namespace mortise::config {

struct RenewedFiles {
  std::string owner;     // "plugin \"users\"", "listener \"tls\""; empty: findings about them all
  bool is_taken = true;  // false: what it had before stays in force
  std::vector<std::string> findings;  // a line each; warnings, and errors if it is not taken
};

}  // namespace mortise::config
