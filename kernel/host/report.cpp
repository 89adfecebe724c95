#include "host/report.hpp"

#include "host/abi_text.hpp"

namespace mortise::host {

Report::Report(const config::Plugin& settings, const config::Tree& tree, std::string key)
    : settings_{settings}, tree_{tree}, key_{std::move(key)} {
  abi_.size = sizeof abi_;
  abi_.context = this;
  abi_.add = &Report::add;
}

void Report::add(const mortise_report_t* report, const mortise_finding_t* finding) {
  if (finding && MORTISE_HAS(finding, text)) static_cast<Report*>(report->context)->add(*finding);
}

void Report::add(const mortise_finding_t& given) {
  config::Finding finding;
  finding.severity = given.level >= MORTISE_ERROR ? config::Severity::error : config::Severity::warning;
  finding.text =
      "plugin " + config::in_quotes(settings_.name.value) + ": " + std::string{view_of(given.text)};
  if (MORTISE_HAS(&given, remedy)) finding.remedy = view_of(given.remedy);
  const std::string_view pointer = view_of(given.json_pointer);
  finding.key = key_ + (given.json_pointer.data ? "/config" : "") + std::string{pointer};
  // By its size: the C++ wrapper of ABI 1.0 points at an empty text where a plugin names no file.
  if (MORTISE_HAS(&given, column) && !view_of(given.file).empty()) {
    finding.where = {std::string{view_of(given.file)}, static_cast<int>(given.line),
                     static_cast<int>(given.column)};
    finding.key.clear();
  } else {
    finding.where = tree_.nearest(pointer).where();
    if (!given.json_pointer.data || finding.where.line == 0) finding.where = settings_.name.where;
  }
  findings_.push_back(std::move(finding));
}

void Report::need_error(const std::string& text) {
  if (has_errors()) return;
  findings_.push_back({config::Severity::error,
                       settings_.name.where,
                       key_,
                       "plugin " + config::in_quotes(settings_.name.value) + ": " + text,
                       {}});
}

}  // namespace mortise::host
