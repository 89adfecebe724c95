// The life of an instance, as functions the plugin provides.
//
//   create -> configure -> start -> (hooks run) -> drain -> stop -> destroy
//
// `mortise check` goes as far as configure() and then calls destroy(). A failure at any step is followed by
// the undoing of the steps before it: configure() failed -> destroy(); start() failed -> stop(), destroy().
#ifndef MORTISE_ABI_PLUGIN_H
#define MORTISE_ABI_PLUGIN_H

#include "mortise/abi/answer.h"
#include "mortise/abi/config.h"
#include "mortise/abi/report.h"

#ifdef __cplusplus
extern "C" {
#endif

// Owns: the plugin; constant data. create, start, stop and destroy are required; the others may be NULL.
typedef struct mortise_plugin {
  uint32_t size;
  uint32_t reserved;

  // Makes an instance and writes it to `*self`, which every other function is given. Only the services
  // config, log and time are open. Start no thread and open no file. A failure ends here: destroy() is not
  // called. [main]
  mortise_status_t (*create)(const mortise_host_t* host, void** self);

  // Checks and keeps the settings. The schema has accepted them already, so look at what a schema cannot say.
  // No side effects: `mortise check` runs this too. A failure needs at least one finding in `report`.
  // Called once; `config` is NULL if the YAML has no such section. NULL = there is nothing to configure.
  // [main & created]
  mortise_status_t (*configure)(void* self, const mortise_node_t* config, const mortise_report_t* report);

  // Opens files, connects, attaches hooks. ALLOW = ready. PENDING (after defer) = ready when the token is
  // answered ALLOW; listeners wait for it. DENY or anything else = failed, and the report says why. What was
  // attached begins to be called when the instance is ready. [main & configured]
  mortise_answer_t (*start)(void* self, mortise_call_t* call, const mortise_report_t* report);

  // Finishes what is owed: the hooks are detached and no loop is inside one. Tokens may still be answered,
  // timers still fire. ALLOW = done; PENDING (after defer) = done when the token is answered. At the deadline
  // the rest is cancelled. NULL = nothing is ever owed. [main & running]
  mortise_answer_t (*drain)(void* self, mortise_call_t* call);

  // Joins every thread of the plugin, closes every file, gives every message back. No call to the host after
  // this has returned. [main & started]
  void (*stop)(void* self);

  // Frees the instance. [main & stopped]
  void (*destroy)(void* self);

  // A token of this instance, from defer() in a hook, is void; `why` is one of MORTISE_CANCEL_*. Answering it
  // now returns E_LATE. NULL = does not care. [hook]
  void (*cancelled)(void* self, mortise_token_t token, uint32_t why);
} mortise_plugin_t;

#ifdef __cplusplus
}
#endif

#endif
