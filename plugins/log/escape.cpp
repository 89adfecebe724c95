#include "escape.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdint>

namespace mortise::log {

namespace {

std::uint8_t octet(char c) { return static_cast<std::uint8_t>(c); }

std::uint32_t code_point(std::string_view character) {
  if (character.size() == 1) return octet(character[0]);
  std::uint32_t out = octet(character[0]) & (0x7Fu >> character.size());
  for (const char c : character.substr(1)) out = out << 6 | (octet(c) & 0x3Fu);
  return out;
}

// C0 and C1 controls, and what makes a terminal or a browser show characters in another order or line.
bool is_unsafe(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void append_unsafe(std::string& out, std::uint32_t c) {
  if (c == '\n')
    out += "\\n";
  else if (c == '\r')
    out += "\\r";
  else if (c == '\t')
    out += "\\t";
  else if (c < 0x80)
    fmt::format_to(std::back_inserter(out), "\\x{:02X}", c);
  else
    fmt::format_to(std::back_inserter(out), "\\u{{{:04X}}}", c);
}

void append(std::string& out, std::string_view text, bool quoted) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02X}", octet(text[0]));
      text.remove_prefix(1);
      continue;
    }
    const std::uint32_t c = code_point(text.substr(0, length));
    if (is_unsafe(c))
      append_unsafe(out, c);
    else {
      if (c == '\\' || (quoted && c == '"')) out += '\\';
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const std::uint8_t first = octet(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  for (const char c : text.substr(1, length - 1))
    if ((octet(c) & 0xC0) != 0x80) return 0;
  const std::uint8_t second = octet(text[1]);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second > 0x9F;
  const bool too_high = first == 0xF4 && second > 0x8F;
  return overlong || surrogate || too_high ? 0 : length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append_escaped(std::string& out, std::string_view text) { append(out, text, false); }

void append_value(std::string& out, std::string_view text) {
  const bool bare = !text.empty() && is_utf8(text) && std::ranges::none_of(text, [](char c) {
    return octet(c) <= ' ' || c == '"' || c == '=' || c == '\\' || octet(c) == 0x7F;
  });
  std::string shown;
  append(shown, text, !bare);
  if (bare && shown.size() == text.size())
    out += shown;
  else
    out.append(1, '"').append(shown).append(1, '"');
}

}  // namespace mortise::log
