// Extension "mortise.control/1": verbs of the plugin's own in `mortise ctl <instance> <verb> ...`.
//
// Grant: none needed; whoever may ask on the control socket is the operator.  Attach: no; listing the table
// is enough.
#ifndef MORTISE_HOOKS_CONTROL_H
#define MORTISE_HOOKS_CONTROL_H

#include "mortise/abi/answer.h"
#include "mortise/abi/config.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_CONTROL "mortise.control/1"

// What an answer may take; more is a fault. Lists that may be longer need an argument that bounds them.
#define MORTISE_CONTROL_DATA_MAX (4u * 1024 * 1024)  // bytes of mortise_verdict_t.data
#define MORTISE_CONTROL_DEPTH_MAX 16                 // maps and lists within each other

// mortise_verdict_t.reason_code with DENY: who asked has to write something else, as no schema could say.
// 0 = it was asked rightly and could not be done. ctl's exit code is 2 for the one and 1 for the other.
#define MORTISE_CONTROL_WRONG 1

// One verb. C strings. Frozen.
typedef struct mortise_command {
  const char* verb;     // lower case letters, digits and hyphens, a letter first; not "help"
  const char* summary;  // one line, for the list of verbs
  // JSON Schema, draft 7, of a map; its `properties` are the arguments. Those that were not named are given
  // by bare words, in the order they stand in here. NULL = takes no arguments.
  const char* arguments_schema;
} mortise_command_t;

// What an operator has asked for.
// Owns: the host, until run() returns; copy what a later answer needs.
typedef struct mortise_request {
  uint32_t size;
  uint32_t command;                 // index in mortise_control_t.commands
  const mortise_node_t* arguments;  // a map that the schema accepts, with its defaults; never NULL
  mortise_str_t caller;             // for a log line: "uid 0"
} mortise_request_t;

// Owns: the plugin; constant data. All of it is required.
typedef struct mortise_control {
  uint32_t size;
  uint32_t reserved;
  const mortise_command_t* commands;  // a plain array
  size_t command_count;

  // Does what was asked, and may block for a moment: the operator waits, and so does all else on the strand.
  // What takes longer takes a token, whose deadline is the operator's patience, and returns PENDING; after
  // the deadline it may go on, and should say in the log how it ended. Two requests may be pending at once.
  // Takes ALLOW (done; verdict.data is the answer), DENY (verdict.reason_string says why not,
  // verdict.remedy what to do), FALLBACK and PENDING. [strand & running]
  mortise_answer_t (*run)(void* self, mortise_call_t* call, const mortise_request_t* request);
} mortise_control_t;

#ifdef __cplusplus
}
#endif

#endif
