// mortise.yaml to Settings, with every finding of the file in one run.
//
// Thread: any.   Cost: the file is read once, and each ${file:…} in it.   Fails: by findings; it throws
// nothing.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/expand.hpp"
#include "config/finding.hpp"
#include "config/settings.hpp"

namespace mortise::config {

struct SettingsReading {
  Settings settings;              // to be used only when no finding is an error
  std::vector<Finding> findings;  // in the order of the file
  Tree file;                      // what they were read from; null where that could not be read
  bool plugins_known = false;  // no error hides which plugins there are: the sound ones may check their parts
};

// `path` is shown in findings as it is given. Files above 4 MiB are refused.
SettingsReading read_settings(const std::filesystem::path& path, const Environment& environment);

// The same for text that is not, or not yet, in the file `path`.
SettingsReading read_settings_text(std::string_view text, const std::filesystem::path& path,
                                   const Environment& environment);

}  // namespace mortise::config
