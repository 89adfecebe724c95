// Service "mortise.host.time/1": clocks and timers. Virtual in a test host, so use nothing else.
//
// Grant: none needed.   Open: the clocks always, timers from start() to the end of drain().
#ifndef MORTISE_SERVICES_TIME_H
#define MORTISE_SERVICES_TIME_H

#include "mortise/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HOST_TIME "mortise.host.time/1"

// Owns: the host.
typedef struct mortise_time {
  uint32_t size;
  uint32_t reserved;

  // Nanoseconds that never jump and mean nothing across a restart; the clock of mortise_call_t.now_ns. [any]
  uint64_t (*monotonic_ns)(const mortise_host_t* host);

  // Nanoseconds since 1970, UTC. May jump. [any]
  uint64_t (*unix_ns)(const mortise_host_t* host);

  // Calls `fn` on the strand after `delay_ns`, then every `period_ns`; period 0 = once. Turns that were
  // missed are not made up for. When stop() is called none is under way and none begins any more. E_LIMIT:
  // too many timers. [any & starting, any & running]
  mortise_status_t (*timer)(const mortise_host_t* host, uint64_t delay_ns, uint64_t period_ns,
                            mortise_work_fn fn, void* context, mortise_timer_t* timer);

  // Ends a timer. Called on the strand: `fn` does not begin any more. Elsewhere it may be under way. A timer
  // that has gone is E_UNKNOWN and no harm. [any]
  mortise_status_t (*cancel)(const mortise_host_t* host, mortise_timer_t timer);
} mortise_time_t;

#ifdef __cplusplus
}
#endif

#endif
