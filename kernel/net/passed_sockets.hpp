// Listening sockets that were opened for this process before it started (socket activation).
//
// Thread: the main one, before others start: it changes the environment.   Owns: the sockets.
// Source: sd_listen_fds(3).
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/descriptor.hpp"

namespace mortise::net {

class PassedSockets {
 public:
  // Takes what LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES tell of, and clears them: a program that we start
  // is not meant.
  static PassedSockets from_environment();

  // All that have this name; with none, all there are. They are copies: whoever gives one up can ask again.
  // Fails when there are none, or one is no socket to accept on, with a sentence that says what was passed.
  base::Result<std::vector<Descriptor>, std::string> take(const std::string& name);

  // Names of those nobody has taken.
  std::vector<std::string> left() const;

 private:
  struct Passed {
    std::string name;
    Descriptor descriptor;
    bool is_taken = false;
  };
  std::vector<Passed> passed_;
};

}  // namespace mortise::net
