// mortise.yaml of any text: it is read, or there are findings that lie in it; nothing is thrown.
#include <algorithm>

#include "config/located_yaml.hpp"
#include "config/settings_reader.hpp"
#include "target.hpp"

namespace mortise::fuzz {
namespace {

using config::Finding;

std::optional<std::string> variable(const std::string& name) {
  if (name == "N") return "4";
  if (name == "EMPTY") return "";
  if (name == "LINES") return "a: 1\nb: *:1883\n";
  return std::nullopt;
}

// An input may not open files: what ${file:…} does has tests of its own.
bool names_a_file(std::string_view text) { return text.find("${file") != text.npos; }

void check(const std::vector<Finding>& findings, std::string_view text) {
  const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
  for (const Finding& finding : findings) {
    promise(!finding.text.empty(), "a finding says what is wrong");
    promise(finding.where.file == "fuzz.yaml", "a finding names its file");
    promise(finding.where.line >= 1 && finding.where.line <= lines && finding.where.column >= 1,
            "a finding lies in the file: " + finding.to_text());
    promise(finding.to_text().find('\n') == std::string::npos, "a finding is one line: " + finding.to_text());
  }
}

std::string all(const std::vector<Finding>& findings) {
  std::string lines;
  for (const Finding& finding : findings) lines += finding.to_text() + '\n';
  return lines;
}

}  // namespace
}  // namespace mortise::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mortise;
  const std::vector<std::uint8_t> copy = fuzz::exact({data, size});
  const std::string_view text = fuzz::text_of(copy);
  if (fuzz::names_a_file(text)) return 0;
  const config::YamlReading yaml = config::read_yaml(text, "fuzz.yaml", fuzz::variable, ".");
  fuzz::check(yaml.findings, text);
  fuzz::promise(yaml.tree || config::has_errors(yaml.findings), "a text that is not followed has an error");

  const config::SettingsReading reading = config::read_settings_text(text, "fuzz.yaml", fuzz::variable);
  fuzz::check(reading.findings, text);
  fuzz::promise(!config::has_errors(yaml.findings) || config::has_errors(reading.findings),
                "what is wrong as YAML is wrong as settings");
  fuzz::promise(config::has_errors(reading.findings) || !reading.settings.listeners.empty(),
                "settings without an error have a listener");
  const auto again = config::read_settings_text(text, "fuzz.yaml", fuzz::variable).findings;
  fuzz::promise(fuzz::all(again) == fuzz::all(reading.findings), "a text is told the same twice");
  return 0;
}
