// What all metrics stand at, written down for one who reads them: grouped by name, those of one name in the
// order they came.
//
// Thread: one at a time.   Owns: copies of everything.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/kernel_figures.hpp"

namespace mortise::host {

class FigureSheet {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;
  struct Row {
    std::string instance;  // empty: the kernel's
    Labels labels;
    double value = 0;
    std::uint64_t count = 0;
    std::vector<double> bounds{};
    std::vector<std::uint64_t> buckets{};
  };
  struct Family {
    std::uint32_t kind = MORTISE_GAUGE;
    std::string help;
    std::vector<Row> rows;
  };

  // A figure of the kernel.
  void add(Figure figure, double value, Labels labels = {}) {
    family(figure).rows.push_back({{}, std::move(labels), value});
  }
  void add(Figure figure, std::uint64_t value, Labels labels = {}) {
    add(figure, static_cast<double>(value), std::move(labels));
  }
  // A histogram of the kernel; `buckets` has one more than `bounds`.
  void add(Figure figure, std::span<const double> bounds, std::vector<std::uint64_t> buckets, double sum,
           Labels labels = {}) {
    add_to(family(figure),
           {{}, std::move(labels), sum, 0, {bounds.begin(), bounds.end()}, std::move(buckets)});
  }
  // One of a plugin.
  void add(std::string_view name, std::uint32_t kind, std::string_view help, Row row) {
    add_to(family(name, kind, help), std::move(row));
  }

  const std::map<std::string, Family, std::less<>>& families() const noexcept { return families_; }

 private:
  Family& family(Figure figure) {
    const FigureName& of = name_of(figure);
    return family(of.name, of.kind, of.help);
  }
  Family& family(std::string_view name, std::uint32_t kind, std::string_view help) {
    const auto found = families_.find(name);
    if (found != families_.end()) return found->second;
    return families_.emplace(name, Family{kind, std::string{help}, {}}).first->second;
  }
  static void add_to(Family& family, Row row) {
    for (const std::uint64_t in_bucket : row.buckets) row.count += in_bucket;
    family.rows.push_back(std::move(row));
  }

  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace mortise::host
