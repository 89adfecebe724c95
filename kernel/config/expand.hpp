// ${NAME} and ${file:/run/secrets/x} in values.
//
// Thread: any.   Cost: one pass; each file is read once per mention.
// Fails: on a variable that is not set, a file that cannot be read, a brace that never closes.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/finding.hpp"

namespace mortise::config {

// What a file may ask of its surroundings: the value of an environment variable, empty when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The variables of this process.
Environment process_environment();

// `folder` is where relative ${file:…} paths start. One line end at a file's end is dropped, because editors
// put it there. $$ stands for $; a $ before anything else is itself, so that $SYS/# needs no care. What a
// variable or file holds is not expanded again.
base::Result<std::string, Refusal> expand(std::string_view text, const Environment& environment,
                                          const std::filesystem::path& folder);

}  // namespace mortise::config
