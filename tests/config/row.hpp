// What the row tests of this room share: a name for GoogleTest, and reading a text as if it were
// mortise.yaml.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "config/settings_reader.hpp"

namespace mortise::config {

template <class AnyRow>
std::string row_name(const testing::TestParamInfo<AnyRow>& info) {
  return info.param.name;
}

// The surroundings of a test: these variables and no others.
inline Environment variables(std::map<std::string, std::string> set = {}) {
  return [set = std::move(set)](const std::string& name) -> std::optional<std::string> {
    const auto found = set.find(name);
    return found == set.end() ? std::nullopt : std::optional{found->second};
  };
}

inline SettingsReading reading_of(std::string_view text, std::map<std::string, std::string> set = {}) {
  return read_settings_text(text, "mortise.yaml", variables(std::move(set)));
}

// One line a finding.
inline std::string texts(const std::vector<Finding>& findings) {
  std::string lines;
  for (const Finding& finding : findings) lines += finding.to_text() + '\n';
  return lines;
}

// The smallest list of listeners that has nothing wrong with it, for tests about something else.
inline constexpr const char* one_listener = "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n";

}  // namespace mortise::config
