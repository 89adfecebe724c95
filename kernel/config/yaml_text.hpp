// The text of a YAML file by lines: where a parser's mark is, and whether the bytes are text at all.
//
// Thread: any.   Cost: one pass at construction.   Owns: a copy of the text, without a byte order mark.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/finding.hpp"

namespace mortise::config {

class YamlText {
 public:
  YamlText(std::string_view text, std::string file);

  const std::string& text() const { return text_; }
  const std::string& file() const { return file_; }

  // Both count from 0, as yaml-cpp's marks do; `column` is bytes and becomes characters here.
  Location where(int line, int column) const;
  Location where(std::size_t offset) const;
  std::size_t offset(int line, int column) const;
  std::string_view line(int number) const;

  // The first byte that is not UTF-8 or that YAML forbids, as a finding.
  std::optional<Finding> not_text() const;

  // The tab in front of a line's first other character, where YAML wants spaces.
  std::optional<Location> tab_in_indentation(int line_number) const;

  // Whether the quotation mark at `offset` has its other half; true when there is none at that place.
  // yaml-cpp takes the end of a file for one.
  bool closes_quote(std::size_t offset) const;

  // Puts one byte in the place of another, so that nothing moves.
  void replace(std::size_t offset, char with) { text_[offset] = with; }

 private:
  std::string text_;
  std::string file_;
  std::vector<std::size_t> starts_;  // of lines
};

}  // namespace mortise::config
