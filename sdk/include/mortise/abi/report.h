// Findings an operator must mend: about the configuration, or about a file of the plugin's own.
#ifndef MORTISE_ABI_REPORT_H
#define MORTISE_ABI_REPORT_H

#include "mortise/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

// One finding. Printed as "file:line:column  text; remedy".
// Owns: the plugin, until add() returns.
typedef struct mortise_finding {
  uint32_t size;
  int32_t level;  // MORTISE_ERROR: this cannot start. MORTISE_WARNING: it can, and should be known
  mortise_str_t json_pointer;  // RFC 6901, below the instance's `config:`, such as "/users/3"; the host turns
                               // it into file, line and column of the YAML. Absent = the whole instance
  mortise_str_t text;          // what is wrong, one line, no full stop
  mortise_str_t remedy;        // what to do about it; absent = the text says it
  mortise_str_t file;          // a file of the plugin's own; present = it is named in place of the YAML
  uint32_t line;               // in `file`, from 1; 0 = unknown
  uint32_t column;             // in `file`, from 1, in bytes; 0 = unknown
} mortise_finding_t;

// Collects findings during configure(), start() or prepare().
// Owns: the host; dead when the call it was given to returns.
typedef struct mortise_report {
  uint32_t size;
  uint32_t reserved;
  void* context;  // the host's
  // Adds one finding; copies it. Adding an error does not fail the call: return a failure yourself, so that
  // several findings can be told at once. [call]
  void (*add)(const struct mortise_report* report, const mortise_finding_t* finding);
} mortise_report_t;

#ifdef __cplusplus
}
#endif

#endif
