// Text and bytes across the border: the ABI's pointer and length, and the kernel's views.
//
// Thread: any.   Owns: nothing.   Fails: never; what is absent becomes empty.
#pragma once

#include <string>
#include <string_view>

#include "mortise/abi/types.h"
#include "mqtt/packet.hpp"

namespace mortise::host {

// Present, also when empty.
inline mortise_str_t abi_str(std::string_view text) noexcept {
  return {text.data() ? text.data() : "", text.size()};
}
// Absent when empty.
inline mortise_str_t abi_optional(std::string_view text) noexcept {
  return text.empty() ? mortise_str_t{nullptr, 0} : mortise_str_t{text.data(), text.size()};
}
inline mortise_bytes_t abi_bytes(mqtt::Bytes bytes) noexcept { return {bytes.data(), bytes.size()}; }

inline std::string_view view_of(mortise_str_t text) noexcept {
  return text.data ? std::string_view{text.data, text.size} : std::string_view{};
}
inline mqtt::Bytes view_of(mortise_bytes_t bytes) noexcept {
  return bytes.data ? mqtt::Bytes{bytes.data, bytes.size} : mqtt::Bytes{};
}
inline std::string_view characters_of(mortise_bytes_t bytes) noexcept {
  return bytes.data ? std::string_view{reinterpret_cast<const char*>(bytes.data), bytes.size}
                    : std::string_view{};
}
inline std::string_view view_of(const char* text) noexcept {
  return text ? std::string_view{text} : std::string_view{};
}

}  // namespace mortise::host
