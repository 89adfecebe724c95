// Metrics as the text that Prometheus reads.
//
// Thread: one at a time.   Owns: the text.
// Source: Prometheus, "Exposition formats", text-based format 0.0.4.
#pragma once

#include <mortise/plugin.hpp>
#include <string>
#include <string_view>

namespace mortise::prometheus {

inline constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

class Exposition {
 public:
  // In front of every name.
  static constexpr std::string_view prefix = "mortise_";

  // Those of one name one after the other, as the host shows them.
  void add(const mortise_metric_view_t& metric);
  std::string take() { return std::move(text_); }

 private:
  void begin_family(const mortise_metric_view_t& metric);
  void write(std::string_view suffix, const mortise_metric_view_t& metric, std::string_view bound,
             double value);

  std::string text_;
  std::string name_;  // of the family that is being written
};

}  // namespace mortise::prometheus
