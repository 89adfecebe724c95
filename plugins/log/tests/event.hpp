// A log line as the host hands it to a sink, owning what it shows.
#pragma once

#include <mortise/plugin.hpp>
#include <string>
#include <vector>

namespace mortise::log {

struct Event {
  std::int32_t level = MORTISE_INFO;
  std::string source = "clients";
  std::string event = "client.connected";
  std::string text = "connected";
  std::vector<field> fields{};
  std::uint64_t suppressed = 0;
  std::uint64_t unix_ns = 1'750'000'000'123'000'000;  // 2025-06-15T15:06:40.123Z

  mortise_log_event_t raw() const {
    mortise_log_event_t out{};
    out.size = sizeof out;
    out.level = level;
    out.unix_ns = unix_ns;
    out.suppressed = suppressed;
    out.source = str(source);
    out.event = str(event);
    out.text = str(text);
    out.fields = fields.data();
    out.field_count = fields.size();
    return out;
  }
};

}  // namespace mortise::log
