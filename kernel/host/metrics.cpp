#include "host/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "host/abi_text.hpp"
#include "mqtt/utf8.hpp"

namespace mortise::host {

namespace {

bool is_snake_case(std::string_view name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= MORTISE_METRIC_TEXT_MAX && is_letter(name.front()) &&
         std::ranges::all_of(name,
                             [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

bool is_text(std::string_view text) { return text.size() <= MORTISE_METRIC_TEXT_MAX && mqtt::is_utf8(text); }

bool may_be_labels(const FigureSheet::Labels& sorted) {
  const auto is_fit = [](const auto& label) {
    return is_snake_case(label.first) && label.first != "plugin" && label.first != "le" &&
           is_text(label.second);
  };
  return sorted.size() <= MORTISE_METRIC_LABELS_MAX && std::ranges::all_of(sorted, is_fit) &&
         std::ranges::adjacent_find(sorted, {}, [](const auto& label) { return label.first; }) ==
             sorted.end();
}

bool may_be_bounds(std::uint32_t kind, std::span<const double> bounds) {
  if (kind != MORTISE_HISTOGRAM) return bounds.empty();
  return !bounds.empty() && bounds.size() <= MORTISE_METRIC_BOUNDS_MAX &&
         std::ranges::all_of(bounds, [](double bound) { return std::isfinite(bound); }) &&
         std::ranges::adjacent_find(bounds, std::greater_equal{}) == bounds.end();
}

// What only one thread writes needs no locked instruction.
void add_to(std::atomic<double>& cell, double by, bool shared) noexcept {
  if (shared)
    cell.fetch_add(by, std::memory_order_relaxed);
  else
    cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace

bool MetricNames::may_be(std::string_view name, std::uint32_t kind) {
  if (std::ranges::count(figure_names, name, &FigureName::name) != 0) return false;
  const std::lock_guard lock{mutex_};
  const auto found = kinds_.find(name);
  if (found != kinds_.end()) return found->second == kind;
  kinds_.emplace(name, kind);
  return true;
}

Metrics::~Metrics() = default;

mortise_status_t Metrics::define(const mortise_metric_view_t& what, mortise_metric_t& metric) {
  if (!MORTISE_HAS(&what, bound_count) || what.kind < MORTISE_COUNTER || what.kind > MORTISE_HISTOGRAM)
    return MORTISE_E_INVALID;
  if ((what.label_count != 0 && !what.labels) || (what.bound_count != 0 && !what.bounds))
    return MORTISE_E_INVALID;
  if (what.label_count > MORTISE_METRIC_LABELS_MAX || what.bound_count > MORTISE_METRIC_BOUNDS_MAX)
    return MORTISE_E_LIMIT;
  const std::string_view name = view_of(what.name);
  FigureSheet::Labels labels;
  for (std::size_t i = 0; i < what.label_count; ++i)
    labels.emplace_back(view_of(what.labels[i].name), view_of(what.labels[i].value));
  std::ranges::sort(labels);
  const std::span bounds{what.bounds, what.bound_count};
  if (!is_snake_case(name) || !is_text(view_of(what.help)) || !may_be_labels(labels) ||
      !may_be_bounds(what.kind, bounds))
    return MORTISE_E_INVALID;

  const std::lock_guard lock{mutex_};
  std::size_t of_this_name = 0;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (all_[i]->name != name) continue;
    // One family's histograms have the same bounds, so that they can be added up.
    if (all_[i]->kind != what.kind || !std::ranges::equal(all_[i]->bounds, bounds)) return MORTISE_E_INVALID;
    if (all_[i]->labels == labels) return metric.id = i + 1, MORTISE_OK;
    ++of_this_name;
  }
  if (all_.size() >= MORTISE_METRICS_MAX || of_this_name >= MORTISE_METRICS_MAX_OF_A_NAME)
    return MORTISE_E_LIMIT;
  if (!names_.may_be(name, what.kind)) return MORTISE_E_INVALID;

  auto made = std::make_unique<Metric>();
  made->name = name;
  made->help = view_of(what.help);
  made->kind = what.kind;
  made->labels = std::move(labels);
  made->bounds.assign(bounds.begin(), bounds.end());
  made->cells = std::vector<Cell>(what.kind == MORTISE_GAUGE ? 1 : loops_ + 1);
  if (what.kind == MORTISE_HISTOGRAM)
    for (Cell& cell : made->cells)
      cell.buckets = std::make_unique<std::atomic<std::uint64_t>[]>(bounds.size() + 1);
  if (!own_slots_) {
    own_slots_ = std::make_unique<Slots>();
    slots_.store(own_slots_.get(), std::memory_order_release);
  }
  all_.push_back(std::move(made));
  (*own_slots_)[all_.size() - 1].store(all_.back().get(), std::memory_order_release);
  metric.id = all_.size();
  return MORTISE_OK;
}

Metrics::Metric* Metrics::find(mortise_metric_t metric) const noexcept {
  Slots* const slots = slots_.load(std::memory_order_acquire);
  if (!slots || metric.id == 0 || metric.id > slots->size()) return nullptr;
  return (*slots)[metric.id - 1].load(std::memory_order_acquire);
}

void Metrics::add(mortise_metric_t metric, double by, std::uint32_t loop) noexcept {
  Metric* const found = find(metric);
  if (!found || !std::isfinite(by)) return;
  if (found->kind == MORTISE_GAUGE) return add_to(found->cells.back().value, by, true);
  if (found->kind == MORTISE_COUNTER && by >= 0)
    add_to(cell_of(*found, loop).value, by, is_shared(*found, loop));
}

void Metrics::set(mortise_metric_t metric, double value) noexcept {
  Metric* const found = find(metric);
  if (found && found->kind == MORTISE_GAUGE && !std::isnan(value))
    found->cells.back().value.store(value, std::memory_order_relaxed);
}

void Metrics::observe(mortise_metric_t metric, double value, std::uint32_t loop) noexcept {
  Metric* const found = find(metric);
  if (!found || found->kind != MORTISE_HISTOGRAM || !std::isfinite(value)) return;
  Cell& cell = cell_of(*found, loop);
  const auto at =
      static_cast<std::size_t>(std::ranges::lower_bound(found->bounds, value) - found->bounds.begin());
  if (is_shared(*found, loop))
    cell.buckets[at].fetch_add(1, std::memory_order_relaxed);
  else
    cell.buckets[at].store(cell.buckets[at].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  add_to(cell.value, value, is_shared(*found, loop));
}

void Metrics::write(FigureSheet& sheet, const std::string& instance) const {
  const std::lock_guard lock{mutex_};
  for (const auto& metric : all_) {
    FigureSheet::Row row;
    row.instance = instance;
    row.labels = metric->labels;
    row.bounds = metric->bounds;
    if (metric->kind == MORTISE_HISTOGRAM) row.buckets.resize(metric->bounds.size() + 1);
    for (const Cell& cell : metric->cells) {
      row.value += cell.value.load(std::memory_order_relaxed);
      for (std::size_t i = 0; i < row.buckets.size(); ++i)
        row.buckets[i] += cell.buckets[i].load(std::memory_order_relaxed);
    }
    sheet.add(metric->name, metric->kind, metric->help, std::move(row));
  }
}

}  // namespace mortise::host
