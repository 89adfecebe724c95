// Where a text stops being UTF-8 as MQTT and YAML want it: no overlong forms, no surrogates.
//
// Thread: any.   Cost: one pass.   Fails: never.
// Source: RFC 3629 §3, MQTT 5.0 §1.5.4.
#pragma once

#include <cstddef>
#include <string_view>

namespace mortise::auth_file {

// The offset of the first byte that begins no character; npos: all of it is UTF-8.
std::size_t utf8_fault(std::string_view text) noexcept;

// How many characters a text has that is UTF-8.
std::size_t characters_in(std::string_view text) noexcept;

}  // namespace mortise::auth_file
