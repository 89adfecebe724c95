/* A library that ends the process as soon as it is opened. */
#include <stdlib.h>

#include "mortise/plugin.h"

__attribute__((constructor)) static void fall(void) { abort(); }

static const mortise_descriptor_t descriptor = {.size = sizeof descriptor, .id = "org.mortise.test.falling"};
__attribute__((visibility("default")))
const mortise_plugin_entry_t mortise_plugin_entry = {MORTISE_MAGIC,
                                                     sizeof(mortise_plugin_entry_t),
                                                     MORTISE_ABI_MAJOR,
                                                     MORTISE_NEEDS_MINOR,
                                                     0,
                                                     &descriptor,
                                                     NULL,
                                                     NULL,
                                                     0};
