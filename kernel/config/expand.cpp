#include "config/expand.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace mortise::config {

namespace {

constexpr std::string_view file_mark = "file:";
constexpr std::streamsize secret_limit = 64 * 1024;

bool is_variable_name(std::string_view name) {
  const auto is_part = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::ranges::all_of(name, is_part);
}

base::Result<std::string, Refusal> content_of(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::string content(static_cast<std::size_t>(secret_limit) + 1, '\0');
  std::error_code ignored;
  if (!in || std::filesystem::is_directory(path, ignored))
    return base::Failure{Refusal{"the file " + in_quotes(path.string()) + " cannot be read",
                                 "check that it is there and readable"}};
  in.read(content.data(), secret_limit + 1);
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (in.gcount() > secret_limit)
    return base::Failure{Refusal{"the file " + in_quotes(path.string()) + " is larger than 64KiB", ""}};
  if (content.ends_with('\n')) content.pop_back();
  if (content.ends_with('\r')) content.pop_back();
  return content;
}

base::Result<std::string, Refusal> value_of(std::string_view name, const Environment& environment,
                                            const std::filesystem::path& folder) {
  if (name.starts_with(file_mark)) return content_of(folder / name.substr(file_mark.size()));
  if (!is_variable_name(name))
    return base::Failure{Refusal{in_quotes("${" + std::string{name} + "}") + " names no variable",
                                 "write ${NAME}, ${file:PATH}, or $${ for the characters themselves"}};
  if (auto value = environment(std::string{name})) return *std::move(value);
  return base::Failure{Refusal{"the environment variable " + in_quotes(name) + " is not set",
                               "set it, or write $${ for the characters themselves"}};
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    return value ? std::optional<std::string>{value} : std::nullopt;
  };
}

base::Result<std::string, Refusal> expand(std::string_view text, const Environment& environment,
                                          const std::filesystem::path& folder) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    out += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.starts_with("$$")) {
      out += '$';
      text.remove_prefix(2);
    } else if (text.starts_with("${")) {
      const std::size_t close = text.find('}');
      if (close == std::string_view::npos)
        return base::Failure{Refusal{in_quotes(text) + " has no closing brace", "add the }, or write $${"}};
      auto value = value_of(text.substr(2, close - 2), environment, folder);
      if (!value) return value;
      out += *value;
      text.remove_prefix(close + 1);
    } else if (!text.empty()) {
      out += '$';
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace mortise::config
