// The values everything else is built from: status, text, bytes, handles, levels.
//
// Rules for every header of the SDK, where a comment does not say otherwise:
//
// Owns:   What is passed into a call is lent until that call returns; copy what you keep, or ref() a message.
//         Neither side frees memory of the other.
// Text:   UTF-8 with a length; no NUL follows. {NULL, 0} is absent, a non-NULL pointer with size 0 is empty.
// Grows:  A struct that may grow begins with `size`, written by whoever owns the memory. Read a later field
//         only if MORTISE_HAS says so; a zero there means the same as before the field existed. Arrays of
//         such structs are arrays of pointers. A struct marked frozen never changes and is passed in plain
//         arrays. `reserved` and `spare` are written as zero and ignored when read.
// Fails:  Functions return mortise_status_t, negative for a failure, and then leave their outputs alone.
//         errno means nothing here. No exception and no longjmp crosses, in either direction.
// Thread: Each function ends its comment with the threads that call it:
//         [main]   the control thread: life cycle and reload. May wait for a moment; is never a loop.
//         [loop]   any loop of the kernel, several at once. Must not block.
//         [strand] the instance's own thread in the host: one call at a time, may block.
//         [worker] the host's pool, several at once, may block.
//         [hook]   [loop], or [strand] if the descriptor carries MORTISE_ON_STRAND.
//         [call]   the thread of the call it is used in, before that call returns.
//         [any]    every thread, several at once.
//         `& state` after a thread names the only state of the instance in which the call is legal.
// Order:  The host never calls a plugin from inside a host function; effects of calls made within a hook
//         begin after that hook has returned.
#ifndef MORTISE_ABI_TYPES_H
#define MORTISE_ABI_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "mortise/abi/version.h"

#ifdef __cplusplus
extern "C" {
#endif

// Outcome of a call. New codes may come; treat every negative one you do not know as a failure.
typedef int32_t mortise_status_t;
enum {
  MORTISE_OK = 0,
  MORTISE_E_INVALID = -1,      // an argument makes no sense; nothing was changed, a fault was counted
  MORTISE_E_UNKNOWN = -2,      // there is no such thing: service, extension, node, handle
  MORTISE_E_NOT_GRANTED = -3,  // it exists, and the operator's grants do not include it
  MORTISE_E_STATE = -4,        // not now: see the state in the function's tag
  MORTISE_E_THREAD = -5,       // not from this thread
  MORTISE_E_LATE = -6,         // the token was answered, expired or cancelled before
  MORTISE_E_BUSY = -7,         // for the moment; try again after something finished
  MORTISE_E_LIMIT = -8,        // a ceiling of this instance is reached
  MORTISE_E_MEMORY = -9,       // no memory, or none left in the budget
  MORTISE_E_IO = -10,          // the operating system failed the request
  MORTISE_E_DAMAGED = -11,     // stored data is not what was written
  MORTISE_E_INTERNAL = -12,    // a bug on the side that returns it
  MORTISE_E_END = -13,         // nothing more to read; not an error of the caller
  MORTISE_E_FULL = -14         // no room on the device; succeeds again when there is room
};

// Severity of a log line or of a finding in a report; rising. A finding uses WARNING or ERROR.
enum { MORTISE_DEBUG = 1, MORTISE_INFO = 2, MORTISE_NOTICE = 3, MORTISE_WARNING = 4, MORTISE_ERROR = 5 };

// How safe stored state is; rising, and each level includes those below.
enum {
  MORTISE_MEMORY = 0,   // known to the kernel
  MORTISE_WRITTEN = 1,  // survives the end of the process
  MORTISE_SYNCED = 2    // survives a power cut
};

// A piece of UTF-8 text. Frozen.
typedef struct mortise_str {
  const char* data;
  size_t size;  // bytes
} mortise_str_t;

// A piece of bytes. Frozen.
typedef struct mortise_bytes {
  const uint8_t* data;
  size_t size;
} mortise_bytes_t;

// Handles are values: a slot and a generation. A stale or invented one finds nothing and harms nothing.
// An id of 0 is "none". All frozen.

// One connection's client, from CONNECT to the end of that connection. Host's.
typedef struct mortise_client {
  uint64_t id;
} mortise_client_t;

// The right to answer one deferred call, once.
typedef struct mortise_token {
  uint64_t id;
} mortise_token_t;

// One attachment of an extension.
typedef struct mortise_hook {
  uint64_t id;
} mortise_hook_t;

// One timer.
typedef struct mortise_timer {
  uint64_t id;
} mortise_timer_t;

// A message: immutable, counted, readable from every thread through mortise_messages_t.
// Owns: each reference is given back with unref(); all of them before stop() returns.
typedef struct mortise_message mortise_message_t;

// What the host offers one instance: abi/host.h.
typedef struct mortise_host mortise_host_t;

// Details of an answer: abi/answer.h.
typedef struct mortise_verdict mortise_verdict_t;

// A function of the plugin that the host calls back once per request, with the `context` it was given.
typedef void (*mortise_work_fn)(void* context);

// Told once when a request has ended. `status` is negative if it failed; `level` is the durability reached,
// one of MORTISE_MEMORY to MORTISE_SYNCED, and 0 where durability does not apply. [strand]
typedef void (*mortise_done_fn)(void* context, mortise_status_t status, uint32_t level);

#ifdef __cplusplus
}
#endif

#endif
