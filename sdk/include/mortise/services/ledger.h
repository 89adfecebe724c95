// Service "mortise.host.ledger/1": nothing is lost without a reason and a count.
//
// Grant: none needed.   Open: reason() in start(), lose() from then to the end of stop().
#ifndef MORTISE_SERVICES_LEDGER_H
#define MORTISE_SERVICES_LEDGER_H

#include "mortise/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HOST_LEDGER "mortise.host.ledger/1"

// Owns: the host.
typedef struct mortise_ledger {
  uint32_t size;
  uint32_t reserved;

  // Makes a reason of this plugin's own and writes its number to `*loss`, for verdict.loss and lose(). `name`
  // is snake_case and shows as "<instance>.<name>"; `help` is one line. Both are copied. The same name gives
  // the same number. E_LIMIT: the instance has 128 already. [main & starting]
  mortise_status_t (*reason)(const mortise_host_t* host, const char* name, const char* help, uint32_t* loss);

  // Counts messages the plugin had taken over and gave up, and their payload bytes. Not for a DROP or DENY
  // answer, which the kernel counts itself. [any]
  void (*lose)(const mortise_host_t* host, uint32_t loss, uint64_t messages, uint64_t bytes);
} mortise_ledger_t;

#ifdef __cplusplus
}
#endif

#endif
