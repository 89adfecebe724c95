// A plugin's `config:` section against the JSON Schema the plugin exports, with places an operator can go to.
//
// Unknown keys are found here and not by the schema library, which stops at the first; lines a parent repeats
// about its child are left out.
//
// Thread: the control thread.   Owns: nothing after the call.
// Fails:  by findings; a schema that is no schema is a finding of its own.
// Source: JSON Schema draft 7.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/finding.hpp"
#include "config/tree.hpp"

namespace mortise::host {

// Why a text is no schema that a value could be checked against; empty: it is one.
std::string fault_of_schema(std::string_view schema_text);

// `plugin` is the instance's name, `file` its library; `key` is the way to the section from the top of the
// file: "plugins/2/config". What the schema gives as default for a key that was left out is put into
// `config`, at the place of the map it belongs to, when nothing is wrong.
std::vector<config::Finding> check_schema(config::Tree& config, std::string_view schema_text,
                                          const std::string& plugin, const std::string& file,
                                          const std::string& key, const config::Location& section);

}  // namespace mortise::host
