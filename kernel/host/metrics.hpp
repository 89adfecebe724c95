// The metrics that plugins define, and which names they may have.
//
// Thread: any.   Owns: what an instance has defined, to the instance's end.
// Cost:   add, set and observe find the metric by two loads and write one cell: without a locked instruction on a loop,
//         which has a cell of its own.
// Fails:  define by status; a handle that is not one changes nothing.
// Source: mortise/services/metrics.h.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/ring.hpp"
#include "host/figure_sheet.hpp"

namespace mortise::host {

// Of all instances: a name is of one kind, whoever uses it, and none of the kernel's.
class MetricNames {
 public:
  bool may_be(std::string_view name, std::uint32_t kind);

 private:
  std::mutex mutex_;
  std::map<std::string, std::uint32_t, std::less<>> kinds_;
};

class Metrics {
 public:
  // `loops`: how many of them have cells of their own. `names` outlives it.
  Metrics(MetricNames& names, std::uint32_t loops) : names_{names}, loops_{loops} {}
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  mortise_status_t define(const mortise_metric_view_t& what, mortise_metric_t& metric);
  // `loop`: whose thread this is; one that is none of them for every other.
  void add(mortise_metric_t metric, double by, std::uint32_t loop) noexcept;
  void set(mortise_metric_t metric, double value) noexcept;
  void observe(mortise_metric_t metric, double value, std::uint32_t loop) noexcept;
  // Of the instance `instance`.
  void write(FigureSheet& sheet, const std::string& instance) const;

 private:
  struct alignas(base::cache_line) Cell {
    std::atomic<double> value{0};
    std::unique_ptr<std::atomic<std::uint64_t>[]> buckets;
  };
  struct Metric {
    std::string name;
    std::string help;
    std::uint32_t kind = 0;
    FigureSheet::Labels labels;  // sorted by name
    std::vector<double> bounds;
    std::vector<Cell> cells;  // one a loop, and the last for every other thread; a gauge has the last only
  };
  using Slots = std::array<std::atomic<Metric*>, MORTISE_METRICS_MAX>;

  Metric* find(mortise_metric_t metric) const noexcept;
  static Cell& cell_of(Metric& metric, std::uint32_t loop) noexcept {
    return loop < metric.cells.size() ? metric.cells[loop] : metric.cells.back();
  }
  static bool is_shared(const Metric& metric, std::uint32_t loop) noexcept {
    return loop >= metric.cells.size() - 1;
  }

  MetricNames& names_;
  const std::uint32_t loops_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Metric>> all_;  // under mutex_
  std::unique_ptr<Slots> own_slots_;          // likewise; made with the first metric
  std::atomic<Slots*> slots_{nullptr};
};

}  // namespace mortise::host
