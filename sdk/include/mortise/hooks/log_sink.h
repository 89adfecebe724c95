// Hook "mortise.log-sink/1": where log lines go.
//
// Grant: listing the table asks for it.  Attach: yes; kinds are the levels wanted (MORTISE_DEBUG to
// MORTISE_ERROR; none = all), filters are the names of categories not wanted at all, such as "messages" (a
// category is the `source` of a line). A wish, not a promise: other lines may come, too. What the kernel
// builds at all is what some sink wants.
#ifndef MORTISE_HOOKS_LOG_SINK_H
#define MORTISE_HOOKS_LOG_SINK_H

#include "mortise/services/log.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_LOG_SINK "mortise.log-sink/1"

// Owns: the plugin; constant data.
typedef struct mortise_log_sink {
  uint32_t size;
  uint32_t reserved;

  // Writes lines of the whole broker, oldest first. A line logged by the sink itself while it is in here is
  // dropped and counted. Slow is allowed: what the ring cannot hold is counted in `suppressed`. [strand]
  void (*write)(void* self, const mortise_log_event_t* const* events, size_t count);

  // Puts everything written so far where it belongs before it returns: before the broker exits. NULL =
  // nothing is held back. [strand]
  void (*flush)(void* self);
} mortise_log_sink_t;

#ifdef __cplusplus
}
#endif

#endif
