/* Opens a plugin library as a host does, and prints what its entry says: "id version extension ..." */
#include <dlfcn.h>
#include <stdio.h>

#include "mortise/plugin.h"

int main(int count, char** arguments) {
  if (count != 2) return 2;
  void* library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  const mortise_plugin_entry_t* entry = dlsym(library, "mortise_plugin_entry");
  if (!entry || entry->magic != MORTISE_MAGIC || entry->size < sizeof *entry ||
      entry->abi_major != MORTISE_ABI_MAJOR || entry->abi_minor > MORTISE_ABI_MINOR) {
    fprintf(stderr, "no entry of this ABI\n");
    return 1;
  }
  printf("%s %s", entry->descriptor->id, entry->descriptor->version);
  for (size_t i = 0; i < entry->extension_count; ++i) printf(" %s", entry->extensions[i].id);
  printf("\n");
  return 0;
}
