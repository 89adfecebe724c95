// The JSON text of an answer to an operator: a map of named values, or a list of maps, shown as a table.
//
//   now.result(document{}.add("state", "good").add("bytes", 4096).text())
//
// Owns: its text.   Fails: never; bytes that are not UTF-8 become U+FFFD, numbers that are none become null.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mortise {

namespace detail {

// How many bytes the character at `at` has; 0: it is none of UTF-8.
inline std::size_t utf8_size(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t index) -> unsigned {
    return index < text.size() ? static_cast<unsigned char>(text[index]) : 0;
  };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xF5 ? 0 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  const unsigned second = byte(at + 1);
  const bool is_long = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool is_surrogate = first == 0xED && second > 0x9F;
  return is_long || is_surrogate || (first == 0xF4 && second > 0x8F) ? 0 : size;
}

inline void append_json_text(std::string& out, std::string_view text) {
  static constexpr const char* digits = "0123456789abcdef";
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = utf8_size(text, at);
    const auto byte = static_cast<unsigned char>(text[at]);
    if (size == 0)
      out += "\xEF\xBF\xBD";
    else if (byte == '"' || byte == '\\')
      (out += '\\') += text[at];
    else if (byte < 0x20)
      ((out += "\\u00") += digits[byte >> 4]) += digits[byte & 15];
    else
      out += text.substr(at, size);
    at += size == 0 ? 1 : size;
  }
  out += '"';
}

}  // namespace detail

class document {
 public:
  // `name` must be another one each time.
  document& add(std::string_view name, std::string_view value) {
    detail::append_json_text(begin(name), value);
    return *this;
  }
  document& add(std::string_view name, const char* value) { return add(name, std::string_view{value}); }
  document& add(std::string_view name, bool value) { return put(name, value ? "true" : "false"); }
  document& add(std::string_view name, std::nullptr_t) { return put(name, "null"); }
  document& add(std::string_view name, std::integral auto value) { return put(name, std::to_string(value)); }
  document& add(std::string_view name, double value) {
    if (!std::isfinite(value)) return add(name, nullptr);
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return put(name, {digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  document& add(std::string_view name, const document& map) { return put(name, map.text()); }

  std::string text() const { return '{' + inside_ + '}'; }

 private:
  std::string& begin(std::string_view name) {
    if (!inside_.empty()) inside_ += ',';
    detail::append_json_text(inside_, name);
    return inside_ += ':';
  }
  document& put(std::string_view name, std::string_view json) {
    begin(name) += json;
    return *this;
  }

  std::string inside_;
};

inline std::string text_of(std::span<const document> rows) {
  std::string out = "[";
  for (const document& row : rows) out += (out.size() > 1 ? "," : "") + row.text();
  return out + ']';
}

}  // namespace mortise
