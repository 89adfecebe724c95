// The one symbol a plugin library exports, and the manifest behind it. All of it is constant data: the host
// reads version, wants, schema and tables without running a line of the plugin.
#ifndef MORTISE_ABI_ENTRY_H
#define MORTISE_ABI_ENTRY_H

#include "mortise/abi/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

// A service the plugin asks the operator for. Needed for services that reach beyond the instance, and only
// for those: their headers say "Grant: must be wanted". C strings. Frozen.
typedef struct mortise_want {
  const char* id;     // a service id, such as MORTISE_HOST_PUBLISH
  const char* scope;  // how much of it, by the service's own measure; NULL = all
  const char* why;    // one line for the operator who is to grant it
  uint32_t required;  // 1: without it the instance is not started; 0: service() returns E_NOT_GRANTED
  uint32_t reserved;
} mortise_want_t;

// A table the plugin provides, by id, such as MORTISE_AUTHORISE with a mortise_authorise_t. Listing a table
// is also the wish to be granted the hook. Ids are unique within a plugin; an id the host does not know is
// reported and left alone. Frozen.
typedef struct mortise_extension {
  const char* id;
  const void* table;  // constant; begins with its size
} mortise_extension_t;

// Flags of a descriptor.
enum {
  // Hooks may block: the host runs them on the instance's strand, one at a time, and turns each into a
  // deferred
  // answer by itself. Without it hooks run on the loops, several at once, and must not block.
  MORTISE_ON_STRAND = 1u << 0
};

// The manifest. C strings; those that are optional may be NULL.
typedef struct mortise_descriptor {
  uint32_t size;
  uint32_t flags;
  const char* id;       // reverse domain, such as "org.example.tokens"
  const char* version;  // semantic, such as "1.4.2"
  const char* name;     // for people; optional, as are the next four
  const char* vendor;
  const char* licence;  // SPDX expression
  const char* summary;  // one line
  const char* url;
  const char* config_schema;  // JSON Schema, draft 7, of the `config:` section; NULL = takes no configuration
  const mortise_want_t* wants;  // a plain array
  size_t want_count;
} mortise_descriptor_t;

// What mortise_plugin_entry is.
typedef struct mortise_plugin_entry {
  uint32_t magic;      // MORTISE_MAGIC
  uint32_t size;       // sizeof(mortise_plugin_entry_t)
  uint16_t abi_major;  // MORTISE_ABI_MAJOR
  uint16_t abi_minor;  // MORTISE_NEEDS_MINOR
  uint32_t reserved;
  const mortise_descriptor_t* descriptor;
  const mortise_plugin_t* plugin;
  const mortise_extension_t* extensions;  // a plain array
  size_t extension_count;
} mortise_plugin_entry_t;

// Defined by the plugin, and the only symbol its library exports.
MORTISE_EXPORT extern const mortise_plugin_entry_t mortise_plugin_entry;

#ifdef __cplusplus
}
#endif

#endif
