// Service "mortise.host.hooks/1": attach the tables a plugin provides, so that they are called.
//
// Grant: none for the service; attach() checks the grant of the extension.
// Open:  from start() to the end of drain().
#ifndef MORTISE_SERVICES_HOOKS_H
#define MORTISE_SERVICES_HOOKS_H

#include "mortise/abi/answer.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HOST_HOOKS "mortise.host.hooks/1"

// When an extension is to be called. What the operator's `hooks:` says about the instance wins over all of
// it.
//
// Owns: the plugin, until the call returns; copied.
typedef struct mortise_attach {
  uint32_t size;
  int32_t priority;              // lower is asked earlier; equal ones in the YAML's order
  const mortise_str_t* filters;  // topic filters, a plain array; none = every topic
  size_t filter_count;
  const uint16_t* kinds;  // actions, event types or levels, as the hook's header says; none = all it says
  size_t kind_count;
  uint32_t deadline_ms;       // for deferred answers; 0 = the operator's default
  mortise_answer_t fallback;  // MORTISE_ALLOW, DENY or PASS; MORTISE_FALLBACK = the hook's own default
} mortise_attach_t;

// Owns: the host.
typedef struct mortise_hooks {
  uint32_t size;
  uint32_t reserved;

  // Attaches the table listed under `extension`, from the moment the instance is ready or, when it is
  // running, from each loop's next turn. `how` NULL = every topic, all kinds, no wishes. The same extension
  // may be attached more than once, with other filters. E_UNKNOWN: not in the plugin's extensions, or a kind
  // this host never sends. E_INVALID: a malformed filter, or no kinds where they must be named. E_STATE: an
  // instance on the strand asks for what cannot wait. E_NOT_GRANTED. [main & starting, any & running]
  mortise_status_t (*attach)(const mortise_host_t* host, const char* extension, const mortise_attach_t* how,
                             mortise_hook_t* hook);

  // Puts `how` in place of the attachment's own, from each loop's next turn. [main & starting, any & running]
  mortise_status_t (*change)(const mortise_host_t* host, mortise_hook_t hook, const mortise_attach_t* how);

  // Ends an attachment. Calls may still begin until each loop's next turn; `done` says when none does and
  // none is under way. `done` may be NULL. Not needed at stop: the host detaches first. [any & running]
  mortise_status_t (*detach)(const mortise_host_t* host, mortise_hook_t hook, mortise_done_fn done,
                             void* context);
} mortise_hooks_t;

#ifdef __cplusplus
}
#endif

#endif
