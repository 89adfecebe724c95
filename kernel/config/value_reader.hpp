// One value of the tree to one C++ value, by its rule; what does not fit becomes a finding.
//
// Thread: one at a time.   Owns: the findings.   Fails: every function answers empty and has then made a
// finding. Private to this room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/bind.hpp"
#include "config/finding.hpp"
#include "config/rule.hpp"
#include "config/tree.hpp"

namespace mortise::config {

class ValueReader {
 public:
  // `folder` is where relative paths start.
  explicit ValueReader(std::filesystem::path folder) : folder_{std::move(folder)} {}

  std::vector<Finding>& findings() { return findings_; }
  void error(const Location& where, const std::string& key, std::string text, std::string remedy = "");
  void warn(const Location& where, const std::string& key, std::string text, std::string remedy = "");

  // A finding that `value` is not `wanted`, such as "a list".
  void wrong_kind(const Tree& value, const std::string& key, std::string_view wanted, std::string remedy);

  std::optional<std::int64_t> count(const Tree& value, const std::string& key, const Count& rule);
  std::optional<std::uint64_t> size(const Tree& value, const std::string& key, const Size& rule);
  std::optional<base::Duration> period(const Tree& value, const std::string& key, const Period& rule);
  std::optional<bool> flag(const Tree& value, const std::string& key);
  std::optional<std::size_t> choice(const Tree& value, const std::string& key,
                                    std::span<const std::string_view> names);
  std::optional<std::string> name(const Tree& value, const std::string& key);
  std::optional<std::string> text(const Tree& value, const std::string& key);
  std::optional<std::filesystem::path> path(const Tree& value, const std::string& key);
  std::optional<std::string> library(const Tree& value, const std::string& key);
  std::optional<Bind> address(const Tree& value, const std::string& key);

 private:
  std::filesystem::path folder_;
  std::vector<Finding> findings_;
};

// The names one after the other: "memory, written, synced".
std::string listed(std::span<const std::string_view> names);

}  // namespace mortise::config
