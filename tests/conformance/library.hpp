// All transcripts of this folder, and the ids of the statements they may prove.
//
// Fails: with Unreadable.
#pragma once

#include <set>

#include "transcript.hpp"

namespace mortise::conformance {

// Every *.transcript file below the folder, in the order of their paths; `file` is the path from the folder
// on.
std::vector<Transcript> read_library(const std::string& folder);

// Lines of version, tab, id.
std::set<Statement> read_statements(const std::string& path);

}  // namespace mortise::conformance
