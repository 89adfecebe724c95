#include "host/abi_text.hpp"
#include "host/host_table.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"
#include "host/own_figures.hpp"

namespace mortise::host {

namespace {

mortise_status_t define(const mortise_host_t* host, const mortise_metric_view_t* what,
                        mortise_metric_t* metric) {
  Instance& instance = Instance::of(host);
  if (!instance.is_open()) return MORTISE_E_STATE;
  if (!what || !metric) return MORTISE_E_INVALID;
  return as_status([&] { return instance.metrics.define(*what, *metric); });
}

void add(const mortise_host_t* host, mortise_metric_t metric, double by) {
  Instance::of(host).metrics.add(metric, by, HookPort::loop_of_this_thread());
}

void set(const mortise_host_t* host, mortise_metric_t metric, double value) {
  Instance::of(host).metrics.set(metric, value);
}

void observe(const mortise_host_t* host, mortise_metric_t metric, double value) {
  Instance::of(host).metrics.observe(metric, value, HookPort::loop_of_this_thread());
}

void show(const std::string& name, const FigureSheet::Family& family, const FigureSheet::Row& row,
          mortise_metric_fn fn, void* context) {
  std::vector<mortise_label_t> labels;
  for (const auto& [key, value] : row.labels) labels.push_back({abi_str(key), abi_str(value)});
  mortise_metric_view_t view{};
  view.size = sizeof view;
  view.kind = family.kind;
  view.name = abi_str(name);
  view.help = abi_str(family.help);
  view.labels = labels.data();
  view.label_count = labels.size();
  view.bounds = row.bounds.data();
  view.bound_count = row.bounds.size();
  view.instance = abi_optional(row.instance);
  view.value = row.value;
  view.count = row.count;
  view.buckets = row.buckets.data();
  fn(context, &view);
}

// Written down first, so that nothing is held while the plugin looks at it.
mortise_status_t read(const mortise_host_t* host, mortise_metric_fn fn, void* context) {
  Instance& instance = Instance::of(host);
  if (!instance.is_open()) return MORTISE_E_STATE;
  if (HookPort::loop_of_this_thread() != MORTISE_NO_LOOP) return MORTISE_E_THREAD;
  if (!fn) return MORTISE_E_INVALID;
  return as_status([&] {
    FigureSheet sheet;
    write_figures(instance.in, sheet);
    for (const auto& [name, family] : sheet.families())
      for (const FigureSheet::Row& row : family.rows) show(name, family, row, fn, context);
    return MORTISE_OK;
  });
}

constexpr mortise_metrics_t table{sizeof table, 0, &define, &add, &set, &observe, &read};

}  // namespace

const mortise_metrics_t& metrics_service() { return table; }

}  // namespace mortise::host
