// YAML text to a Tree with places, and every finding that needs no knowledge of what the text is for.
//
// Thread: any.   Cost: one pass; one more per unquoted "*".   Owns: nothing after the call.
// Fails: by findings; it throws nothing.
// Source: YAML 1.2.2, made strict: one document, no key twice, no tags. A plain true, false, null, or JSON
// number is
//         that, everything else and everything in quotes is text (so yes, off, 0123 and 1_000 are text).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/expand.hpp"
#include "config/finding.hpp"
#include "config/tree.hpp"

namespace mortise::config {

struct YamlReading {
  std::optional<Tree> tree;  // empty when the text could not be followed to its end; null for an empty file
  std::vector<Finding> findings;
  std::vector<Location> unexpanded;  // values that hold their ${…} still; a finding says why
};

// `file` is the name shown in findings, `folder` where ${file:…} in values starts. Aliases are copies of what
// they name. At most 20,000 values and 100 floors, so that no file can exhaust the machine.
YamlReading read_yaml(std::string_view text, const std::string& file, const Environment& environment,
                      const std::filesystem::path& folder);

}  // namespace mortise::config
