// One log line, as the kernel or a plugin wrote it, copied once and then shared by every sink.
//
// Thread: immutable once made.   Owns: its bytes.   Cost: two allocations.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/ports.hpp"
#include "mortise/services/log.h"

namespace mortise::host {

class LogLine {
 public:
  // Copies everything. Fields with an unknown type are left out.
  LogLine(std::int32_t level, std::uint64_t unix_ns, std::string_view source, std::string_view event,
          std::string_view text, std::span<const mortise_field_t> fields);
  LogLine(const LogLine&) = delete;
  LogLine& operator=(const LogLine&) = delete;

  // `suppressed`: how many lines were lost before this one. Points into this line.
  mortise_log_event_t abi(std::uint64_t suppressed) const;
  std::size_t memory() const noexcept {
    return sizeof *this + size_ + fields_.capacity() * sizeof(mortise_field_t);
  }
  std::int32_t level() const noexcept { return event_.level; }
  std::string_view source() const noexcept { return {event_.source.data, event_.source.size}; }

  // "06:18:17.123 warning auth  denied publish topic=…": for people, when no sink is there.
  std::string plain() const;

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::vector<mortise_field_t> fields_;
  mortise_log_event_t event_{};
};

using LogLineRef = std::shared_ptr<const LogLine>;

// The kernel's own line, with who the client is as fields of its own.
LogLineRef make_line(broker::LogLevel level, std::string_view category, std::string_view event,
                     std::string_view text, const broker::ClientFacts* client,
                     std::span<const broker::Log::Field> fields);

}  // namespace mortise::host
