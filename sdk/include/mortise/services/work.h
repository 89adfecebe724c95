// Service "mortise.host.work/1": run something elsewhere than on a loop.
//
// Grant: none needed.   Open: from start() to the end of drain(), which waits for all of it.
#ifndef MORTISE_SERVICES_WORK_H
#define MORTISE_SERVICES_WORK_H

#include "mortise/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HOST_WORK "mortise.host.work/1"

// Owns: the host. An OK means that `fn` runs exactly once with `context`, before stop() is called; a failure
// that it never runs.
typedef struct mortise_work {
  uint32_t size;
  uint32_t reserved;

  // Runs `fn` on the host's worker pool: several at once, may block, no order. E_LIMIT: the queue is full.
  // [any]
  mortise_status_t (*submit)(const mortise_host_t* host, mortise_work_fn fn, void* context);

  // Runs `fn` on the instance's strand, in the order posted. E_LIMIT: the queue is full. [any]
  mortise_status_t (*post)(const mortise_host_t* host, mortise_work_fn fn, void* context);
} mortise_work_t;

#ifdef __cplusplus
}
#endif

#endif
