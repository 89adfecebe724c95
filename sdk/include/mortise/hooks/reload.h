// Extension "mortise.reload/1": take new settings while running. Without it an instance is replaced by a
// fresh one when its section of the YAML changes.
//
// Grant: none needed.  Attach: no; listing the table is enough.
#ifndef MORTISE_HOOKS_RELOAD_H
#define MORTISE_HOOKS_RELOAD_H

#include "mortise/abi/config.h"
#include "mortise/abi/report.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_RELOAD "mortise.reload/1"

// With unchanged settings (SIGHUP, `mortise ctl reload-files`) each instance prepares and commits alone: read
// your own files again, reopen what you write. When the configuration is reloaded as a whole all instances
// prepare, whether or not their sections have changed; if every one of them succeeded all commit, else all
// that prepared roll back. A plugin that holds something only one instance can have, such as a port, has this
// table: without it the new instance starts while the old one still runs.
//
// Owns: the plugin; constant data. All three functions are required.
typedef struct mortise_reload {
  uint32_t size;
  uint32_t reserved;

  // Makes everything the new settings need and writes it to `*plan`, without changing what runs; hooks are
  // being called meanwhile. A failure needs at least one finding in `report` and leaves nothing behind.
  // `config` lives as abi/config.h says. [main & running]
  mortise_status_t (*prepare)(void* self, const mortise_node_t* config, const mortise_report_t* report,
                              void** plan);

  // Puts the plan in force; cannot fail. Hooks may be running on loops: publish the new state atomically.
  // Takes over `plan`. [main & running]
  void (*commit)(void* self, void* plan);

  // Forgets the plan: somebody else refused. Takes over `plan`. [main & running]
  void (*rollback)(void* self, void* plan);
} mortise_reload_t;

#ifdef __cplusplus
}
#endif

#endif
