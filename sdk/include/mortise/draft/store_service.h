// Service "mortise.host.store/1", draft: how a store answers the kernel.
//
// Grant: comes with the extension MORTISE_STORE; nobody else gets it.
// Open:  from start() to the end of stop().
#ifndef MORTISE_DRAFT_STORE_SERVICE_H
#define MORTISE_DRAFT_STORE_SERVICE_H

#include "mortise/draft/store.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HOST_STORE "mortise.host.store/1"

// A file that could not be trusted and was put aside, so that the broker can start.
// Owns: the plugin, until set_aside() returns.
typedef struct mortise_set_aside {
  uint32_t size;
  uint32_t replaced;      // 1: the store starts empty; 0: it starts with what could be saved
  mortise_str_t path;     // what was damaged
  mortise_str_t kept_as;  // where it lies now, untouched
  mortise_str_t reason;   // what was found, one line
} mortise_set_aside_t;

// Owns: the host.
typedef struct mortise_host_store {
  uint32_t size;
  uint32_t reserved;

  // MORTISE_OK: every batch up to `sequence` has reached `level`, MORTISE_WRITTEN or MORTISE_SYNCED; SYNCED
  // includes WRITTEN. Both lines only rise. Negative: batch `sequence` and all above it did not reach `level`
  // and are not there; the kernel withholds their acknowledgements and offers them again, same order and
  // numbers. E_INVALID: a sequence never handed over, or a line that falls. [any]
  mortise_status_t (*durable)(const mortise_host_t* host, uint64_t sequence, uint32_t level,
                              mortise_status_t status);

  // Gives one record to a read; copied. Not OK: stop, and call done() with that status. [any]
  mortise_status_t (*emit)(const mortise_host_t* host, uint64_t request, const mortise_record_t* record);

  // Gives a plain array of deliveries to a read; copied. Not OK: as emit(). [any]
  mortise_status_t (*emit_delivery)(const mortise_host_t* host, uint64_t request,
                                    const mortise_delivery_record_t* deliveries, size_t count);

  // Ends a read or a flush, once. After a negative status of READ_ALL the broker does not start; a
  // READ_MESSAGES is asked again, with a new request. [any]
  mortise_status_t (*done)(const mortise_host_t* host, uint64_t request, mortise_status_t status);

  // Says that a damaged file was set aside. The host logs it as an error named "store.set_aside" and goes on.
  // Call it in start(), before being ready, once per file; damage found later makes health() say broken.
  // [any & starting]
  mortise_status_t (*set_aside)(const mortise_host_t* host, const mortise_set_aside_t* what);
} mortise_host_store_t;

#ifdef __cplusplus
}
#endif

#endif
