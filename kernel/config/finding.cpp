#include "config/finding.hpp"

#include <algorithm>
#include <tuple>

namespace mortise::config {

namespace {

bool names_key(const Finding& finding) {
  const std::string last = finding.key.substr(finding.key.rfind('/') + 1);
  return finding.text.find("key \"" + last + '"') != std::string::npos;
}

}  // namespace

std::string Location::to_text() const {
  return line == 0 ? file : file + ':' + std::to_string(line) + ':' + std::to_string(column);
}

std::string Finding::to_text() const {
  std::string line = where.to_text() + "  ";
  if (severity == Severity::warning) line += "warning: ";
  if (!key.empty() && !names_key(*this)) line += key + ": ";
  line += text;
  if (!remedy.empty()) line += (remedy.starts_with("did you mean") ? ", " : "; ") + remedy;
  return line;
}

bool has_errors(const std::vector<Finding>& findings) {
  return std::ranges::any_of(findings, [](const Finding& f) { return f.severity == Severity::error; });
}

void sort_by_place(std::vector<Finding>& findings) {
  const auto place = [](const Finding& f) { return std::tie(f.where.file, f.where.line, f.where.column); };
  std::ranges::stable_sort(findings, [&](const Finding& a, const Finding& b) { return place(a) < place(b); });
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string out = "\"";
  std::size_t end = std::min(text.size(), longest);
  // A character of several bytes is not cut in two.
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  for (const char c : text.substr(0, end)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return out + (end < text.size() ? "…\"" : "\"");
}

}  // namespace mortise::config
