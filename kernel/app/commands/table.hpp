// JSON for people: a list of objects as a table, one object as lines, anything else as it is.
//
// Thread: any.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace mortise::app {

// Control characters of what clients chose are shown as escapes, so that no answer writes to the terminal.
std::string to_people(const nlohmann::ordered_json& value);

}  // namespace mortise::app
