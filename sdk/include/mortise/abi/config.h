// A place in the configuration of an instance, as read by services/config.h.
#ifndef MORTISE_ABI_CONFIG_H
#define MORTISE_ABI_CONFIG_H

#include "mortise/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

// A node of the tree under the instance's `config:` key, after defaults, ${ENV} and ${file:...} are expanded
// and the plugin's schema has accepted it.
// Owns: the host; the tree given to configure() or prepare() lives until the commit() of a later reload has
//       returned, until the rollback() of its own, or until destroy().
typedef struct mortise_node mortise_node_t;

// What a node holds.
enum {
  MORTISE_NODE_NULL = 0,
  MORTISE_NODE_BOOLEAN = 1,
  MORTISE_NODE_INTEGER = 2,
  MORTISE_NODE_FLOAT = 3,
  MORTISE_NODE_STRING = 4,
  MORTISE_NODE_LIST = 5,
  MORTISE_NODE_MAP = 6
};

#ifdef __cplusplus
}
#endif

#endif
