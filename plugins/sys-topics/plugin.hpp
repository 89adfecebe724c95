// The sys-topics plugin: publishes what the broker counts under $SYS/broker, retained, at an interval.
//
// Thread: the instance's strand.   Owns: what was published last.
#pragma once

#include <map>
#include <mortise/plugin.hpp>
#include <string>

#include "topics.hpp"

namespace mortise::sys_topics {

class SysTopics {
 public:
  static constexpr const char* display_name = "$SYS topics";
  static constexpr const char* summary = "publishes what the broker counts under $SYS/broker";

  SysTopics(host of, const config& from);

  void start();
  void stop() { timer_.cancel(); }

 private:
  void publish();

  host host_;
  std::chrono::nanoseconds interval_;
  Topics topics_;
  std::map<std::string, std::string> published_;
  mortise_status_t last_ = MORTISE_OK;
  timer timer_;
};

inline constexpr const char* schema = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "interval": {
      "description": "how often what has changed is published, 1s to 1h",
      "type": ["string", "integer"], "default": "10s"
    }
  }
})";

}  // namespace mortise::sys_topics
