#include "utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace mortise::auth_file {

namespace {

constexpr std::uint32_t surrogates_begin = 0xD800;
constexpr std::uint32_t surrogates_end = 0xE000;
constexpr std::uint32_t code_point_max = 0x10FFFF;

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Bytes of the character that `text` begins with; 0: there is none.
std::size_t length_at(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC0 || lead >= 0xF8 || text.size() < length) return 0;
  std::uint32_t code = lead & (0x7Fu >> length);
  for (const char c : text.substr(1, length - 1)) {
    if (!continues(c)) return 0;
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
  }
  static constexpr std::array<std::uint32_t, 5> lowest{0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= surrogates_begin && code < surrogates_end;
  return code < lowest[length] || is_surrogate || code > code_point_max ? 0 : length;
}

}  // namespace

std::size_t utf8_fault(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = length_at(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return text.npos;
}

std::size_t characters_in(std::string_view text) noexcept {
  return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, continues));
}

}  // namespace mortise::auth_file
