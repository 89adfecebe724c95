// The log plugin's class and the schema of its settings.
//
// Thread: log_write, log_flush, timers and verbs on the strand; all else on the control thread.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <mortise/plugin.hpp>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "overrides.hpp"
#include "settings.hpp"
#include "writer.hpp"

namespace mortise::log {

inline constexpr const char* schema = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "additionalProperties": false,
  "required": ["sinks"],
  "definitions": {
    "level": {"enum": ["debug", "info", "notice", "warning", "error", "off"]}
  },
  "properties": {
    "repeats": {
      "description": "lines that come again and again are counted",
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "first": {
          "description": "how many of the same are written before the others are counted",
          "type": "integer", "minimum": 1, "maximum": 1000000, "default": 10
        },
        "within": {
          "description": "after what time a line says how many there were, 1s to 24h; 0s: every line is written",
          "type": "string", "default": "60s"
        }
      }
    },
    "sinks": {
      "description": "where lines go",
      "type": "array",
      "minItems": 1,
      "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["type"],
        "properties": {
          "type": {
            "description": "standard error, coloured on a terminal; a file; or a log daemon",
            "enum": ["console", "file", "syslog", "journald"]
          },
          "format": {"description": "for people, or one JSON object a line", "enum": ["text", "json"]},
          "path": {
            "description": "of a file; relative to the state folder",
            "type": "string",
            "minLength": 1
          },
          "socket": {
            "description": "of syslog, default /dev/log; of journald, default /run/systemd/journal/socket",
            "type": "string",
            "minLength": 1
          },
          "ident": {
            "description": "of syslog and journald: the name lines come under; default mortise",
            "type": "string"
          },
          "facility": {
            "description": "of syslog and journald; default daemon",
            "enum": ["daemon", "user", "auth", "authpriv", "cron", "syslog", "local0", "local1", "local2",
                     "local3", "local4", "local5", "local6", "local7"]
          },
          "audit": {
            "description": "takes who came and went, what was refused and what was changed, and nothing else",
            "type": "boolean", "default": false
          },
          "rotate": {
            "description": "of a file: when it becomes an archive and another is begun",
            "type": "object",
            "additionalProperties": false,
            "properties": {
              "size": {
                "description": "no file gets larger, 64KiB to 1024GiB",
                "type": ["string", "integer"], "default": "10MiB"
              },
              "age": {
                "description": "since its first line, 1m or more; absent: however old",
                "type": "string"
              },
              "keep": {
                "description": "how many archives there are at most",
                "type": "integer", "minimum": 0, "maximum": 1000, "default": 5
              }
            }
          },
          "level": {"description": "the lowest level written; default info", "$ref": "#/definitions/level"},
          "categories": {
            "description": "another level for some categories; messages is off unless it is here",
            "type": "object",
            "additionalProperties": {"$ref": "#/definitions/level"}
          }
        }
      }
    }
  }
})";

inline constexpr const char* level_schema = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["category", "level"],
  "properties": {
    "category": {
      "description": "the part of the broker, or the plugin instance, that speaks; all: each but messages",
      "type": "string", "minLength": 1, "maxLength": 64
    },
    "level": {
      "description": "the lowest level written",
      "enum": ["debug", "info", "notice", "warning", "error", "off"]
    },
    "for": {"description": "how long, 1s to 24h", "type": "string", "default": "10m"},
    "sink": {
      "description": "its number or name, as levels shows it; left out: every sink but audits",
      "type": "string", "minLength": 1
    }
  }
})";

inline constexpr const char* client_schema = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["client"],
  "properties": {
    "client": {
      "description": "its client identifier",
      "type": "string", "minLength": 1, "maxLength": 65535
    },
    "for": {"description": "how long, 1s to 24h", "type": "string", "default": "10m"},
    "sink": {
      "description": "its number or name, as levels shows it; left out: every sink but audits",
      "type": "string", "minLength": 1
    }
  }
})";

class Plugin {
 public:
  static constexpr bool attaches_itself = true;
  static constexpr const char* display_name = "log";
  static constexpr const char* licence = "Apache-2.0";
  static constexpr const char* summary =
      "writes what the broker says to the console, files, syslog and the journal";

  Plugin(host to, config from) : host_{to}, settings_{read_settings(from, to.state_dir())} {}

  void start() {
    writer_ = std::make_shared<Writer>(settings_.sinks, settings_.repeats);
    hook_ = host_.attach(MORTISE_LOG_SINK, wishes_of(settings_.sinks));
    // So that a flood that has ended is told of in a log that is quiet now.
    timer_.emplace(host_.every(std::chrono::seconds{10}, [this] { writer()->on_time(host_.unix_ns()); }));
  }

  void log_write(std::span<const mortise_log_event_t* const> events) {
    for (const mortise_log_event_t* const event : events)
      if (seen_.size() < seen_max && !seen_.contains(view(event->source))) seen_.emplace(view(event->source));
    writer()->write(events);
  }
  void log_flush() { writer()->flush(); }

  // New settings, and the files opened anew: what was renamed by a log rotation is let go.
  struct Plan {
    Settings settings;
    std::shared_ptr<Writer> writer;
  };
  Plan prepare(config from) {
    auto settings = read_settings(from, host_.state_dir());
    auto opened = std::make_shared<Writer>(settings.sinks, settings.repeats);
    return {std::move(settings), std::move(opened)};
  }
  void commit(Plan plan) {
    plan.writer->follow(*writer());
    {
      const std::lock_guard lock{mutex_};
      plan.writer->take_levels(overrides_.apply(plan.settings.sinks));
      writer_ = std::move(plan.writer);
      settings_ = std::move(plan.settings);
      ++version_;
    }
    ask_host();
  }

  // What an operator may ask; README.md, "For a time".
  static constexpr auto verbs() {
    return std::array{
        verb<Plugin>{"levels", "what each sink writes", nullptr, &Plugin::tell_levels},
        verb<Plugin>{"level", "another level of a category, for a time", level_schema, &Plugin::set_level},
        verb<Plugin>{"client", "all there is about one client, for a time", client_schema,
                     &Plugin::watch_client},
        verb<Plugin>{"reset", "ends what level and client have begun", nullptr, &Plugin::reset}};
  }
  answer tell_levels(call now, const request& asked);
  answer set_level(call now, const request& asked);
  answer watch_client(call now, const request& asked);
  answer reset(call now, const request& asked);

 private:
  static constexpr std::size_t seen_max = 256;

  // The sink an operator names, by number or name; empty if he names none.
  std::string sink_named(const config& arguments) const;
  // Puts it in force, and says so; its end is a timer's. Returns what the operator is told.
  answer begin(call now, Override wanted, const request& asked);
  void end_due();
  void tell_ends(const std::vector<Override>& ended, std::string_view why);
  // After the overrides have changed, on the strand.
  void apply();
  // Brings the host's idea of what is wanted up to date, whoever else is at it.
  void ask_host();

  std::shared_ptr<Writer> writer() {
    const std::lock_guard lock{mutex_};
    return writer_;
  }

  // What to tell an operator of whose category no line has come; empty if one has.
  std::string word_about(const std::string& category) const;

  host host_;
  mortise_hook_t hook_{};
  std::set<std::string, std::less<>> seen_;  // categories of the lines that came; on the strand
  mutable std::mutex mutex_;                 // guards what follows: of the writer the pointer only
  Settings settings_;                        // as the YAML has them
  Overrides overrides_;
  std::shared_ptr<Writer> writer_;
  std::uint64_t version_ = 0;       // of settings and overrides together
  std::optional<timer> end_timer_;  // when the next override ends
  std::optional<timer> timer_;      // ends first: it uses the others
};

}  // namespace mortise::log
