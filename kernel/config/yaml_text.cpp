#include "config/yaml_text.hpp"

#include <algorithm>
#include <array>

namespace mortise::config {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The length of the well-formed character at the front, 0 when there is none.  (RFC 3629 §4)
std::size_t character_length(std::string_view text) {
  struct Form {
    unsigned char first, last, second_low, second_high;
    std::size_t length;
  };
  static constexpr std::array forms{
      Form{0x00, 0x7F, 0, 0, 1},       Form{0xC2, 0xDF, 0x80, 0xBF, 2}, Form{0xE0, 0xE0, 0xA0, 0xBF, 3},
      Form{0xE1, 0xEC, 0x80, 0xBF, 3}, Form{0xED, 0xED, 0x80, 0x9F, 3}, Form{0xEE, 0xEF, 0x80, 0xBF, 3},
      Form{0xF0, 0xF0, 0x90, 0xBF, 4}, Form{0xF1, 0xF3, 0x80, 0xBF, 4}, Form{0xF4, 0xF4, 0x80, 0x8F, 4}};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (const Form& form : forms) {
    if (byte(0) < form.first || byte(0) > form.last) continue;
    if (form.length == 1) return 1;
    if (text.size() < form.length || byte(1) < form.second_low || byte(1) > form.second_high) return 0;
    return std::ranges::all_of(text.substr(2, form.length - 2), is_continuation) ? form.length : 0;
  }
  return 0;
}

bool is_forbidden_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

}  // namespace

YamlText::YamlText(std::string_view text, std::string file)
    : text_{text.starts_with(byte_order_mark) ? text.substr(byte_order_mark.size()) : text},
      file_{std::move(file)} {
  starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i)
    if (text_[i] == '\n') starts_.push_back(i + 1);
}

std::string_view YamlText::line(int number) const {
  const auto index = static_cast<std::size_t>(std::max(number, 0));
  if (index >= starts_.size()) return {};
  const std::size_t end = index + 1 < starts_.size() ? starts_[index + 1] - 1 : text_.size();
  return std::string_view{text_}.substr(starts_[index], end - starts_[index]);
}

Location YamlText::where(int line_number, int column) const {
  const std::string_view before = line(line_number).substr(0, static_cast<std::size_t>(std::max(column, 0)));
  const auto past_end = std::max(column, 0) - static_cast<int>(before.size());
  const auto continued = static_cast<int>(std::ranges::count_if(before, is_continuation));
  return {file_, std::max(line_number, 0) + 1, static_cast<int>(before.size()) - continued + past_end + 1};
}

Location YamlText::where(std::size_t offset) const {
  const auto next = std::ranges::upper_bound(starts_, offset);
  const auto index = static_cast<std::size_t>(next - starts_.begin()) - 1;
  return where(static_cast<int>(index), static_cast<int>(offset - starts_[index]));
}

std::size_t YamlText::offset(int line_number, int column) const {
  const auto index = std::min(static_cast<std::size_t>(std::max(line_number, 0)), starts_.size() - 1);
  return std::min(starts_[index] + static_cast<std::size_t>(std::max(column, 0)), text_.size());
}

bool YamlText::closes_quote(std::size_t offset) const {
  const char mark = offset < text_.size() ? text_[offset] : '\0';
  if (mark != '"' && mark != '\'') return true;
  for (std::size_t i = offset + 1; i < text_.size(); ++i) {
    if (mark == '"' && text_[i] == '\\')
      ++i;
    else if (text_[i] == mark && mark == '\'' && i + 1 < text_.size() && text_[i + 1] == mark)
      ++i;
    else if (text_[i] == mark)
      return true;
  }
  return false;
}

std::optional<Finding> YamlText::not_text() const {
  for (std::size_t i = 0; i < text_.size();) {
    const std::size_t length = character_length(std::string_view{text_}.substr(i));
    if (length == 0)
      return Finding{Severity::error, where(i), "", "this is not UTF-8", "save the file as UTF-8"};
    if (is_forbidden_control(text_[i]))
      return Finding{Severity::error, where(i), "", "a control character stands here",
                     "delete it; in quotes it can be written like \"\\x07\""};
    i += length;
  }
  return std::nullopt;
}

std::optional<Location> YamlText::tab_in_indentation(int line_number) const {
  const std::string_view text = line(line_number);
  const std::size_t first_other = text.find_first_not_of(" \t");
  const std::size_t tab = text.find('\t');
  if (tab == std::string_view::npos || tab > first_other) return std::nullopt;
  return where(line_number, static_cast<int>(tab));
}

}  // namespace mortise::config
