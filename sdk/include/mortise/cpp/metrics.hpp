// Counters, gauges and histograms of a plugin, and reading those of everybody.
//
//   mortise::metrics metrics{host};
//   const auto sent = metrics.counter("forwarded_messages_total", "messages that were forwarded", {{"to",
//   name}}); sent.add(); metrics.read([&](const mortise_metric_view_t& metric) { … });
//
// Thread: every function from every thread; read from none of the broker's loops.
// Owns:   nothing; a metric lives as long as the instance.
// Fails:  defining and reading throw an error that carries the status; one that was never defined counts nothing.
// Source: mortise/services/metrics.h, which says what each call means.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "mortise/cpp/host.hpp"

namespace mortise {

using label = std::pair<std::string_view, std::string_view>;

namespace detail {

class metric {
 public:
  metric() = default;
  metric(const services& of, mortise_metric_t raw) noexcept : services_{&of}, raw_{raw} {}

 protected:
  template <class Call>
  void with(Call call) const noexcept {
    if (services_) call(*services_->metrics, services_->host, raw_);
  }

 private:
  const services* services_ = nullptr;
  mortise_metric_t raw_{};
};

}  // namespace detail

class counter : public detail::metric {
 public:
  using metric::metric;
  void add(double by = 1) const noexcept {
    with([by](const auto& table, const auto* host, auto raw) { table.add(host, raw, by); });
  }
};

class gauge : public detail::metric {
 public:
  using metric::metric;
  void add(double by) const noexcept {
    with([by](const auto& table, const auto* host, auto raw) { table.add(host, raw, by); });
  }
  void set(double value) const noexcept {
    with([value](const auto& table, const auto* host, auto raw) { table.set(host, raw, value); });
  }
};

class histogram : public detail::metric {
 public:
  using metric::metric;
  void observe(double value) const noexcept {
    with([value](const auto& table, const auto* host, auto raw) { table.observe(host, raw, value); });
  }
};

class metrics {
 public:
  explicit metrics(host of) : services_{&of.services()} {
    services_->need(services_->metrics, MORTISE_HOST_METRICS);
  }

  mortise::counter counter(std::string_view name, std::string_view help,
                           std::initializer_list<label> labels = {}) const {
    return {*services_, define(MORTISE_COUNTER, name, help, labels, {})};
  }
  mortise::gauge gauge(std::string_view name, std::string_view help,
                       std::initializer_list<label> labels = {}) const {
    return {*services_, define(MORTISE_GAUGE, name, help, labels, {})};
  }
  // `bounds`: the upper ends of its buckets, rising.
  mortise::histogram histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                               std::initializer_list<label> labels = {}) const {
    return {*services_, define(MORTISE_HISTOGRAM, name, help, labels, bounds)};
  }

  // Shows all there are; what `see` throws ends the showing and is thrown on.
  template <class See>
  void read(See see) const {
    struct Seen {
      See& see;
      std::exception_ptr thrown;
    } seen{see, nullptr};
    const auto show = [](void* context, const mortise_metric_view_t* shown) noexcept {
      auto& to = *static_cast<Seen*>(context);
      if (to.thrown) return;
      try {
        to.see(*shown);
      } catch (...) {
        to.thrown = std::current_exception();
      }
    };
    const mortise_status_t status = services_->metrics->read(services_->host, show, &seen);
    if (seen.thrown) std::rethrow_exception(seen.thrown);
    if (status != MORTISE_OK) throw error{status, "the metrics were not read"};
  }

 private:
  mortise_metric_t define(std::uint32_t kind, std::string_view name, std::string_view help,
                          std::initializer_list<label> labels, std::span<const double> bounds) const {
    std::vector<mortise_label_t> raw_labels;
    for (const auto& [key, value] : labels) raw_labels.push_back({str(key), str(value)});
    mortise_metric_view_t what{};
    what.size = sizeof what;
    what.kind = kind;
    what.name = str(name);
    what.help = str(help);
    what.labels = raw_labels.data();
    what.label_count = raw_labels.size();
    what.bounds = bounds.data();
    what.bound_count = bounds.size();
    mortise_metric_t made{};
    const mortise_status_t status = services_->metrics->define(services_->host, &what, &made);
    if (status != MORTISE_OK) throw error{status, "the metric " + std::string{name} + " was not defined"};
    return made;
  }

  const detail::services* services_;
};

}  // namespace mortise
