// Service "mortise.host.log/1": structured log lines.
//
// Grant: none needed.   Open: always.   Cost: never blocks; a full ring drops and counts.
#ifndef MORTISE_SERVICES_LOG_H
#define MORTISE_SERVICES_LOG_H

#include "mortise/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HOST_LOG "mortise.host.log/1"

// Which member of a field holds its value.
enum {
  MORTISE_FIELD_TEXT = 1,      // text
  MORTISE_FIELD_INTEGER = 2,   // number.integer
  MORTISE_FIELD_UNSIGNED = 3,  // number.natural
  MORTISE_FIELD_FLOAT = 4,     // number.real
  MORTISE_FIELD_BOOLEAN = 5    // number.natural: 0 or 1
};

// A named value of a log line. Frozen.
typedef struct mortise_field {
  mortise_str_t key;  // snake_case: client, user, topic, address, ...
  uint32_t type;      // MORTISE_FIELD_*
  uint32_t reserved;
  union {
    int64_t integer;
    uint64_t natural;
    double real;
  } number;
  mortise_str_t text;
} mortise_field_t;

// One log line.
// Owns: whoever passes it, until that call returns.
typedef struct mortise_log_event {
  uint32_t size;
  int32_t level;                  // MORTISE_DEBUG to MORTISE_ERROR
  uint64_t unix_ns;               // wall time; a plugin that writes leaves 0 and the host fills it
  uint64_t suppressed;            // lines lost before this one; filled by the host
  mortise_str_t source;           // instance or room it comes from; filled by the host
  mortise_str_t event;            // a stable name for machines, such as "client.denied"
  mortise_str_t text;             // for people, one line
  const mortise_field_t* fields;  // a plain array
  size_t field_count;
} mortise_log_event_t;

// Owns: the host.
typedef struct mortise_log {
  uint32_t size;
  uint32_t reserved;

  // The lowest level anybody reads; ask before building fields for less. May change at any time. [any]
  int32_t (*level)(const mortise_host_t* host);

  // Writes one line; copied. [any]
  void (*write)(const mortise_host_t* host, const mortise_log_event_t* event);
} mortise_log_t;

#ifdef __cplusplus
}
#endif

#endif
