// Text from outside, made safe to show on one line of a terminal or file.
//
// Thread: any.   Cost: one pass.   Fails: never; bytes that are not UTF-8 are shown as \xHH.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mortise::log {

// Length in bytes of the well-formed UTF-8 character `text` begins with; 0 if it begins with none.
// Source: Unicode 15, table 3-7.
std::size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

// Appends `text` with control characters, characters that reorder or break lines, and backslashes written as
// escapes: \n \r \t \\ \xHH \u{HHHH}.
void append_escaped(std::string& out, std::string_view text);

// The same, in double quotes if a reader could not tell otherwise where it ends or what it is.
void append_value(std::string& out, std::string_view text);

}  // namespace mortise::log
