// Findings a plugin reports about its configuration, turned into places of the YAML file.
//
// Thread: the control thread, during the call the report is given to.   Owns: the findings.
#pragma once

#include <string>
#include <vector>

#include "config/finding.hpp"
#include "config/settings.hpp"
#include "mortise/abi/report.h"

namespace mortise::host {

class Report {
 public:
  // Both must outlive it; `key` is the way to the instance from the top of the file: "plugins/2".
  Report(const config::Plugin& settings, const config::Tree& tree, std::string key);
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  const mortise_report_t* abi() const noexcept { return &abi_; }
  bool has_errors() const { return config::has_errors(findings_); }
  // A failure without a word of the plugin still gets one.
  void need_error(const std::string& text);
  std::vector<config::Finding> take() { return std::move(findings_); }

 private:
  static void add(const mortise_report_t* report, const mortise_finding_t* finding);
  void add(const mortise_finding_t& finding);

  const config::Plugin& settings_;
  const config::Tree& tree_;
  const std::string key_;
  mortise_report_t abi_{};
  std::vector<config::Finding> findings_;
};

}  // namespace mortise::host
