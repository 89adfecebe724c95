// What belongs in an audit: who came and went, what was refused, what was changed in the broker. README.md
// has the events as a table.
//
// Thread: any.   Cost: a search among a few names.   Fails: never.
#pragma once

#include <cstdint>
#include <mortise/plugin.hpp>
#include <string_view>

namespace mortise::log {

// Whether lines of that stable name do.
bool is_audited(std::string_view event);

// The lowest level such lines have. Their categories are the kernel's and the names of plugin instances: any
// but "messages".
inline constexpr std::int32_t audited_level_min = MORTISE_INFO;

}  // namespace mortise::log
