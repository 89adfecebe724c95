// Service "mortise.host.config/1": typed reading of a configuration tree.
//
// Grant: none needed.   Open: always.   Thread: [any], as long as the tree lives (abi/config.h).
// Fails: E_UNKNOWN for a NULL node, E_INVALID for a node of another type or a value out of range. So look-ups
//        can be nested, and a missing key shows as E_UNKNOWN at the end.
#ifndef MORTISE_SERVICES_CONFIG_H
#define MORTISE_SERVICES_CONFIG_H

#include "mortise/abi/config.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HOST_CONFIG "mortise.host.config/1"

// Owns: the host.
typedef struct mortise_config {
  uint32_t size;
  uint32_t reserved;

  // The node a JSON pointer (RFC 6901) leads to from `node`; "" is `node` itself. NULL = not there. [any]
  const mortise_node_t* (*at)(const mortise_node_t* node, const char* json_pointer);

  // MORTISE_NODE_*; NULL counts as MORTISE_NODE_NULL. [any]
  uint32_t (*type)(const mortise_node_t* node);

  // Entries of a list or map; 0 for anything else. [any]
  size_t (*count)(const mortise_node_t* node);

  // Entry `index` of a list, or of a map in the order of the file; NULL = there is none. For a map `*key` is
  // set; `key` may be NULL. [any]
  const mortise_node_t* (*item)(const mortise_node_t* node, size_t index, mortise_str_t* key);

  // A boolean, as 0 or 1. [any]
  mortise_status_t (*boolean)(const mortise_node_t* node, uint8_t* out);

  // A whole number. [any]
  mortise_status_t (*integer)(const mortise_node_t* node, int64_t* out);

  // A number, whole or not. [any]
  mortise_status_t (*number)(const mortise_node_t* node, double* out);

  // A text; lives as long as the tree. [any]
  mortise_status_t (*string)(const mortise_node_t* node, mortise_str_t* out);

  // A time span in nanoseconds, from text such as "30s", "250ms", "5m", "2h", "7d". [any]
  mortise_status_t (*duration)(const mortise_node_t* node, uint64_t* out_ns);

  // A size in bytes, from text such as "64KiB", "2MiB", "1GiB", or from a whole number. Only these units, as
  // in the rest of the file: "1GB" is E_INVALID, since it could be meant either way. [any]
  mortise_status_t (*bytes)(const mortise_node_t* node, uint64_t* out);
} mortise_config_t;

#ifdef __cplusplus
}
#endif

#endif
