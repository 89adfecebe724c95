#include "exposition.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace mortise::prometheus {

namespace {

std::string_view type_of(std::uint32_t kind) {
  switch (kind) {
    case MORTISE_COUNTER: return "counter";
    case MORTISE_GAUGE: return "gauge";
    case MORTISE_HISTOGRAM: return "histogram";
    default: return "untyped";  // of a later minor
  }
}

// As short as it can be read back.
std::string text_of(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

void append_escaped(std::string& to, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\')
      to += "\\\\";
    else if (c == '\n')
      to += "\\n";
    else if (c == '"' && quotes)
      to += "\\\"";
    else
      to += c;
  }
}

}  // namespace

void Exposition::begin_family(const mortise_metric_view_t& metric) {
  name_ = std::string{prefix} + std::string{view(metric.name)};
  text_ += "# HELP " + name_ + ' ';
  append_escaped(text_, view(metric.help), false);
  text_ += "\n# TYPE " + name_ + ' ';
  text_ += type_of(metric.kind);
  text_ += '\n';
}

void Exposition::write(std::string_view suffix, const mortise_metric_view_t& metric, std::string_view bound,
                       double value) {
  text_ += name_;
  text_ += suffix;
  char before = '{';
  const auto label = [&](std::string_view name, std::string_view is) {
    text_ += std::exchange(before, ',');
    text_ += name;
    text_ += "=\"";
    append_escaped(text_, is, true);
    text_ += '"';
  };
  if (metric.instance.data) label("plugin", view(metric.instance));
  for (std::size_t i = 0; i < metric.label_count; ++i)
    label(view(metric.labels[i].name), view(metric.labels[i].value));
  if (!bound.empty()) label("le", bound);
  if (before == ',') text_ += '}';
  text_ += ' ' + text_of(value) + '\n';
}

void Exposition::add(const mortise_metric_view_t& metric) {
  if (name_.empty() || std::string_view{name_}.substr(prefix.size()) != view(metric.name))
    begin_family(metric);
  if (metric.kind != MORTISE_HISTOGRAM) return write({}, metric, {}, metric.value);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < metric.bound_count; ++i) {
    below += metric.buckets[i];
    write("_bucket", metric, text_of(metric.bounds[i]), static_cast<double>(below));
  }
  write("_bucket", metric, "+Inf", static_cast<double>(metric.count));
  write("_sum", metric, {}, metric.value);
  write("_count", metric, {}, static_cast<double>(metric.count));
}

}  // namespace mortise::prometheus
