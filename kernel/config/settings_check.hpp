// What no single setting can be wrong about: names given twice, addresses taken twice, plugins nobody listed.
//
// Private to this room.
#pragma once

#include "config/settings.hpp"
#include "config/value_reader.hpp"

namespace mortise::config {

// Adds its findings to those of `values`. Settings that could not be read are left out of the comparison, so
// that one mistake makes one finding.
void check_settings(const Settings& settings, ValueReader& values);

}  // namespace mortise::config
