// C values as C++ views, and back; the two errors the wrapper throws.
//
// Owns: nothing; a view lives as long as what it was made of.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/plugin.h"

namespace mortise {

inline std::string_view view(mortise_str_t text) noexcept {
  return text.data ? std::string_view{text.data, text.size} : std::string_view{};
}
inline std::span<const std::uint8_t> view(mortise_bytes_t bytes) noexcept { return {bytes.data, bytes.size}; }

// The bytes of a payload or password as characters; not checked to be text.
inline std::string_view characters(mortise_bytes_t bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data), bytes.size};
}

// An empty view becomes "absent" unless it points somewhere.
inline mortise_str_t str(std::string_view text) noexcept { return {text.data(), text.size()}; }
// An empty text becomes "absent". For a std::string, which points somewhere even when it is empty.
inline mortise_str_t str_or_absent(std::string_view text) noexcept {
  return text.empty() ? mortise_str_t{nullptr, 0} : str(text);
}
inline mortise_bytes_t bytes(std::span<const std::uint8_t> octets) noexcept {
  return {octets.data(), octets.size()};
}
inline mortise_bytes_t bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// A host function failed, or its service is not there.
class error : public std::runtime_error {
 public:
  error(mortise_status_t status, const std::string& what)
      : std::runtime_error{what + " (status " + std::to_string(status) + ")"}, status_{status} {}
  mortise_status_t status() const noexcept { return status_; }

 private:
  mortise_status_t status_;
};

// Something the operator must mend. Throw it from the constructor, start() or prepare(): it becomes a
// finding. `pointer` is a JSON pointer below the instance's `config:`. Any other exception whose text begins
// with one that leads to a value that is there, and a colon, such as "/secret: use 16 bytes or more", becomes
// the same finding.
class finding : public std::runtime_error {
 public:
  finding(std::string pointer, const std::string& text, std::string remedy = {})
      : std::runtime_error{text}, pointer_{std::move(pointer)}, remedy_{std::move(remedy)} {}

  // The place in a file of the plugin's own; line and column from 1, 0 = unknown.
  finding& in(std::string file, std::uint32_t line = 0, std::uint32_t column = 0) {
    file_ = std::move(file);
    line_ = line;
    column_ = column;
    return *this;
  }

  const std::string& pointer() const noexcept { return pointer_; }
  const std::string& remedy() const noexcept { return remedy_; }

  // As an error, or as a warning (MORTISE_WARNING).
  void add_to(const mortise_report_t& report, std::int32_t level = MORTISE_ERROR) const noexcept {
    const mortise_finding_t found{sizeof found,
                                  level,
                                  str_or_absent(pointer_),
                                  str(what()),
                                  str_or_absent(remedy_),
                                  str_or_absent(file_),
                                  line_,
                                  column_};
    report.add(&report, &found);
  }

 private:
  std::string pointer_;
  std::string remedy_;
  std::string file_;
  std::uint32_t line_ = 0;
  std::uint32_t column_ = 0;
};

// Several findings at once, so that an operator mends a file in one go. Throw it where a finding may be
// thrown.
class findings : public std::runtime_error {
 public:
  explicit findings(std::vector<finding> list)
      : std::runtime_error{"there are findings"}, list_{std::move(list)} {}

  void add_to(const mortise_report_t& report) const noexcept {
    for (const finding& each : list_) each.add_to(report);
  }

 private:
  std::vector<finding> list_;
};

}  // namespace mortise
