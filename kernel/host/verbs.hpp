// What plugins can be asked in `mortise ctl`, and the asking.
//
// Thread: any; the plugin is asked on its strand.
// Owns:   nothing; a question that is under way is kept by its token.
// Fails:  by an answer that says why.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "host/arguments.hpp"

namespace mortise::host {

struct Innards;

struct VerbRow {
  std::string instance;
  std::string verb;
  std::string words;  // "FILE [check=false]"
  std::string summary;
};

struct VerbQuestion {
  VerbWords words;
  std::string caller;  // for the log: "uid 0"
  base::Duration patience = std::chrono::seconds{60};
};

struct VerbAnswer {
  // `wrong`: something else has to be written; `failed`: it could not be done.
  enum class Outcome : std::uint8_t { done, wrong, failed } outcome = Outcome::failed;
  std::string text;    // done: JSON; else why not
  std::string remedy;  // may be empty
};

// Those of running instances, in the YAML's order; of one instance only if it is named.
std::vector<VerbRow> verbs_of(const Innards& in, const std::string& instance = {});
// Whether an instance runs or not: what it is called.
std::vector<std::string> instances_with_verbs(const Innards& in);

// The verb "help" is the host's own: the instance's verbs, or the arguments of the one that is named.
// Calls `tell` once, from the calling thread or a later one, at the latest when patience is over or the
// instance is drained.
void ask_verb(Innards& in, const VerbQuestion& question, std::function<void(VerbAnswer)> tell);

}  // namespace mortise::host
