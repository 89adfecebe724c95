// Service "mortise.host.publish/1": publish as the plugin itself.
//
// Grant: must be wanted; the scope is a topic filter, and a topic outside of it is E_NOT_GRANTED.
// Open:  while the instance is running, and in drain(), which waits for `done` before it answers: what is still
//        under way then is cancelled. Before and after that publish() returns E_STATE, and while the broker
//        stops: nobody is left to publish to.
#ifndef MORTISE_SERVICES_PUBLISH_H
#define MORTISE_SERVICES_PUBLISH_H

#include "mortise/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HOST_PUBLISH "mortise.host.publish/1"

// How to publish.
// Owns: the plugin, until publish() returns.
typedef struct mortise_publish {
  uint32_t size;
  uint32_t level;  // when `done` is called: MORTISE_MEMORY = routed; above that, when the message and
                   // all its stored deliveries are that durable, or as durable as the topic's class asks
  mortise_done_fn done;  // NULL = does not care. OK and the level reached. E_FULL: the store takes nothing
                         // new at present, and nothing was published. E_STATE: the instance stopped first,
                         // and how far it came is not known
  void* context;
} mortise_publish_t;

// Owns: the host.
typedef struct mortise_publisher {
  uint32_t size;
  uint32_t reserved;

  // Publishes a message to its subscribers; nobody authorises or intercepts it. A message published from
  // within a hook that is shown a message, or from work the hook submitted or posted, is one hop further than
  // that message; of a batch of events the furthest counts. The ninth hop is E_LIMIT: it is dropped, counted
  // as lost for "<instance>.hops" and as a fault. The caller keeps its reference. After an OK `done` is
  // called exactly once, before stop() is. `how` NULL = level MEMORY, nobody is told. E_BUSY: too many under
  // way, wait for a done. E_STATE: a level above MEMORY without a store, too. [any & running]
  mortise_status_t (*publish)(const mortise_host_t* host, mortise_message_t* message,
                              const mortise_publish_t* how);
} mortise_publisher_t;

#ifdef __cplusplus
}
#endif

#endif
