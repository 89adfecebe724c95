#include "app/commands/table.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace mortise::app {

namespace {

using Json = nlohmann::ordered_json;

std::string escaped(const std::string& text) {
  static constexpr const char* digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    const bool is_c1 = byte == 0xC2 && next >= 0x80 && next <= 0x9F;  // U+0080 to U+009F
    if (byte >= 0x20 && byte != 0x7F && !is_c1)
      out += text[i];
    else
      (out += "\\x") += {digits[byte >> 4], digits[byte & 15]};
    if (is_c1) (out += "\\x") += {digits[next >> 4], digits[text[++i] & 15]};
  }
  return out;
}

std::string cell(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return escaped(value.get<std::string>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_array() || value.is_object()) {
    std::string text;
    for (const auto& [key, entry] : value.items())
      text += (text.empty() ? "" : ", ") + (value.is_object() ? escaped(key) + " " : "") + cell(entry);
    return text;
  }
  return value.dump();
}

// As it stands on the screen: bytes that continue a character take no place.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string table(const Json& rows) {
  if (rows.empty()) return "none\n";
  std::vector<std::string> columns;
  for (const Json& row : rows)
    for (const auto& [key, value] : row.items())
      if (std::ranges::find(columns, key) == columns.end()) columns.push_back(key);
  std::vector<std::size_t> widths;
  for (const std::string& column : columns) {
    widths.push_back(width(escaped(column)));
    for (const Json& row : rows)
      if (row.contains(column)) widths.back() = std::max(widths.back(), width(cell(row[column])));
  }
  std::string out;
  const auto line = [&](auto text_of) {
    std::string text;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string part = text_of(columns[i]);
      text += part + std::string(widths[i] - width(part) + 2, ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + '\n';
  };
  line([](const std::string& column) { return escaped(column); });
  for (const Json& row : rows)
    line([&](const std::string& column) { return row.contains(column) ? cell(row[column]) : std::string{}; });
  return out;
}

bool is_table(const Json& value) {
  return value.is_object() && !value.empty() &&
         std::ranges::all_of(value, [](const Json& row) { return row.is_object(); });
}

// Whose rows have names: `what` is the head of their column.
std::string table_of_named(const std::string& what, const Json& named) {
  Json rows = Json::array();
  for (const auto& [name, columns] : named.items()) {
    Json row{{what, name}};
    for (const auto& [column, value] : columns.items())
      if (!row.contains(column)) row[column] = value;
    rows.push_back(std::move(row));
  }
  return table(rows);
}

std::string lines(const Json& object) {
  std::size_t widest = 0;
  for (const auto& [key, value] : object.items())
    if (!is_table(value)) widest = std::max(widest, width(escaped(key)));
  std::string out, below;
  for (const auto& [key, value] : object.items()) {
    if (is_table(value)) {
      below += '\n' + table_of_named(key, value);
      continue;
    }
    const std::string text = cell(value), name = escaped(key);
    out += name + (text.empty() ? "" : std::string(widest - width(name) + 2, ' ') + text) + '\n';
  }
  return out + below;
}

}  // namespace

std::string to_people(const Json& value) {
  const bool is_list =
      value.is_array() && std::ranges::all_of(value, [](const Json& row) { return row.is_object(); });
  if (is_list) return table(value);
  if (value.is_object()) return lines(value);
  return cell(value) + '\n';
}

}  // namespace mortise::app
