// One log line as the datagram a log daemon takes: syslog's, and the journal's with a field for each value.
//
//   <28>Nov 24 14:02:11 mortise[812]: auth denied publish  client=pump-7 topic=alarm/reset
//   MESSAGE=auth denied publish …\nPRIORITY=4\nSYSLOG_IDENTIFIER=mortise\nMORTISE_EVENT=client.denied\n…
//
// Thread: any.   Owns: nothing; a line is read while the call lasts.   Fails: never.
// Source: RFC 3164 §4.1, as glibc's syslog(3) writes it locally; systemd's "Native Journal Protocol".
#pragma once

#include <cstdint>
#include <mortise/plugin.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "line.hpp"

namespace mortise::log {

// syslog's numbers for where a line comes from: daemon is 3, local0 to local7 are 16 to 23.
std::optional<std::uint32_t> facility_of(std::string_view name);

struct Origin {
  std::string ident = "mortise";
  std::uint32_t facility = 3;
};

std::string syslog_datagram(const mortise_log_event_t& event, const Origin& origin, Format format);

// What is escaped in a text line is escaped here, in MESSAGE and in every field, so that no value holds the
// end of a line.
std::string journal_datagram(const mortise_log_event_t& event, const Origin& origin);

}  // namespace mortise::log
